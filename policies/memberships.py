"""Who holds which role in which zone, and who belongs to which unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from policies.hierarchy import Link, Parents, closure, faults, parents_of
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

    @property
    def people(self) -> frozenset[str]:
        """Everybody named here: the only people an engine knows.

        Who left every role and unit is unknown, even if a rule still speaks of them.
        """
        return frozenset(
            name
            for name in (*(row[0] for row in self.roles), *(row[0] for row in self.units))
            if is_person(name)
        )

    def role_parents(self) -> dict[str, Parents]:
        """Return for each zone the roles that people and roles hold directly there."""
        links: defaultdict[str, list[Link]] = defaultdict(list)
        for member, role, zone in self.roles:
            links[zone].append((member, role))
        return {zone: parents_of(found) for zone, found in links.items()}

    def unit_parents(self) -> Parents:
        """Return the units that people and units belong to directly."""
        return parents_of(self.units)

    def check(self) -> None:
        """Refuse ids outside the grammar, circles, depth over 9, and two officers in one.

        Raises:
            MembershipProblems: lists everything that is wrong.
        """
        problems = [*_id_problems(self)]
        if not problems:
            problems = [*_tree_problems(self), *_officer_problems(self)]
        if problems:
            raise MembershipProblems(problems)


def _id_problems(memberships: Memberships) -> Iterator[str]:
    for member, role, zone in memberships.roles:
        if not (is_person(member) or is_role(member)):
            yield f"{member!r} cannot hold a role: not person:<uuid> or role:<name>"
        if not is_role(role):
            yield f"{role!r} is not role:<name>"
        if zone not in ZONES:
            yield f"{zone!r} is no zone"
    for member, unit in memberships.units:
        if not (is_person(member) or is_unit(member)):
            yield f"{member!r} cannot belong to a unit: not person:<uuid> or unit:<name>"
        if not is_unit(unit):
            yield f"{unit!r} is not unit:<name>"


def _tree_problems(memberships: Memberships) -> Iterator[str]:
    yield from faults(memberships.units)
    for zone in sorted(ZONES):
        yield from faults((row[0], row[1]) for row in memberships.roles if row[2] == zone)


def _officer_problems(memberships: Memberships) -> Iterator[str]:
    """Roles count across zones: an officer of one zone may be no other officer anywhere."""
    parents = parents_of((member, role) for member, role, _ in memberships.roles)
    for person in sorted(memberships.people):
        held = sorted(closure(person, parents) & OFFICERS)
        if len(held) > 1:
            yield f"{person} would be {' and '.join(held)}: no person may be two officers"
