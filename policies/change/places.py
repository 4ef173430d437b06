"""Where a request goes: the few places that rules cut the endless number of paths into.

Inside one place every path meets the same rules, so one path speaks for all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final, Protocol

from policies.functions import path_in
from policies.patterns import next_segments, unused

SUBTREE: Final = "/**"
PAGES: Final = "app"
"""The key of the gateway's own pages, beside the slugs of services."""
ELSEWHERE: Final = "*"
"""The key of a service that no rule names."""
ALL_PAGES: Final = "app:**"
_NO_PAGE: Final = "app:any.page"


class Labelling(Protocol):
    """What the catalogue says of each service's places: their category and level."""

    @property
    def services(self) -> Collection[str]:
        """The slugs of all services there are."""

    def patterns(self, slug: str, /) -> Iterable[str]:
        """The places `svc:<slug>/…` where a service's label differs from its own."""

    def label(self, obj: str, action: str, /) -> tuple[str, int]:
        """The category and level of an object under an action."""


def key_of(pattern: str) -> str | None:
    """Return the service, or the pages, that a pattern or object lies in; None for categories."""
    if pattern.startswith("svc:"):
        return pattern[4:].partition("/")[0]
    return PAGES if pattern.startswith("app:") else None


def encloses(outer: str, inner: str) -> bool:
    """Tell whether all of one place lies in another, or is the same."""
    if inner == outer:
        return True
    if outer == ALL_PAGES:
        return inner.startswith("app:")
    return outer.endswith(SUBTREE) and path_in(inner.removesuffix(SUBTREE), outer)


def ways(place: str) -> Iterator[str]:
    """Return every pattern that can reach a place: itself, and the subtrees around it."""
    if place.startswith("app:"):
        yield from dict.fromkeys((place, ALL_PAGES))
        return
    top = place.removesuffix(SUBTREE)
    if top == place:
        yield place
        top = top.rstrip("/")
    yield f"{top}{SUBTREE}"
    while "/" in top:
        top = top.rpartition("/")[0]
        yield f"{top}{SUBTREE}"


class Places:
    """The places of one service, or the pages, each with one object that speaks for it."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.all = frozenset(patterns)
        self._taken = next_segments(self.all)
        self._narrower: dict[str, tuple[str, ...]] = {}

    def witness(self, place: str) -> str:
        """Return one object that lies in a place and in no narrower one."""
        if place == ALL_PAGES:
            return _NO_PAGE
        if not place.endswith(SUBTREE):
            return place
        top = place.removesuffix(SUBTREE)
        return f"{top}/{unused(self._taken.get(top, set()))}"

    def narrower(self, place: str) -> tuple[str, ...]:
        """Return the places that lie inside one."""
        if place not in self._narrower:
            inside = (each for each in self.all if each != place and encloses(place, each))
            self._narrower[place] = tuple(sorted(inside))
        return self._narrower[place]

    def inside(self, patterns: Iterable[str]) -> list[str]:
        """Return the places that lie in any of these patterns, sorted."""
        wanted = frozenset(patterns)
        return sorted(place for place in self.all if not wanted.isdisjoint(ways(place)))


def lies_in(obj: str, place: str, without: Iterable[str]) -> bool:
    """Tell whether an object lies in a place, and in none of the narrower ones."""
    return path_in(obj, place) and not any(path_in(obj, each) for each in without)
