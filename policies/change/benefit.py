"""Who benefits of a change, and whether its author may administer what it gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from policies.change.changes import Change, Difference
from policies.change.places import ELSEWHERE, PAGES


@dataclass(frozen=True, slots=True)
class Gain:
    """What one person gains or loses: services by their key, and the changes that say so."""

    person: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """What somebody may give to others; None is everything of its kind.

    Attributes:
        services: slugs.
        pages: objects `app:…`.
        people: to whom.
    """

    services: frozenset[str] | None = None
    pages: frozenset[str] | None = frozenset()
    people: frozenset[str] | None = None


def by_person(found: Difference) -> Mapping[str, Gain]:
    """Return what each person gains and loses, also by being a member of a unit or role."""
    changes: defaultdict[str, list[Change]] = defaultdict(list)
    for change in found.changes:
        for person in change.people:
            changes[person].append(change)
    return {
        person: Gain(
            person,
            tuple(sorted({each.service for each in mine if each.gains})),
            tuple(sorted({each.service for each in mine if not each.gains})),
            tuple(mine),
        )
        for person, mine in sorted(changes.items())
    }


def beneficiaries(found: Difference) -> frozenset[str]:
    """Return everybody who gains anything."""
    return frozenset(person for each in found.changes if each.gains for person in each.people)


def beyond(found: Difference, may: Administration) -> tuple[Change, ...]:
    """Return the gains that are not the author's to give. What is taken away is not looked at.

    A page counts by its own name, so that all pages at once need every one of them.
    """
    return tuple(each for each in found.changes if each.gains and not _is_within(each, may))


def conflicts(
    found: Difference, *, author: str, approver: str, same: Iterable[Iterable[str]] = ()
) -> tuple[str, ...]:
    """Return what keeps author, approver and beneficiary from being three different people.

    `same` are sets of accounts that belong to one natural person.
    """
    return united_hands(beneficiaries(found), authors=[author], approver=approver, same=same)


def united_hands(
    gaining: AbstractSet[str],
    *,
    authors: Iterable[str],
    approver: str = "",
    same: Iterable[Iterable[str]] = (),
) -> tuple[str, ...]:
    """As `conflicts`, for the people who gain; without an approver only the authors are held.

    `authors` is everybody whose hand is in the draft.
    """
    persons = [frozenset(each) for each in same]

    def all_of(*accounts: str) -> frozenset[str]:
        own = frozenset(accounts)
        return own.union(*(each for each in persons if not own.isdisjoint(each)))

    wrote = all_of(*authors)
    checks = (
        (approver in wrote, "author_approves"),
        (not wrote.isdisjoint(gaining), "author_benefits"),
        (not all_of(approver).isdisjoint(gaining), "approver_benefits"),
    )
    return tuple(code for holds, code in checks if holds)


def _is_within(change: Change, may: Administration) -> bool:
    if may.people is not None and not may.people.issuperset(change.people):
        return False
    if change.service == PAGES:
        return may.pages is None or change.place in may.pages
    if may.services is None:
        return True
    return change.service != ELSEWHERE and change.service in may.services
