"""The shortest way from a denial to an allowance: what would have to change, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice
from typing import Final

from policies.compiled_rules import windows_of
from policies.decision import Request
from policies.hierarchy import closure
from policies.memberships import Memberships
from policies.nearness import Condition, NearMiss, Seen
from policies.rules import Rule, RuleProblems, RuleSet
from policies.vocabulary import ANY, OFFICERS, is_person, is_role, tokens


class Change(IntEnum):
    """A kind of step; the smaller, the easier, and the less it takes of other people."""

    SIGN_IN = 1
    """Sign in with the strength named."""
    NETWORK = 2
    """Come from the network class named."""
    WAIT = 3
    """Come back at the time named, in seconds since 1970 UTC."""
    JOIN = 4
    """Be given the role, in the request's zone, or become a member of the unit named.

    What is missing of a subject that is both takes a step each.
    """
    CLEARANCE = 5
    """Be cleared to the level named."""
    LIFT = 6
    """The deny with the id named is taken out of the rules."""
    GRANT = 7
    """The allow named, a line of the rules, is added to them."""


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One change and its value."""

    change: Change
    value: str


TRIED: Final = 20
"""Near rules that are tried; each costs a walk through the denies."""

_BY_THE_PERSON: Final = frozenset(
    {
        Condition.CLEARANCE,
        Condition.NETWORK,
        Condition.STRENGTH,
        Condition.SUBJECT,
        Condition.TIME,
    }
)
"""What can change while the question stays the same; another object is another question."""


def shortest(
    seen: Seen, near: Iterable[NearMiss], rules: RuleSet, memberships: Memberships
) -> tuple[Step, ...]:
    """Return the shortest way to an allowance: the fewest changes of rules, then of anything.

    Each way starts from a rule of `near`, nearest first, or from a new rule, and ends with
    lifting every deny that stands in it. Of equal ways the easiest is taken. Empty if there
    is none, e.g. for a page that does not exist.
    """
    mended = (miss for miss in near if miss.conditions <= _BY_THE_PERSON)
    ways = [way for miss in islice(mended, TRIED) for way in _ways(seen, miss, rules, memberships)]
    return min([*ways, *_grant(seen, rules)], key=_length, default=())


def _length(way: tuple[Step, ...]) -> tuple[int, int, tuple[Step, ...]]:
    return sum(step.change >= Change.LIFT for step in way), len(way), way


def _ways(
    seen: Seen, miss: NearMiss, rules: RuleSet, memberships: Memberships
) -> Iterator[tuple[Step, ...]]:
    networks = tokens(miss.rule.net) if Condition.NETWORK in miss.conditions else [""]
    for network in networks:
        steps = list(_steps(miss, network))
        if len(steps) == len(miss.failed):
            yield (*sorted(steps), *_lifts(_after(seen, steps, memberships), rules))


def _steps(miss: NearMiss, network: str) -> Iterator[Step]:
    """Return one step for each failed condition that a step can mend."""
    for failed in miss.failed:
        if failed.condition is Condition.STRENGTH:
            yield Step(Change.SIGN_IN, failed.needs)
        elif failed.condition is Condition.NETWORK:
            yield Step(Change.NETWORK, network)
        elif failed.condition is Condition.CLEARANCE:
            yield Step(Change.CLEARANCE, failed.needs)
        elif failed.condition is Condition.TIME:
            yield from _next_opening(int(failed.has), failed.needs)
        elif not is_person(failed.needs) and failed.needs not in OFFICERS:
            # Nobody becomes another person, nor an officer to reach a page.
            yield Step(Change.JOIN, failed.needs)


def _next_opening(now: int, windows: str) -> Iterator[Step]:
    opening = (
        now + (first - now) % every if every else first for first, _, every in windows_of(windows)
    )
    later = [each for each in opening if each > now]
    if later:
        yield Step(Change.WAIT, str(min(later)))


def _after(seen: Seen, steps: Iterable[Step], memberships: Memberships) -> Seen:
    """Return what the rules see once these steps are taken."""
    for step in steps:
        if step.change is Change.JOIN:
            roles = memberships.role_parents.get(seen.request.zone, {})
            parents = roles if is_role(step.value) else memberships.unit_parents
            seen = replace(seen, subjects=seen.subjects | closure(step.value, parents))
        else:
            seen = replace(seen, request=_changed(seen.request, step))
    return seen


def _changed(request: Request, step: Step) -> Request:
    if step.change is Change.SIGN_IN:
        return replace(request, strength=int(step.value))
    if step.change is Change.NETWORK:
        return replace(request, network=step.value)
    if step.change is Change.WAIT:
        return replace(request, now=int(step.value))
    return replace(request, clearance=int(step.value))


def _lifts(seen: Seen, rules: RuleSet) -> list[Step]:
    denies = (rule for rule in rules.rules if not rule.allows)
    return sorted(Step(Change.LIFT, rule.id) for rule in denies if not seen.failed(rule))


def _grant(seen: Seen, rules: RuleSet) -> list[tuple[Step, ...]]:
    """Return the way by the narrowest new rule: this person, here, this action."""
    asked = seen.request
    here = (asked.subject, asked.zone, asked.object, asked.action, str(asked.classification))
    try:
        rule = Rule(*here, ANY, str(asked.strength), ANY, "allow")
    except RuleProblems:
        return []
    cleared = max(asked.clearance, asked.classification)
    steps = [Step(Change.GRANT, rule.line)]
    if cleared > asked.clearance:
        steps.insert(0, Step(Change.CLEARANCE, str(cleared)))
    after = replace(seen, request=replace(asked, clearance=cleared))
    return [tuple(sorted((*steps, *_lifts(after, rules))))]
