"""May this person do this, here, now: the answer, on record before anybody acts on it.

    verdict = access.check(current, service, canonical, now)
    if verdict.allowed: …

An answer that could not be recorded is not given: the caller gets StoreUnavailable instead.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from audit.gathering import OverfullError
from audit.ledger import Ledger
from audit.record import Actor, Json
from gateway.access.canonical import Canonical, policy_object
from gateway.access.catalogue import Catalogue
from gateway.access.identity_headers import Person
from gateway.access.networks import Networks
from gateway.access.policy_point import PolicyPoint
from gateway.access.refusals import LogBusy, StoreUnavailable
from gateway.access.service import OTHER_ZONE, Service
from policies import recorded
from policies.decision import Decision, Outcome, Request
from policies.engine import CompiledEngine

FRESH_NEEDED = recorded.FRESH
"""The place wants a proof of identity that was given for this service minutes ago at most."""

Proved: TypeAlias = Callable[[UUID, str, datetime], datetime | None]
"""When a session confirmed a service last, by the session's id and the service's slug."""

_EVENTS: Mapping[Outcome, str] = {outcome: name for name, outcome in recorded.EVENTS.items()}
_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer, as recorded.

    `reason` is a code of `policies.decision.Reason`, or one of the catalogue's;
    `decision_id` 32 hexadecimal digits, by which an officer finds the record; `version` the
    policy version, empty if a service was shut before any policy was asked; `grants` names the
    temporary grants that counted beside it, if there were any.
    """

    outcome: Outcome
    reason: str
    decision_id: str
    rules: tuple[str, ...]
    version: str
    service: Service
    strength_needed: int = 0
    grants: str = ""
    fresh_minutes: int = 0
    """Not 0: how many minutes old a proof for this service may be at most."""

    @property
    def allowed(self) -> bool:
        """Whether the request may pass."""
        return self.outcome is Outcome.ALLOW


@dataclass(frozen=True, slots=True)
class _Answer:
    outcome: Outcome
    reason: str
    rules: tuple[str, ...] = ()
    version: str = ""
    strength_needed: int = 0
    grants: str = ""
    question: Mapping[str, Json] = field(default_factory=dict)


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
        self._record(verdict, answer.question, current, canonical, now, address)
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
        return _of(decision, recorded.question(engine, request))

    def _record(
        self,
        verdict: Verdict,
        question: Mapping[str, Json],
        current: Person,
        canonical: Canonical,
        now: datetime,
        address: str | None,
    ) -> None:
        details: dict[str, Json] = {
            "method": canonical.method,
            "path": canonical.path,
            "has_query": bool(canonical.query),
        }
        if question:
            details[recorded.QUESTION] = question
        if verdict.strength_needed:
            details[recorded.NEEDS] = verdict.strength_needed
        if verdict.fresh_minutes:
            details["fresh_minutes"] = verdict.fresh_minutes
        if verdict.grants:
            details["grants"] = verdict.grants
        actor = Actor(
            subject=current.subject,
            session=current.session_ref,
            unit=current.unit,
            address=address,
        )
        try:
            self._ledger.append(
                _EVENTS[verdict.outcome],
                actor=actor,
                now=now,
                object=policy_object(verdict.service.slug, canonical),
                outcome="success" if verdict.allowed else "denied",
                reason=verdict.reason,
                service=verdict.service.slug,
                decision=verdict.decision_id,
                policy=verdict.version or None,
                rules=verdict.rules,
                details=details,
            )
        except OverfullError as error:
            raise LogBusy from error
        except SQLAlchemyError as error:
            raise StoreUnavailable from error


def _of(decision: Decision, question: Mapping[str, Json]) -> _Answer:
    return _Answer(
        decision.outcome,
        str(decision.reason),
        decision.rules,
        decision.version,
        decision.strength_needed,
        decision.grants,
        question,
    )


def _home(service: Service) -> Canonical:
    return Canonical(
        method="GET", scheme="https", host=service.host, port=443, path="/", segments=()
    )
