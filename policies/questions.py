"""Who can do this, and what can this person do: the engine asked the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from policies.compiled import CompiledEngine
from policies.decision import Outcome, Request
from policies.patterns import next_segments, unused
from policies.permissions import Permission
from policies.vocabulary import ACTIONS, NO_CATEGORY, STRENGTHS, USE

_WEAKEST = STRENGTHS.start
_SUBTREE = "/**"
_DATA_ACTIONS = tuple(sorted(ACTIONS - {USE}))

Opened: TypeAlias = tuple[int, tuple[str, ...]]
"""The least sign-in strength that gives access, and the rules that then allow."""


@dataclass(frozen=True, slots=True)
class Access:
    """A person who may, from which sign-in strength on, and by which rules."""

    subject: str
    strength: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person may do at a place.

    Attributes:
        place: an object, or with a last `/**` everything from it on; or the category asked
            about, for every service no rule of this person names.
        actions: those allowed alike, sorted.
        strength: the least sign-in strength that gives access.
        rules: the ids of those that then allow.
        without: the narrower places where at least one of these actions is not allowed.
    """

    place: str
    actions: tuple[str, ...]
    strength: int
    rules: tuple[str, ...]
    without: tuple[str, ...] = ()


def who_can(
    engine: CompiledEngine,
    obj: str,
    action: str,
    *,
    zone: str,
    now: int,
    category: str = NO_CATEGORY,
    classification: int = 0,
    network: str = "lan",
    clearance: Callable[[str], int] | None = None,
) -> tuple[Access, ...]:
    """Return everybody who may do `action` to `obj`, now or after a stronger sign-in.

    Every person is decided about, some 10 µs each. `clearance` tells a person's level;
    without it everybody counts as cleared, which shows what the rules alone give.
    """
    found = []
    for person in sorted(engine.people):
        request = Request(
            subject=person,
            zone=zone,
            object=obj,
            action=action,
            strength=_WEAKEST,
            now=now,
            category=category,
            classification=classification,
            clearance=classification if clearance is None else clearance(person),
            network=network,
        )
        if (opened := _opened(engine, request)) is not None:
            found.append(Access(person, *opened))
    return tuple(found)


def what_can(
    engine: CompiledEngine,
    subject: str,
    *,
    zone: str,
    now: int,
    category: str = NO_CATEGORY,
    classification: int = 0,
    clearance: int | None = None,
    network: str = "lan",
) -> tuple[Grant, ...]:
    """Return all a person may do, in services of one category and classification.

    There are more paths than anybody can list, but the rules cut them into few places: the
    paths inside one place meet the same rules, so one of them speaks for all. The answer is
    exact. Without `clearance` the person counts as cleared. Unknown people may do nothing.
    """
    if subject not in engine.people:
        return ()
    cleared = classification if clearance is None else clearance
    opened: dict[str, dict[str, Opened]] = {}
    for place, witness in _places(engine, subject, zone, category):
        opened[place] = {}
        for action in (USE,) if witness.startswith("app:") else _DATA_ACTIONS:
            request = Request(
                subject=subject,
                zone=zone,
                object=witness,
                action=action,
                strength=_WEAKEST,
                now=now,
                category=category,
                classification=classification,
                clearance=cleared,
                network=network,
            )
            if (found := _opened(engine, request)) is not None:
                opened[place][action] = found
    return tuple(_grants(opened))


def _opened(engine: CompiledEngine, request: Request) -> Opened | None:
    """Ask with the weakest sign-in: the engine itself tells the strength that is missing.

    A deny the weakest sign-in meets is met by every stronger one, so nothing is overlooked.
    """
    decision = engine.decide(request)
    if decision.outcome is Outcome.DENY:
        return None
    return decision.strength_needed or _WEAKEST, decision.rules


def _places(
    engine: CompiledEngine, subject: str, zone: str, category: str
) -> Iterator[tuple[str, str]]:
    """Return the places the person's rules cut the world into, each with one path of it."""
    held = engine.subjects_of(subject, zone)
    patterns = {rule.obj for rule in engine.rules.rules if rule.sub in held}
    taken = next_segments(patterns)
    for pattern in sorted(patterns):
        if pattern.startswith("svc:"):
            top = pattern.removesuffix(_SUBTREE)
            is_exact = top == pattern
            yield pattern, top if is_exact else f"{top}/{unused(taken.get(top, set()))}"
    yield category, f"svc:{unused({top.removeprefix('svc:') for top in taken})}/"
    for permission in Permission:
        yield permission.object, permission.object


def _grants(opened: Mapping[str, Mapping[str, Opened]]) -> Iterator[Grant]:
    for place, by_action in opened.items():
        alike: dict[Opened, list[str]] = {}
        for action, found in by_action.items():
            alike.setdefault(found, []).append(action)
        for (strength, rules), actions in alike.items():
            without = (
                other
                for other, found in opened.items()
                if other != place and _lies_in(other, place) and not found.keys() >= set(actions)
            )
            yield Grant(place, tuple(actions), strength, rules, tuple(without))


def _lies_in(inner: str, outer: str) -> bool:
    if outer.startswith("cat:"):
        return inner.startswith("svc:")
    top = outer.removesuffix(_SUBTREE)
    return top != outer and (inner == top or inner.startswith(f"{top}/"))
