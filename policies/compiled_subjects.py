"""Who a person is to the rules: the person, the roles held in a zone, the units, everybody."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from policies.hierarchy import Parents, closure
from policies.memberships import Memberships
from policies.vocabulary import ANY

REMEMBERED = 16_384
"""Closures kept, one for each person and zone: some 10 MB when full of busy people."""


class SubjectClosures:
    """Returns the subjects of rules that a person counts as; knows its people and learns no more.

    Args:
        memberships: checked.
        named: the subjects rules speak of; no other can matter.
        remembered: how many closures are kept; the least recently used goes first.
    """

    __slots__ = ("_of", "people")

    def __init__(
        self, memberships: Memberships, named: Iterable[str], *, remembered: int = REMEMBERED
    ) -> None:
        self.people = memberships.people
        roles = memberships.role_parents()
        units = memberships.unit_parents()
        subjects = frozenset(named)

        # A closure over the tables and not over self: without a circle of references an old
        # version is gone the moment the new one takes its place.
        @lru_cache(maxsize=remembered)
        def of(person: str, zone: str) -> frozenset[str]:
            nobody: Parents = {}
            held = closure(person, roles.get(zone, nobody)) | closure(person, units) | {ANY}
            return held & subjects

        self._of = of

    def of(self, person: str, zone: str) -> frozenset[str]:
        """Return the subjects a person of `people` counts as in a zone.

        Never to be asked about anybody else: an unknown name would take the place of a known
        one in what is remembered.
        """
        return self._of(person, zone)
