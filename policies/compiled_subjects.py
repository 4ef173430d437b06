"""Who a person is to the rules: the person, the roles held in a zone, the units, everybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policies import pairs
from policies.hierarchy import Parents, closure
from policies.memberships import Memberships
from policies.vocabulary import ANY, ZONES

_NONE: Parents = {}

REMEMBERED = 16_384
"""Closures kept for each zone, one a person: some 10 MB when full of busy people."""


class SubjectClosures:
    """Returns the subjects of rules that a person counts as; knows its people and learns no more.

    Args:
        memberships: checked.
        names: the subjects rules speak of, each as the one object that stands for it; no
            other subject can matter, but for the parts of pairs.
        remembered: how many closures of a zone are kept. When there are more, all are
            forgotten: to keep the order of their use would cost every decision more than to
            make some of them again.
    """

    __slots__ = (
        *("_everybody", "_limit", "_names", "_pairs", "_reached", "_remembered", "_roles"),
        "people",
    )

    def __init__(
        self, memberships: Memberships, names: Mapping[str, str], *, remembered: int = REMEMBERED
    ) -> None:
        self.people = memberships.people
        self._pairs = pairs.by_unit(names)
        names = {part: part for name in names for part in pairs.parts(name)} | dict(names)
        self._names = names
        self._limit = remembered
        self._everybody = _named({ANY}, names)
        units = memberships.unit_parents
        self._roles = {zone: (memberships.role_parents.get(zone, _NONE), units) for zone in ZONES}
        reached_units = _reached(units, names, self.people)
        self._reached = {
            zone: (_reached(roles, names, self.people), reached_units)
            for zone, (roles, _) in self._roles.items()
        }
        self._remembered: dict[str, dict[str, frozenset[str]]] = {zone: {} for zone in ZONES}

    def of(self, person: str, zone: str) -> frozenset[str] | None:
        """Return the subjects a person counts as in a zone; None for somebody unknown.

        An unknown name leaves no trace: it would take the place of a known one.
        """
        found = self._remembered[zone].get(person)
        if found is None and person in self.people:
            found = self._closure(person, zone)
            if len(self._remembered[zone]) >= self._limit:
                self._remembered[zone] = {}
            self._remembered[zone][person] = found
        return found

    def _closure(self, person: str, zone: str) -> frozenset[str]:
        groups = zip(self._roles[zone], self._reached[zone], strict=True)
        held = [reached[group] for links, reached in groups for group in links.get(person, ())]
        found = self._everybody.union(_named({person}, self._names), *held)
        return found.union(pairs.held_of(found, self._pairs)) if self._pairs else found


def _reached(
    parents: Parents, names: Mapping[str, str], people: frozenset[str]
) -> Mapping[str, frozenset[str]]:
    """Return for each group itself and all it belongs to, as far as rules speak of them."""
    groups = frozenset().union(*parents.values()).union(parents) - people
    return {name: _named(closure(name, parents), names) for name in groups}


def _named(found: Iterable[str], names: Mapping[str, str]) -> frozenset[str]:
    return frozenset(names[name] for name in found if name in names)
