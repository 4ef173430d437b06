"""Subjects that are both: the people of a unit who hold a role, `unit:finance&role:clerk`.

Nobody is made a member of a pair: whoever counts as its unit and as its role, inherited ones
included, counts as the pair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from policies.hierarchy import closure
from policies.memberships import Memberships
from policies.vocabulary import AND, is_pair

ByUnit: TypeAlias = Mapping[str, Mapping[str, str]]
"""For each unit the roles it is paired with, and the pair both make."""


def parts(subject: str) -> tuple[str, ...]:
    """Return the unit and the role of a pair; of every other subject itself."""
    return tuple(subject.split(AND))


def lacking(held: Collection[str], subject: str) -> tuple[str, ...]:
    """Return the parts of a subject of rules that are not among what somebody counts as.

    Empty if he or she counts as the subject.
    """
    if subject in held:
        return ()
    return tuple(part for part in parts(subject) if part not in held)


def by_unit(subjects: Iterable[str]) -> ByUnit:
    """Return the pairs among subjects of rules, so that a person's are found by his units."""
    found: dict[str, dict[str, str]] = {}
    for subject in subjects:
        if is_pair(subject):
            unit, role = parts(subject)
            found.setdefault(unit, {})[role] = subject
    return found


def held_of(held: AbstractSet[str], pairs: ByUnit) -> Iterator[str]:
    """Return the pairs that somebody counts as who counts as all of `held`."""
    for unit in held & pairs.keys():
        yield from (pair for role, pair in pairs[unit].items() if role in held)


def rows(subjects: Iterable[str], memberships: Memberships) -> Iterator[tuple[str, str, str]]:
    """Return (person, pair, zone) for everybody who counts as one of the pairs among `subjects`."""
    pairs = by_unit(subjects)
    for zone, roles in memberships.role_parents.items() if pairs else ():
        for person in memberships.people:
            held = closure(person, roles) | closure(person, memberships.unit_parents)
            yield from ((person, pair, zone) for pair in held_of(held, pairs))
