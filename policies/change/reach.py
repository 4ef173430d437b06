"""What a change can touch: for each service the places, and the people who are to be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policies.change.places import ALL_PAGES, ELSEWHERE, PAGES, SUBTREE, Labelling, key_of
from policies.change.sides import Side
from policies.rules import Rule
from policies.vocabulary import ACTIONS, NO_CATEGORY, USE

DATA_ACTIONS = tuple(sorted(ACTIONS - {USE}))
Standing = Mapping[str, tuple[frozenset[str], frozenset[str]]]
"""For each person what he or she counts as before, and after; nothing while not known."""


@dataclass(slots=True)
class Touched:
    """What a change touches in one service: everything else there stays as it was."""

    patterns: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    rules: set[Rule] = field(default_factory=set)


class Reach:
    """Follows changed rules, moved people and moved categories to the services they touch."""

    def __init__(self, before: Side, after: Side, labelling: Labelling | None) -> None:
        self._sides = (before, after)
        self._labelling = labelling
        self._services = self._services_by_category() if labelling else {}
        self._found: defaultdict[str, Touched] = defaultdict(Touched)

    def touched(self, standing: Standing) -> Mapping[str, Touched]:
        """Return, by service, everything that may have changed for anybody."""
        before, after = self._sides
        for rule in set(before.rules) ^ set(after.rules):
            self._touch(rule, changed=True)
        for rule in self._by_moved_categories():
            self._touch(rule, changed=False)
        for name, people in _moved(standing).items():
            for rule in (*before.by_subject.get(name, ()), *after.by_subject.get(name, ())):
                self._touch(rule, changed=False, people=people)
        return self._found

    def _touch(self, rule: Rule, *, changed: bool, people: Iterable[str] = ()) -> None:
        for key, pattern in self._where(rule.obj):
            found = self._found[key]
            found.patterns.add(pattern)
            if changed:
                found.rules.add(rule)
            if people:
                found.people.update(people)
            else:
                found.subjects.add(rule.sub)

    def _where(self, obj: str) -> Iterable[tuple[str, str]]:
        key = key_of(obj)
        if key is not None:
            return [(key, obj)]
        return [(key, root_of(key)) for key in self._keys_of(obj)]

    def _keys_of(self, category: str) -> set[str]:
        pages = {PAGES} if self._belongs(NO_CATEGORY, category) else set()
        if self._labelling is None:
            before, after = self._sides
            return {*before.keys, *after.keys, ELSEWHERE} - {PAGES} | pages
        return pages.union(
            *(slugs for name, slugs in self._services.items() if self._belongs(name, category))
        )

    def _belongs(self, category: str, group: str) -> bool:
        return any(group in side.above(category) for side in self._sides)

    def _by_moved_categories(self) -> set[Rule]:
        before, after = self._sides
        found: set[Rule] = set()
        for name in before.categories.keys() | after.categories.keys():
            for group in before.above(name) ^ after.above(name):
                for side in self._sides:
                    found.update(side.by_category.get(group, ()))
        return found

    def _services_by_category(self) -> dict[str, set[str]]:
        assert self._labelling is not None
        found: defaultdict[str, set[str]] = defaultdict(set)
        for slug in self._labelling.services:
            inner = {each.removesuffix(SUBTREE) for each in self._labelling.patterns(slug)}
            for place in inner - {f"svc:{slug}"} | {f"svc:{slug}/"}:
                for action in DATA_ACTIONS:
                    found[self._labelling.label(place, action)[0]].add(slug)
        return found


def _moved(standing: Standing) -> Mapping[str, set[str]]:
    """Return for each group the people who joined or left it."""
    moved: defaultdict[str, set[str]] = defaultdict(set)
    for person, (was, now) in standing.items():
        for name in was ^ now if was != now else ():
            moved[name].add(person)
    return moved


def root_of(key: str) -> str:
    """Return the pattern of all of a service, or of all pages."""
    return ALL_PAGES if key == PAGES else f"svc:{key}{SUBTREE}"
