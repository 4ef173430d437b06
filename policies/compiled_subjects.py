"""Who a person is to the rules: the person, the roles held in a zone, the units, everybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from policies.hierarchy import Parents, closure
from policies.memberships import Memberships
from policies.vocabulary import ANY, ZONES, is_person

_NONE: Parents = {}

REMEMBERED = 16_384
"""Closures kept, one for each person and zone: some 10 MB when full of busy people."""


class SubjectClosures:
    """Returns the subjects of rules that a person counts as; knows its people and learns no more.

    Args:
        memberships: checked.
        names: the subjects rules speak of, each as the one object that stands for it; no
            other subject can matter.
        remembered: how many closures are kept; the least recently used goes first.
    """

    __slots__ = ("_of", "people")

    def __init__(
        self, memberships: Memberships, names: Mapping[str, str], *, remembered: int = REMEMBERED
    ) -> None:
        self.people = memberships.people
        everybody = _named({ANY}, names)
        units = memberships.unit_parents
        roles = {zone: memberships.role_parents.get(zone, _NONE) for zone in ZONES}
        reached = {zone: _reached(links, names) for zone, links in roles.items()}
        reached_units = _reached(units, names)

        # A closure over the tables and not over self: without a circle of references an old
        # version is gone the moment the new one takes its place.
        @lru_cache(maxsize=remembered)
        def of(person: str, zone: str) -> frozenset[str]:
            held = [reached[zone][role] for role in roles[zone].get(person, ())]
            belongs = [reached_units[unit] for unit in units.get(person, ())]
            return everybody.union(_named({person}, names), *held, *belongs)

        self._of = of

    def of(self, person: str, zone: str) -> frozenset[str]:
        """Return the subjects a person of `people` counts as in a zone.

        Never to be asked about anybody else: an unknown name would take the place of a known
        one in what is remembered.
        """
        return self._of(person, zone)


def _reached(parents: Parents, names: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """Return for each group itself and all it belongs to, as far as rules speak of them."""
    groups = frozenset().union(*parents.values()).union(parents)
    return {name: _named(closure(name, parents), names) for name in groups if not is_person(name)}


def _named(found: Iterable[str], names: Mapping[str, str]) -> frozenset[str]:
    return frozenset(names[name] for name in found if name in names)
