"""The desk's rules at work, from the database of the zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from gateway.access.policy_point import PolicyPoint
from gateway.identity import people
from gateway.identity.registry import Registry
from gateway.refusals import Refused
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of
from policies import disagreements, versions, workers
from policies.disagreements import Disagreement, DisagreementUnknown
from policies.versions import Version
from policies.workers import Convergence

_PERSON = "person:"


class DisagreementNotOpen(Refused):
    """Somebody else settled it meanwhile, or it never was."""

    code: ClassVar[str] = "disagreement_not_open"


@dataclass(frozen=True, kw_only=True)
class EngineFront:
    """Fulfils `gateway.web.desk_engine.EngineDesk`."""

    registry: Registry
    policy: PolicyPoint

    def convergence(self, *, now: datetime) -> Convergence:
        """Every worker against the version in force."""
        with self.registry.store.reading() as session:
            return workers.convergence(session, now=now, age=self.policy.age)

    def longest_silence(self) -> timedelta:
        """The age of a worker's lease."""
        return self.policy.age

    def published(self) -> Sequence[Version]:
        """Every publication, authors by name."""
        with self.registry.store.reading() as session:
            found = versions.history(session)
        return [replace(each, author=self.named(each.author)) for each in found]

    def disagreements(self) -> Sequence[Disagreement]:
        """The open ones first."""
        with self.registry.store.reading() as session:
            found = disagreements.listed(session)
        return [
            replace(each, closed_by=self.named(each.closed_by), evidence=self._told(each))
            for each in found
        ]

    def disagreements_open(self) -> int:
        """How many are open."""
        with self.registry.store.reading() as session:
            return disagreements.open_count(session)

    def close_disagreement(self, person: SignedIn, ref: str, *, why: str, visit: Visit) -> None:
        """Close one. Raises DisagreementNotOpen."""
        try:
            with self.registry.ledger.begin() as tx:
                disagreements.close(tx, ref, actor=actor_of(person, visit), why=why, now=visit.now)
        except DisagreementUnknown as unknown:
            raise DisagreementNotOpen(ref) from unknown

    def _told(self, found: Disagreement) -> Mapping[str, Any]:
        """The evidence with the name of the person it is about."""
        asked = found.evidence["request"]
        return {**found.evidence, "request": {"name": self.named(asked["sub"]), **asked}}

    def named(self, who: str) -> str:
        """The name behind `person:<uuid>`; `operator:root` and its like stay as they are."""
        if not who.startswith(_PERSON):
            return who
        found = people.by_id(self.registry, UUID(who.removeprefix(_PERSON)))
        return who if found is None else found.name
