"""Who there is behind the subject of a rule, and how far they are cleared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from policies.hierarchy import Parents, closure
from policies.memberships import Memberships
from policies.vocabulary import ANY, ZONES, is_person


class Members:
    """Answers for every subject in each zone; nothing is known without memberships."""

    def __init__(
        self, memberships: Memberships | None, clearance: Callable[[str], int] | None = None
    ) -> None:
        self.are_unknown = memberships is None
        self._levels: dict[str, dict[str, int]] = {}
        self._has_levels = clearance is not None
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

    def any_of(self, subject: str, zone: str) -> bool:
        """Tell whether somebody counts as a subject in a zone, or in any for `*`."""
        return any(subject in self._levels.get(each, {}) for each in _zones(zone))

    def highest(self, subject: str, zone: str) -> int | None:
        """Return the highest clearance of anybody who counts as a subject, if it is known."""
        if not self._has_levels:
            return None
        found = [self._levels[each].get(subject) for each in _zones(zone) if each in self._levels]
        return max((level for level in found if level is not None), default=None)


def people_of(subject: str, zone: str, memberships: Memberships) -> frozenset[str]:
    """Return everybody who counts as a subject in a zone."""
    if subject == ANY:
        return memberships.people
    if is_person(subject):
        return memberships.people & {subject}
    links: Iterable[Parents] = (
        memberships.role_parents.get(zone, {}),
        memberships.unit_parents,
    )
    below: defaultdict[str, set[str]] = defaultdict(set)
    for parents in links:
        for member, groups in parents.items():
            for group in groups:
                below[group].add(member)
    reached, edge = {subject}, [subject]
    while edge:
        found = below[edge.pop()] - reached
        reached |= found
        edge.extend(found)
    return frozenset(filter(is_person, reached))


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
