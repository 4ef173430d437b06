"""The exact difference of two states of the rules: who gains what, who loses what.

    found = difference(State(old, people), State(new, people), since=now)

Only what changed is looked at: the places changed rules speak of, for the people they speak
to. There each place, group of people and span of time is one comparison of two sets of points
(`policies.change.space`), so nothing is sampled and nothing is left out. Every change comes
with one request that both engines can be asked (reference notes 5.3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from policies.change.cells import Cell, Cells
from policies.change.changes import Change, Difference
from policies.change.places import Labelling
from policies.change.reach import Reach, Standing, Touched
from policies.change.sides import Side, Spoken, State, allowed, met
from policies.change.space import ALL, Point, Points, cleared, first
from policies.change.spans import Span, joined, spans
from policies.decision import Request
from policies.vocabulary import ZONES

__all__ = ["Change", "Difference", "State", "difference"]

Progress = Callable[[int, int], None]
"""Told how many services of how many are compared."""


def difference(
    before: State,
    after: State,
    *,
    since: int,
    zones: Iterable[str] = tuple(sorted(ZONES)),
    labelling: Labelling | None = None,
    clearance: Callable[[str], int] | None = None,
    no_write_down: bool = False,
    progress: Progress | None = None,
) -> Difference:
    """Return who may do what after and not before, and the other way round.

    Args:
        before: rules and people as they are.
        after: as they would be.
        zones: those to compare.
        since: seconds since 1970 UTC; what ended before does not count.
        labelling: the catalogue; with it only real services count, with their real categories
            and levels. Without it a place may hold data of any category.
        clearance: a person's level; without it everybody counts as cleared.
        no_write_down: as for the engines.
        progress: told of each service.
    """
    found: list[Change] = []
    keys = set(labelling.services) if labelling else set()
    categories: set[str] = set()
    for zone in zones:
        compared = _Comparison(
            Side(before, zone), Side(after, zone), since=since, labelling=labelling
        )
        compared.open_to(clearance, no_write_down=no_write_down)
        found += compared.changes(progress)
        keys |= compared.before.keys | compared.after.keys
        categories |= {*compared.before.category_names, *compared.after.category_names}
    return Difference(tuple(found), since, frozenset(keys), frozenset(categories))


class _Comparison:
    """Two sides in one zone."""

    def __init__(
        self, before: Side, after: Side, *, since: int, labelling: Labelling | None
    ) -> None:
        self.before, self.after = self._sides = (before, after)
        self._since = since
        self._labelling = labelling
        self._clearance: Callable[[str], int] | None = None
        self._no_write_down = False
        self._standing = _standing(before, after)
        self._cells = Cells(self._sides, self._standing, labelling)
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        for person, (was, now) in self._standing.items():
            for name in was | now:
                self._members[name].append(person)

    def open_to(self, clearance: Callable[[str], int] | None, *, no_write_down: bool) -> None:
        """Say what people are cleared for."""
        self._clearance = clearance
        self._no_write_down = no_write_down

    def changes(self, progress: Progress | None) -> Iterator[Change]:
        """Return all changes, service by service."""
        touched = Reach(*self._sides, self._labelling).touched(self._standing)
        for done, key in enumerate(sorted(touched), start=1):
            yield from self._in_service(key, touched[key])
            if progress is not None:
                progress(done, len(touched))

    def _in_service(self, key: str, touched: Touched) -> Iterator[Change]:
        people = touched.people.union(*(self._members[name] for name in touched.subjects))
        cells = list(self._cells.of(key, touched.patterns, people))
        names = (name for cell in cells for each in cell.layers for table in each for name in table)
        groups = self._groups(people, frozenset(names))
        for cell in cells:
            for (was, now, points), alike in groups.items():
                layers = zip(cell.layers, (was, now), strict=True)
                spoken = [tuple(met(layer, subjects)) for layer, subjects in layers]
                if spoken[0] == spoken[1]:
                    continue
                for gains, where, times in _compared(spoken, cell.points & points, self._since):
                    here = sorted(
                        {rule.id for each in spoken for _, _, rule in each if rule in touched.rules}
                    )
                    yield Change(
                        gains=gains,
                        people=tuple(alike),
                        zone=self._sides[0].zone,
                        service=key,
                        place=cell.place,
                        without=cell.places.narrower(cell.place),
                        categories=cell.categories,
                        points=where,
                        times=times,
                        rules=tuple(sorted(here)),
                        witness=self._witness(cell, alike[0], first(where), times[0]),
                    )

    def _groups(
        self, people: Iterable[str], relevant: frozenset[str]
    ) -> dict[tuple[frozenset[str], frozenset[str], Points], list[str]]:
        """Return people by all that can make a difference between them."""
        found: dict[tuple[frozenset[str], frozenset[str], Points], list[str]] = {}
        for person in sorted(people):
            was, now = self._standing[person]
            points = ALL
            if self._clearance is not None:
                points = cleared(self._clearance(person), no_write_down=self._no_write_down)
            held = was & relevant
            key = (held, held if now is was else now & relevant, points)
            found.setdefault(key, []).append(person)
        return found

    def _witness(self, cell: Cell, person: str, point: Point, span: Span) -> Request:
        return Request(
            subject=person,
            zone=self._sides[0].zone,
            object=cell.witness,
            action=point.action,
            strength=point.strength,
            now=span.start,
            category=cell.categories[0],
            classification=point.level,
            clearance=point.level if self._clearance is None else self._clearance(person),
            network=point.network,
        )


def _compared(
    spoken: Sequence[tuple[Spoken, ...]], points: Points, since: int
) -> Iterator[tuple[bool, Points, tuple[Span, ...]]]:
    """Return what these rules and those disagree about: gained or lost, which points, when."""
    windows = [windows for each in spoken for _, windows, _ in each if windows]
    found: defaultdict[tuple[bool, Points], list[Span]] = defaultdict(list)
    for span in spans(windows, since=since):
        was, now = (allowed(each, span.start) & points for each in spoken)
        for gains, changed in ((True, now & ~was), (False, was & ~now)):
            if changed:
                found[gains, changed].append(span)
    for (gains, changed), times in found.items():
        yield gains, changed, joined(times)


def _standing(before: Side, after: Side) -> Standing:
    names = {rule.sub: rule.sub for side in (before, after) for rule in side.rules}
    was = before.standing(names)
    if before.memberships == after.memberships:
        return {person: (held, held) for person, held in was.items()}
    now = after.standing(names)
    nothing: frozenset[str] = frozenset()
    return {
        person: (was.get(person, nothing), now.get(person, nothing))
        for person in was.keys() | now.keys()
    }
