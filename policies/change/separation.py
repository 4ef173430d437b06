"""Separation of duties: what nobody may hold together. What nobody does to one record: `acts`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.change.places import ways
from policies.change.sides import Side, State, allowed, met, table_of
from policies.change.space import PAGES as PAGE_POINTS
from policies.change.spans import spans
from policies.duties import HELD, Duty
from policies.hierarchy import closure, parents_of
from policies.vocabulary import ANY, OFFICERS, ZONES, is_page, is_person

OFFICERS_APART = tuple(
    Duty(HELD, ANY, one, other)
    for one in sorted(OFFICERS)
    for other in sorted(OFFICERS)
    if one < other
)
"""三员分立, which holds whether a version says so or not."""


@dataclass(frozen=True, slots=True)
class United:
    """A person who unites what is to be apart: what he or she holds of either side."""

    duty: Duty
    person: str
    one: tuple[str, ...]
    other: tuple[str, ...]


def united(state: State, *, since: int, duties: Iterable[Duty] | None = None) -> Iterator[United]:
    """Return everybody who would hold both sides of a duty, in whatever zones and ways.

    Roles count with all they include, units with all they are part of, pages by what the rules
    let the person use at some time from `since` on, from some network, with some sign-in.
    """
    wanted = (*OFFICERS_APART, *(state.rules.duties if duties is None else duties))
    found = [duty for duty in dict.fromkeys(wanted) if duty.way == HELD]
    pages = {name for duty in found for side in duty.sides for name in side if is_page(name)}
    held = _holdings(state, pages, since)
    for duty in found:
        one, other = duty.sides
        for person, holds in sorted(held.items()):
            if not one.isdisjoint(holds) and not other.isdisjoint(holds):
                yield United(duty, person, tuple(sorted(one & holds)), tuple(sorted(other & holds)))


def _holdings(state: State, pages: set[str], since: int) -> dict[str, frozenset[str]]:
    memberships = state.memberships
    held: dict[str, set[str]] = {person: set() for person in memberships.people}
    roles = parents_of((member, role) for member, role, _ in memberships.roles)
    above = {
        group: closure(group, {**roles, **memberships.unit_parents})
        for parents in (roles, memberships.unit_parents)
        for groups in parents.values()
        for group in groups
    }
    for parents in (roles, memberships.unit_parents):
        for member, groups in parents.items():
            if is_person(member):
                held[member].update(*(above[group] for group in groups))
    for zone in sorted(ZONES) if pages else ():
        for person, page in _usable(Side(state, zone), pages, since):
            held[person].add(page)
    return {person: frozenset(found) for person, found in held.items()}


def _usable(side: Side, pages: set[str], since: int) -> Iterator[tuple[str, str]]:
    names = {rule.sub: rule.sub for rule in side.rules}
    alike: dict[frozenset[str], list[str]] = {}
    for person, subjects in side.standing(names).items():
        alike.setdefault(subjects, []).append(person)
    by_page = {
        page: [rule for rule in side.by_key["app"] if rule.obj in ways(page)] for page in pages
    }
    for page, rules in by_page.items():
        tables = [table_of(rules), *side.tables_of("cat:none")]
        for subjects, people in alike.items():
            spoken = tuple(met(tables, subjects))
            times = spans((windows for _, windows, _ in spoken if windows), since=since)
            if any(allowed(spoken, span.start) & PAGE_POINTS for span in times):
                for person in people:
                    yield person, page
