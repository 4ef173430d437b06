"""The cells that two states are compared in: one place, one kind of data, and the rules there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.change.places import ELSEWHERE, PAGES, Labelling, Places, ways
from policies.change.reach import DATA_ACTIONS, Standing, root_of
from policies.change.sides import Side, Table, table_of
from policies.change.space import PAGES as PAGE_POINTS
from policies.change.space import SERVICES, Points, labelled
from policies.patterns import unused
from policies.permissions import Permission
from policies.rules import Rule
from policies.vocabulary import ANY, NO_CATEGORY


@dataclass(frozen=True, slots=True)
class Cell:
    """One place with one kind of data, and the rules that reach it before and after."""

    place: str
    places: Places
    witness: str
    categories: tuple[str, ...]
    points: Points
    layers: tuple[list[Table], ...]


class Cells:
    """Cuts services into cells, within which every request meets the same rules."""

    def __init__(
        self, sides: tuple[Side, Side], standing: Standing, labelling: Labelling | None
    ) -> None:
        self._sides = sides
        self._standing = standing
        self._labelling = labelling
        self._keys = {key for side in sides for key in side.keys}
        self._categories = {name for side in sides for name in side.category_names}

    def of(self, key: str, patterns: Iterable[str], people: Iterable[str]) -> Iterator[Cell]:
        """Return the places to compare, each with the rules that reach it on either side."""
        rules = [side.by_key.get(key, []) for side in self._sides]
        known = {rule.obj for each in rules for rule in each} | {root_of(key)}
        is_labelled = self._labelling is not None and key in self._labelling.services
        if self._labelling is not None and is_labelled:
            known.update(self._labelling.patterns(key))
        if key == PAGES:
            known.update(each.object for each in Permission)
        places = Places(known)
        tables = [_tables(each) for each in rules]
        open_slices = () if is_labelled else self._slices(key, people)
        for place in places.inside(patterns):
            witness = self._elsewhere() if key == ELSEWHERE else places.witness(place)
            by_place = [[each[way] for way in ways(place) if way in each] for each in tables]
            for categories, points in self._labelled(witness) if is_labelled else open_slices:
                layers = tuple(
                    [*by_place[at], *side.tables_of(categories[0])]
                    for at, side in enumerate(self._sides)
                )
                yield Cell(place, places, witness, categories, points, layers)

    def _labelled(self, witness: str) -> Iterator[tuple[tuple[str, ...], Points]]:
        """Cut what can be asked of a place by the labels the catalogue gives it."""
        assert self._labelling is not None
        found: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for action in DATA_ACTIONS:
            found[self._labelling.label(witness, action)].append(action)
        for (category, level), actions in found.items():
            yield (category,), labelled(actions, level)

    def _slices(self, key: str, people: Iterable[str]) -> list[tuple[tuple[str, ...], Points]]:
        """Cut what can be asked of a place by categories that differ for these people.

        The first of each slice stands for all; `*` for every one no rule speaks of.
        """
        if key == PAGES:
            return [((NO_CATEGORY, ANY), PAGE_POINTS)]
        subjects = frozenset().union(*(part for each in people for part in self._standing[each]))
        spoken = [
            {name for name, table in side.category_tables.items() if not subjects.isdisjoint(table)}
            for side in self._sides
        ]
        alike: defaultdict[tuple[frozenset[str], ...], list[str]] = defaultdict(list)
        other = unused({name.removeprefix("cat:") for name in self._categories})
        for name in (NO_CATEGORY, *sorted(self._categories - {NO_CATEGORY}), f"cat:{other}"):
            reached = tuple(
                side.above(name) & names for side, names in zip(self._sides, spoken, strict=True)
            )
            alike[reached].append(name)
        return [
            ((*names, ANY) if names[-1] == f"cat:{other}" else tuple(names), SERVICES)
            for names in alike.values()
        ]

    def _elsewhere(self) -> str:
        return f"svc:{unused(self._keys)}/"


def _tables(rules: Iterable[Rule]) -> dict[str, Table]:
    by_place: defaultdict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_place[rule.obj].append(rule)
    return {place: table_of(found) for place, found in by_place.items()}
