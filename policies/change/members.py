"""Who there is behind the subject of a rule, and how far they are cleared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from policies.hierarchy import Parents, closure
from policies.memberships import Memberships
from policies.pairs import parts
from policies.vocabulary import ANY, ZONES, is_pair, is_person

Below: TypeAlias = Mapping[str, set[str]]


class Members:
    """Answers for every subject in each zone; nothing is known without memberships."""

    def __init__(
        self, memberships: Memberships | None, clearance: Callable[[str], int] | None = None
    ) -> None:
        self.are_unknown = memberships is None
        self._levels: dict[str, dict[str, int]] = {}
        self._has_levels = clearance is not None
        self._below: dict[str, Below] = {}
        if memberships is None:
            return
        level = clearance or (lambda _: 0)
        people = {person: level(person) for person in memberships.people}
        units = _highest(memberships.unit_parents, people)
        for zone in sorted(ZONES):
            roles = _highest(memberships.role_parents.get(zone, {}), people)
            found = {**people, **units, **roles}
            if people:
                found[ANY] = max(people.values())
            self._levels[zone] = found
            self._below[zone] = _below(zone, memberships)

    def any_of(self, subject: str, zone: str) -> bool:
        """Tell whether somebody counts as a subject in a zone, or in any for `*`."""
        return any(self._level(subject, each) is not None for each in _zones(zone))

    def highest(self, subject: str, zone: str) -> int | None:
        """Return the highest clearance of anybody who counts as a subject, if it is known."""
        if not self._has_levels:
            return None
        found = [self._level(subject, each) for each in _zones(zone)]
        return max((level for level in found if level is not None), default=None)

    def _level(self, subject: str, zone: str) -> int | None:
        """Return the highest level behind a subject; None if there is nobody."""
        levels = self._levels.get(zone, {})
        if is_pair(subject) and subject not in levels and zone in self._below:
            people = _people_below(subject, self._below[zone])
            if people:
                levels[subject] = max(levels[person] for person in people)
        return levels.get(subject)


def people_of(subject: str, zone: str, memberships: Memberships) -> frozenset[str]:
    """Return everybody who counts as a subject in a zone."""
    if subject == ANY:
        return memberships.people
    if is_person(subject):
        return memberships.people & {subject}
    return _people_below(subject, _below(zone, memberships))


def _below(zone: str, memberships: Memberships) -> Below:
    """Return for each role and unit who and what belongs to it directly."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for links in (memberships.role_parents.get(zone, {}), memberships.unit_parents):
        for member, groups in links.items():
            for group in groups:
                found[group].add(member)
    return found


def _people_below(subject: str, below: Below) -> frozenset[str]:
    """Return the people of a role or unit, or those that are of both."""
    reached = (_reached(part, below) for part in parts(subject))
    return frozenset(filter(is_person, set.intersection(*reached)))


def _reached(group: str, below: Below) -> set[str]:
    reached, edge = {group}, [group]
    while edge:
        found = below.get(edge.pop(), set()) - reached
        reached |= found
        edge.extend(found)
    return reached


def _highest(parents: Parents, people: dict[str, int]) -> dict[str, int]:
    """Return for each group with members the highest level among them."""
    direct: defaultdict[str, int] = defaultdict(lambda: -1)
    for member, groups in parents.items():
        if member in people:
            for group in groups:
                direct[group] = max(direct[group], people[member])
    found: dict[str, int] = {}
    for group, level in direct.items():
        for above in closure(group, parents):
            found[above] = max(found.get(above, -1), level)
    return found


def _zones(zone: str) -> Iterable[str]:
    return sorted(ZONES) if zone == ANY else (zone,)
