"""Which rules stand in each other's light: shadowed, redundant, contradictory.

A rule lies wholly under another when its person, place, conditions and times all do. Every
rule is looked up against the few that can cover it: along its path and its subject's groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from policies.change.places import ways
from policies.change.space import Points, points_of
from policies.change.spans import spans
from policies.compiled_rules import Entry, Windows, entry, is_open
from policies.hierarchy import closure, parents_of
from policies.memberships import Memberships
from policies.pairs import by_unit, held_of, parts
from policies.rules import Rule, RuleSet
from policies.vocabulary import ANY, ZONES, is_person

ALIKE: Final = 64
"""Rules of one place and subject that others are held against; more would take hours to hold
against each other, and what is missed is a warning, never an error."""


class Overlap(StrEnum):
    """How one rule lies to another."""

    CONTRADICTS = "contradicts"
    """The same people and place, one allows and one denies, and neither covers the other."""
    REDUNDANT = "redundant"
    """The other says the same and more."""
    SHADOWED = "shadowed"
    """The other denies all that this allows: it can never give anything."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A rule and the one that makes it useless, or contradicts it."""

    overlap: Overlap
    rule: Rule
    other: Rule


_Placed: TypeAlias = tuple[Rule, Entry]


class Overlaps:
    """Finds overlaps in one rule set, under given groups of people."""

    def __init__(self, rules: RuleSet, memberships: Memberships) -> None:
        self._rules = [(rule, entry(rule)) for rule in rules.rules]
        self._categories = parents_of(rules.categories)
        self._units = memberships.unit_parents
        self._roles = {zone: memberships.role_parents.get(zone, {}) for zone in sorted(ZONES)}
        self._placed: defaultdict[tuple[str, str], list[_Placed]] = defaultdict(list)
        for rule, compiled in self._rules:
            alike = self._placed[rule.obj, rule.sub]
            if len(alike) < ALIKE:
                alike.append((rule, compiled))
        self._pairs = by_unit(rule.sub for rule in rules.rules)
        self._above: dict[tuple[str, str], Sequence[str]] = {}

    def all(self) -> Iterator[Pair]:
        """Return each rule that is useless, with one that makes it so, and each contradiction."""
        for rule, compiled in self._rules:
            found = next(self._covering(rule, compiled), None)
            if found is not None:
                yield found
            else:
                yield from self._contradictions(rule, compiled)

    def _covering(self, rule: Rule, compiled: Entry) -> Iterator[Pair]:
        subjects = self._subjects(rule)
        for place in self._places(rule.obj):
            for subject in subjects:
                for other, its in self._placed.get((place, subject), ()):
                    overlap = _relation((rule, compiled), (other, its))
                    if overlap is not None:
                        yield Pair(overlap, rule, other)

    def _contradictions(self, rule: Rule, compiled: Entry) -> Iterator[Pair]:
        if not rule.allows:
            return
        for other, its in self._placed[rule.obj, rule.sub]:
            if (
                not other.allows
                and _meet((rule, compiled), (other, its))
                and not _covers(compiled, its)
            ):
                yield Pair(Overlap.CONTRADICTS, rule, other)

    def _places(self, obj: str) -> Iterable[str]:
        return sorted(closure(obj, self._categories)) if obj.startswith("cat:") else ways(obj)

    def _subjects(self, rule: Rule) -> Sequence[str]:
        """Return the subjects that everybody counts as whom the rule speaks to."""
        key = (rule.sub, rule.zone)
        if key not in self._above:
            self._above[key] = sorted(self._found_above(*key) | {ANY, rule.sub})
        return self._above[key]

    def _found_above(self, subject: str, zone: str) -> frozenset[str]:
        zones = sorted(ZONES) if zone == ANY else [zone]
        held: frozenset[str] = frozenset()
        for part in parts(subject):
            by_role = [closure(part, self._roles[each]) for each in zones]
            held |= by_role[0].intersection(*by_role[1:]) | closure(part, self._units)
        return held.union(held_of(held, self._pairs))


def _relation(inner: _Placed, outer: _Placed) -> Overlap | None:
    """Return what a rule that reaches the place and people of another does to it."""
    (rule, compiled), (other, its) = inner, outer
    if other is rule or (other.allows and not rule.allows) or not _covers(its, compiled):
        return None
    if rule.allows and not other.allows:
        return Overlap.SHADOWED
    if is_person(rule.sub) and other.sub not in (ANY, rule.sub):
        return None  # That somebody is in the group today makes no rule of theirs useless.
    is_twin = (rule.obj, rule.sub) == (other.obj, other.sub) and _covers(compiled, its)
    return None if is_twin and rule.id < other.id else Overlap.REDUNDANT


def _covers(outer: Entry, inner: Entry) -> bool:
    """Tell whether all conditions of one rule lie within those of another."""
    return not inner[0] & ~outer[0] and _covers_times(outer[1], inner[1])


@lru_cache(maxsize=4096)
def _covers_times(outer: Windows, inner: Windows) -> bool:
    return not outer or all(
        _holds(outer, span.start)
        for span in spans((outer, inner), since=0)
        if _holds(inner, span.start)
    )


@lru_cache(maxsize=4096)
def _share_times(one: Windows, other: Windows) -> bool:
    cut = spans((one, other), since=0)
    return any(_holds(one, span.start) and _holds(other, span.start) for span in cut)


def _holds(windows: Windows, now: int) -> bool:
    return not windows or is_open(windows, now)


def _meet(one: _Placed, other: _Placed) -> bool:
    """Tell whether some request meets the conditions of both, at some time."""
    if ANY not in (one[0].zone, other[0].zone) and one[0].zone != other[0].zone:
        return False
    if not _points(one[0]) & _points(other[0]):
        return False
    return _share_times(one[1][1], other[1][1])


def _points(rule: Rule) -> Points:
    return points_of(rule.act, rule.cls, rule.net, rule.auth)
