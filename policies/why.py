"""The complete explanation of a decision, for the person refused and for the officer.

It reads every rule with the model's own conditions, so it takes about a second at 110,000
rules. It is no part of deciding: what it finds is laid beside the engine's decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from policies.compiled import CompiledEngine
from policies.decision import Decision, Outcome, Reason, Request
from policies.fixes import Step, shortest
from policies.nearness import NearMiss, see
from policies.rules import Rule

NEAREST = 10
"""Near rules kept: nobody reads more."""

_NOT_UNDERSTOOD = frozenset({Reason.MALFORMED, Reason.UNKNOWN_SUBJECT, Reason.UNKNOWN_ZONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a request was decided as it was.

    Attributes:
        decision: what the engine answers.
        matched: every rule whose every condition holds, denies first.
        nearest: unless allowed, the allows that came nearest, with what failed; those with
            the fewest failed conditions first, often exactly one.
        fix: unless allowed, the fewest steps to an allowance; empty if none helps, as for an
            unknown person or against carrying data down.
    """

    request: Request
    decision: Decision
    matched: tuple[Rule, ...] = ()
    nearest: tuple[NearMiss, ...] = ()
    fix: tuple[Step, ...] = ()


def explain(engine: CompiledEngine, request: Request) -> Explanation:
    """Return every rule that matched, the nearest that did not, and the shortest fix."""
    decision = engine.decide(request)
    if decision.reason in _NOT_UNDERSTOOD:
        return Explanation(request=request, decision=decision)
    seen = see(request, engine.rules, engine.memberships)
    found = [NearMiss(rule, seen.failed(rule)) for rule in engine.rules.rules]
    matched = sorted((miss.rule for miss in found if not miss.failed), key=_denies_first)
    if decision.outcome is Outcome.ALLOW:
        return Explanation(request=request, decision=decision, matched=tuple(matched))
    allows = [miss for miss in found if miss.rule.allows]
    allows.sort(key=lambda miss: (len(miss.failed), miss.rule.id))
    nearest = (miss for miss in allows if miss.failed)
    is_hopeless = engine.writes_down(request)
    return Explanation(
        request=request,
        decision=decision,
        matched=tuple(matched),
        nearest=tuple(islice(nearest, NEAREST)),
        fix=() if is_hopeless else shortest(seen, allows, engine.rules, engine.memberships),
    )


def _denies_first(rule: Rule) -> tuple[bool, str]:
    return rule.allows, rule.id
