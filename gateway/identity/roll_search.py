"""Searching the roll: what is asked for, and the page of it that is shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from gateway.identity.roll import Entry
from gateway.identity.units import UnitView

PAGE = 50
"""People on one page."""

LONGEST = 80
"""Characters of a search that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to list. `unit` takes in everything below it; `page` counts from 1."""

    text: str = ""
    unit: str = ""
    state: str = ""
    roleless: bool = False
    stale: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page. `total` counts everybody who fits, `everybody` the whole roll."""

    entries: Sequence[Entry]
    total: int
    everybody: int
    page: int
    pages: int

    @property
    def first(self) -> int:
        """The number of the first entry shown, from 1; 0 if there is none."""
        return (self.page - 1) * PAGE + 1 if self.entries else 0

    @property
    def last(self) -> int:
        """The number of the last entry shown."""
        return self.first + len(self.entries) - 1 if self.entries else 0


def folded(text: str) -> str:
    """Return the spelling in which texts are compared."""
    return unicodedata.normalize("NFKC", text[:LONGEST]).casefold().strip()


def subtree(tree: Sequence[UnitView], slug: str) -> frozenset[str]:
    """Return a unit and all below it; of an unknown one itself alone."""
    inside = {slug}
    for unit in tree:  # each stands after its parent
        if unit.parent in inside:
            inside.add(unit.slug)
    return frozenset(inside)


def search(
    entries: Sequence[Entry],
    wanted: Wanted,
    *,
    tree: Sequence[UnitView],
    stale: Collection[object] = (),
    size: int = PAGE,
) -> Found:
    """Return the page of what is wanted; a page past the end is the last one.

    Every word of `wanted.text` has to occur in the name, the login or the staff number.
    `stale` are the ids of those whose account is not used.
    """
    units = subtree(tree, wanted.unit) if wanted.unit else None
    words = folded(wanted.text).split()
    fitting = [
        each
        for each in entries
        if (units is None or each.unit in units)
        and (not wanted.state or each.state == wanted.state)
        and not (wanted.roleless and each.roles)
        and (not wanted.stale or each.id in stale)
        and all(_says(each, word) for word in words)
    ]
    pages = max(1, -(-len(fitting) // size))
    page = min(max(1, wanted.page), pages)
    shown = fitting[(page - 1) * size : page * size]
    return Found(entries=shown, total=len(fitting), everybody=len(entries), page=page, pages=pages)


def _says(entry: Entry, word: str) -> bool:
    return any(word in text for text in _texts(entry))


def _texts(entry: Entry) -> Iterator[str]:
    yield entry.login
    yield entry.name.casefold()
    yield entry.staff_number.casefold()
