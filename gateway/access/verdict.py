"""The answer to a request, and the entry of the log that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.record import Actor, Json
from gateway.access.canonical import Canonical, policy_object
from gateway.access.identity_headers import Person
from gateway.access.service import Service
from policies import recorded, recorded_acts
from policies.acts import Act, Barred
from policies.decision import Outcome

_EVENTS: Mapping[Outcome, str] = {outcome: name for name, outcome in recorded.EVENTS.items()}


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
    barred: Barred | None = None
    """What the same person did to the same record before, if that is what bars the request."""

    @property
    def allowed(self) -> bool:
        """Whether the request may pass."""
        return self.outcome is Outcome.ALLOW


@dataclass(frozen=True, slots=True)
class Decided:
    """What the record of a decision holds beside the answer."""

    question: Mapping[str, Json]
    current: Person
    canonical: Canonical
    now: datetime
    address: str | None
    acts: tuple[Act, ...]

    def of(self, verdict: Verdict) -> dict[str, Any]:
        """Return the entry of an answer."""
        actor = Actor(
            subject=self.current.subject,
            session=self.current.session_ref,
            unit=self.current.unit,
            address=self.address,
        )
        return {
            "name": _EVENTS[verdict.outcome],
            "actor": actor,
            "now": self.now,
            "object": policy_object(verdict.service.slug, self.canonical),
            "outcome": "success" if verdict.allowed else "denied",
            "reason": verdict.reason,
            "service": verdict.service.slug,
            "decision": verdict.decision_id,
            "policy": verdict.version or None,
            "rules": verdict.rules,
            "details": self._details(verdict),
        }

    def _details(self, verdict: Verdict) -> dict[str, Json]:
        details: dict[str, Json] = {
            "method": self.canonical.method,
            "path": self.canonical.path,
            "has_query": bool(self.canonical.query),
        }
        if self.question:
            details[recorded.QUESTION] = self.question
        if verdict.strength_needed:
            details[recorded.NEEDS] = verdict.strength_needed
        if verdict.fresh_minutes:
            details["fresh_minutes"] = verdict.fresh_minutes
        if verdict.grants:
            details["grants"] = verdict.grants
        if self.acts:
            details[recorded_acts.ACTS] = [[each.act, each.record] for each in self.acts]
        if verdict.barred is not None:
            details[recorded_acts.BARRED] = recorded_acts.kept(verdict.barred)
        return details
