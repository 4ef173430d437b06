"""Who holds which role in which zone, and who belongs to which unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.hierarchy import Link, Parents, circles_and_depths, closure, parents_of
from policies.vocabulary import OFFICERS, ZONES, is_person, is_role, is_unit


class MembershipProblems(Exception):
    """Memberships that no engine may be built from, with everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Memberships:
    """The people side of every decision.

    Attributes:
        roles: (`person:` or `role:`, `role:`, zone): a role may include another.
        units: (`person:` or `unit:`, `unit:`): a unit may be part of another.
    """

    roles: tuple[tuple[str, str, str], ...] = ()
    units: tuple[Link, ...] = ()

    @cached_property
    def people(self) -> frozenset[str]:
        """Everybody named here: the only people an engine knows.

        Who left every role and unit is unknown, even if a rule still speaks of them.
        """
        members = {row[0] for row in self.roles} | {row[0] for row in self.units}
        return frozenset(filter(is_person, members))

    @cached_property
    def role_parents(self) -> Mapping[str, Parents]:
        """For each zone the roles that people and roles hold directly there."""
        links: defaultdict[str, list[Link]] = defaultdict(list)
        for member, role, zone in self.roles:
            links[zone].append((member, role))
        return {zone: parents_of(found) for zone, found in links.items()}

    @cached_property
    def unit_parents(self) -> Parents:
        """The units that people and units belong to directly."""
        return parents_of(self.units)

    def check(self) -> None:
        """Refuse ids outside the grammar, circles, depth over 9, and officers who are more.

        No person may be two officers, nor an officer with any other role.

        Raises:
            MembershipProblems: lists everything that is wrong.
        """
        problems = [*_id_problems(self)]
        if not problems:
            problems = [*_tree_problems(self), *_officer_problems(self)]
        if problems:
            raise MembershipProblems(problems)


def _id_problems(memberships: Memberships) -> Iterator[str]:
    """Look at each name once: there are some thousands of them in some hundred thousand rows."""
    roles, units = memberships.roles, memberships.units
    for member in _others({row[0] for row in roles}, is_person, is_role):
        yield f"{member!r} cannot hold a role: not person:<uuid> or role:<name>"
    for role in _others({row[1] for row in roles}, is_role):
        yield f"{role!r} is not role:<name>"
    for zone in sorted({row[2] for row in roles} - ZONES):
        yield f"{zone!r} is no zone"
    for member in _others({row[0] for row in units}, is_person, is_unit):
        yield f"{member!r} cannot belong to a unit: not person:<uuid> or unit:<name>"
    for unit in _others({row[1] for row in units}, is_unit):
        yield f"{unit!r} is not unit:<name>"


def _others(names: set[str], *kinds: Callable[[str], bool]) -> list[str]:
    return sorted(name for name in names if not any(is_one(name) for is_one in kinds))


def _tree_problems(memberships: Memberships) -> Iterator[str]:
    yield from circles_and_depths(memberships.unit_parents)
    for _zone, parents in sorted(memberships.role_parents.items()):
        yield from circles_and_depths(parents)


def _officer_problems(memberships: Memberships) -> Iterator[str]:
    """Roles count across zones: an officer of one zone may be nothing else anywhere.

    What a role includes counts as held, so an office inside a business role is refused as well.
    """
    people = memberships.people
    parents = parents_of((row[0], row[1]) for row in memberships.roles if row[0] not in people)
    reached = {role: closure(role, parents) for role in {row[1] for row in memberships.roles}}
    official = {role for role, roles in reached.items() if not OFFICERS.isdisjoint(roles)}
    officers = {row[0] for row in memberships.roles if row[1] in official} & people
    held: defaultdict[str, set[str]] = defaultdict(set)
    for member, role, _ in memberships.roles:
        if member in officers:
            held[member] |= reached[role]
    for person, roles in sorted(held.items()):
        offices = roles & OFFICERS
        if len(offices) > 1:
            both = " and ".join(sorted(offices))
            yield f"{person} would be {both}: no person may be two officers"
        elif offices and len(roles) > 1:
            others = ", ".join(sorted(roles - offices))
            yield f"{person} would be {next(iter(offices))} and {others}: an office stands alone"
