"""May this person do this, here, now: the answer, on record before anybody acts on it.

    verdict = access.check(current, service, canonical, now)
    if verdict.allowed: …

An answer that could not be recorded is not given: the caller gets StoreUnavailable instead.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from audit.gathering import OverfullError
from audit.ledger import Ledger
from audit.record import Json
from gateway.access import hands
from gateway.access.canonical import Canonical, policy_object
from gateway.access.catalogue import Catalogue
from gateway.access.identity_headers import Person
from gateway.access.networks import Networks
from gateway.access.policy_point import PolicyPoint
from gateway.access.refusals import LogBusy, StoreUnavailable
from gateway.access.service import OTHER_ZONE, Service
from gateway.access.verdict import Decided, Verdict
from policies import recorded, recorded_acts
from policies.decision import Decision, Outcome, Request
from policies.duties import Duty
from policies.engine import CompiledEngine

__all__ = ["FRESH_NEEDED", "Access", "Proved", "Verdict"]

FRESH_NEEDED = recorded.FRESH
"""The place wants a proof of identity that was given for this service minutes ago at most."""

Proved: TypeAlias = Callable[[UUID, str, datetime], datetime | None]
"""When a session confirmed a service last, by the session's id and the service's slug."""

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Answer:
    outcome: Outcome
    reason: str
    rules: tuple[str, ...] = ()
    version: str = ""
    strength_needed: int = 0
    grants: str = ""
    question: Mapping[str, Json] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()


def _never(_session_id: UUID, _slug: str, _now: datetime) -> datetime | None:
    return None


class Access:
    """Decides on services of one zone, and records what it decided."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        policy: PolicyPoint,
        catalogue: Catalogue,
        zone: str,
        networks: Networks,
        proved: Proved = _never,
    ) -> None:
        """`proved` knows the fresh proofs; without it places that want one stay shut."""
        self._ledger = ledger
        self._policy = policy
        self._catalogue = catalogue
        self._zone = zone
        self._networks = networks
        self._proved = proved

    def check(
        self,
        current: Person,
        service: Service,
        canonical: Canonical,
        now: datetime,
        *,
        address: str | None = None,
    ) -> Verdict:
        """Decide and record.

        `address` is where the person comes from: its network counts, and it is recorded as a
        commitment.

        Raises:
            PolicyUnavailable, StoreUnavailable, LogBusy: there is no decision, so nobody passes.
        """
        network = self._networks.kind(address)
        answer = self._answer(current, service, canonical, now, network)
        wanted = service.label(canonical.method, canonical.path).fresh_minutes or 0
        stale = answer.outcome is Outcome.ALLOW and not self._is_fresh(
            current, service, timedelta(minutes=wanted), now
        )
        verdict = Verdict(
            outcome=Outcome.STEP_UP if stale else answer.outcome,
            reason=FRESH_NEEDED if stale else answer.reason,
            decision_id=secrets.token_hex(_ID_BYTES),
            rules=answer.rules,
            version=answer.version,
            service=service,
            strength_needed=answer.strength_needed,
            grants=answer.grants,
            fresh_minutes=wanted,
        )
        acts = (
            hands.acts(current, service, canonical, answer.duties)
            if verdict.allowed and (service.acts or answer.duties)
            else ()
        )
        entry = Decided(answer.question, current, canonical, now, address, acts)
        with _refusing():
            if acts:
                return self._in_turn(verdict, entry, answer.duties)
            self._ledger.append(**entry.of(verdict))
        return verdict

    def _in_turn(self, verdict: Verdict, entry: Decided, duties: tuple[Duty, ...]) -> Verdict:
        """Hold an allowed act against what the person did before; write both down, or neither."""
        with self._ledger.begin() as tx:
            found = hands.take(
                tx, entry.current, entry.acts, duties, decision=verdict.decision_id, now=entry.now
            )
            if found is not None:
                verdict = replace(
                    verdict, outcome=Outcome.DENY, reason=recorded_acts.APART, barred=found
                )
            tx.record(**entry.of(verdict))
        return verdict

    def _is_fresh(
        self, current: Person, service: Service, within: timedelta, now: datetime
    ) -> bool:
        """Whether the session confirmed this very service within so long; so it did for nothing."""
        if not within:
            return True
        at = self._proved(current.session_id, service.slug, now)
        return at is not None and timedelta(0) <= now - at < within

    def stands(
        self,
        current: Person,
        service: Service,
        canonical: Canonical,
        now: datetime,
        *,
        address: str | None,
    ) -> bool:
        """Tell whether what was allowed a moment ago still is; nothing is recorded anew."""
        network = self._networks.kind(address)
        return self._answer(current, service, canonical, now, network).outcome is Outcome.ALLOW

    @property
    def networks(self) -> frozenset[str]:
        """The classes of the networks that people are sure to come from."""
        return self._networks.kinds

    def network_of(self, address: str | None) -> str:
        """Return the class of the network that an address lies in."""
        return self._networks.kind(address)

    def visible(
        self, current: Person, now: datetime, *, network: str, shut_too: bool = False
    ) -> tuple[Service, ...]:
        """Return the services whose first page this person may see, a stronger sign-in included.

        For the portal; nothing is recorded, for nothing was asked for. A service that is shut
        is left out, unless the portal wants to say so (`shut_too`). Raises PolicyUnavailable.
        """
        engine = self._policy.engine(at=current.epoch)
        return tuple(
            each
            for each in self._catalogue.all()
            if each.zone == self._zone
            and (shut_too or each.closed(now) is None)
            and self._ask(engine, current, each, _home(each), now, network).outcome
            is not Outcome.DENY
        )

    def _answer(
        self, current: Person, service: Service, canonical: Canonical, now: datetime, network: str
    ) -> _Answer:
        if service.zone != self._zone:
            return _Answer(Outcome.DENY, OTHER_ZONE)
        shut = service.closed(now)
        if shut is not None:
            return _Answer(Outcome.DENY, shut)
        engine = self._policy.engine(at=current.epoch)
        return self._ask(engine, current, service, canonical, now, network)

    def _ask(
        self,
        engine: CompiledEngine,
        current: Person,
        service: Service,
        canonical: Canonical,
        now: datetime,
        network: str,
    ) -> _Answer:
        label = service.label(canonical.method, canonical.path)
        # HEAD is GET without its body (RFC 9110, 9.3.2): whoever may not read may not look.
        action = "GET" if canonical.method == "HEAD" else canonical.method
        request = Request(
            subject=current.subject,
            zone=self._zone,
            object=policy_object(service.slug, canonical),
            action=action,
            strength=current.strength,
            now=int(now.timestamp()),
            category=label.category,
            classification=label.classification,
            clearance=current.clearance,
            network=network,
        )
        decision = self._policy.decide(engine, request)
        return _of(engine, decision, recorded.question(engine, request))


@contextmanager
def _refusing() -> Iterator[None]:
    """A decision that is not on record is none."""
    try:
        yield
    except OverfullError as error:
        raise LogBusy from error
    except SQLAlchemyError as error:
        raise StoreUnavailable from error


def _of(engine: CompiledEngine, decision: Decision, question: Mapping[str, Json]) -> _Answer:
    return _Answer(
        decision.outcome,
        str(decision.reason),
        decision.rules,
        decision.version,
        decision.strength_needed,
        decision.grants,
        question,
        engine.published.duties_on_records,
    )


def _home(service: Service) -> Canonical:
    return Canonical(
        method="GET", scheme="https", host=service.host, port=443, path="/", segments=()
    )
