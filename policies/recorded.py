"""A decision as the log keeps it: everything it was made of, so that it can be made again.

The record's own fields hold the person, the object, the time and the answer. What else the
engine was told stands under `q` in the details, by the names of the model's request:

    {"act": "GET", "auth": 2, "cat": "cat:none", "clr": 2, "cls": 1, "net": "lan", "now": 1782…,
     "as": ["role:staff", "unit:finance"], "lent": ["p, person:…"]}

`as` are the groups the person counted as, of those that rules speak of, inherited ones and
pairs included; it is missing if the engine did not know the person or the zone. `lent` are the
person's temporary grants. With these and the version's rules the decision follows, whoever has
since moved, been promoted or left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from policies.compiled import CompiledEngine
from policies.decision import Decision, Outcome, Reason, Request
from policies.memberships import Memberships
from policies.recorded_acts import APART
from policies.rules import RuleSet
from policies.vocabulary import ANY, MAX_OBJECT, ZONES, is_role, is_unit

Json: TypeAlias = str | int | list[str]

EVENTS: Final[Mapping[str, Outcome]] = {
    "decision.allowed": Outcome.ALLOW,
    "decision.denied": Outcome.DENY,
    "decision.step_up": Outcome.STEP_UP,
}
QUESTION: Final = "q"
NEEDS: Final = "needs"
"""In the details of a step-up: the strength asked for."""
FRESH: Final = "fresh_proof_needed"
"""The reason recorded where the rules allowed and the place wanted a fresh proof besides."""
_KEPT_OF_LONG = 256  # characters the log keeps of a longer text; longer than any rule's object


class NotReplayable(Exception):
    """The record does not hold what the decision was made of; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One decision of the log.

    Attributes:
        decision_id: 32 hexadecimal digits.
        at: when it was recorded, RFC 3339.
        held: the groups the person counted as; None if the engine did not know the person.
        lent: the person's temporary grants.
    """

    decision_id: str
    at: str
    service: str
    request: Request
    decision: Decision
    held: frozenset[str] | None
    lent: RuleSet

    def memberships(self) -> Memberships:
        """Return memberships under which the person counts as exactly what the record says."""
        # A pair follows from its parts, which are recorded with it.
        who, zone = self.request.subject, self.request.zone
        if self.held is None:
            return Memberships()
        roles = tuple((who, name, zone) for name in sorted(self.held) if is_role(name))
        units = tuple((who, name) for name in sorted(self.held) if is_unit(name))
        if not roles and not units:
            # Somebody of no group that matters here is known all the same: by a role elsewhere.
            # Nobody else gets one: an officer may hold nothing beside the office.
            roles = tuple((who, "role:known", other) for other in sorted(ZONES - {zone}))
        return Memberships(roles, units)


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded decision and what the same rules say again."""

    recorded: Recorded
    again: Decision

    @property
    def is_same(self) -> bool:
        """Whether outcome, reason, every rule, version and grants are those of the record."""
        return self.recorded.decision == self.again


def question(engine: CompiledEngine, request: Request) -> dict[str, Json]:
    """Return what the record keeps of a request beside its own fields (`q`)."""
    kept: dict[str, Json] = {
        "act": request.action,
        "auth": request.strength,
        "cat": request.category,
        "clr": request.clearance,
        "cls": request.classification,
        "net": request.network,
        "now": request.now,
    }
    if request.subject in engine.people and request.zone in ZONES:
        held = engine.subjects_of(request.subject, request.zone)
        kept["as"] = sorted(held - {ANY, request.subject})
        if lent := engine.lent_to(request.subject):
            kept["lent"] = [rule.line for rule in lent]
    return kept


def read(body: bytes) -> Recorded | None:
    """Return the decision an entry's body holds; None if it is about something else.

    Raises:
        NotReplayable: it is a decision, but no policy was asked (the catalogue had the service
            shut), or it is from before the log kept what decisions are made of.
    """
    entry = json.loads(body)
    if entry["ev"] not in EVENTS:
        return None
    if "pv" not in entry:
        raise NotReplayable(f"no rules were asked: {entry.get('why', '')}")
    details = entry.get("d", {})
    asked = details.get(QUESTION)
    if not isinstance(asked, dict):
        raise NotReplayable("the record is older than the log's account of what was asked")
    held = asked.get("as")
    return Recorded(
        decision_id=entry["did"],
        at=entry["ts"],
        service=entry.get("svc", ""),
        request=_request(entry, asked),
        decision=_decision(entry, details),
        held=None if held is None else frozenset(held),
        lent=RuleSet.parse("\n".join(asked.get("lent", ()))),
    )


def replay(recorded: Recorded, rules: RuleSet) -> Replay:
    """Decide again by the rules of the record's version, as the person was then.

    Raises:
        NotReplayable: these are the rules of another version.
    """
    if rules.version != recorded.decision.version:
        raise NotReplayable(f"decided by {recorded.decision.version}, not {rules.version}")
    engine = CompiledEngine(rules, recorded.memberships()).with_grants(recorded.lent)
    again = engine.decide(recorded.request)
    # The name of the grants is that of everybody's; only the person's own could count.
    return Replay(recorded, again.named(version=again.version, grants=recorded.decision.grants))


def _request(entry: Mapping[str, Any], asked: Mapping[str, Any]) -> Request:
    return Request(
        subject=entry["sub"],
        zone=entry["zone"],
        object=_object(entry),
        action=asked["act"],
        strength=asked["auth"],
        now=asked["now"],
        category=asked["cat"],
        classification=asked["cls"],
        clearance=asked["clr"],
        network=asked["net"],
    )


def _object(entry: Mapping[str, Any]) -> str:
    """Return an object that means the same to every rule as the one that was decided.

    Of a longer path the log keeps the first 256 characters, its length and hash. No rule's
    object has more than 240, so what follows could tell no two rules apart.
    """
    kept = entry["obj"]
    if isinstance(kept, str):
        return kept
    length = min(int(kept["len"]), MAX_OBJECT + 1)
    if entry.get("why") == Reason.MALFORMED and length <= MAX_OBJECT:
        raise NotReplayable("what was wrong with the path lies beyond the part that is kept")
    return str(kept["pre"]) + "x" * (length - _KEPT_OF_LONG)


def _decision(entry: Mapping[str, Any], details: Mapping[str, Any]) -> Decision:
    rules = entry.get("rules", [])
    if not isinstance(rules, list):
        raise NotReplayable("so many rules matched that the record keeps only their hash")
    by_rules = entry["why"] not in (FRESH, APART)
    return Decision(
        outcome=EVENTS[entry["ev"]] if by_rules else Outcome.ALLOW,
        reason=Reason(entry["why"]) if by_rules else Reason.ALLOWED,
        rules=tuple(rules),
        version=entry["pv"],
        strength_needed=details.get(NEEDS, 0),
        grants=details.get("grants", ""),
    )
