"""One version of the rules with its people, laid out so that any place's rules are at hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from policies.change.places import key_of
from policies.change.space import Points, points_of
from policies.compiled_rules import Windows, entry, is_open
from policies.compiled_subjects import SubjectClosures
from policies.hierarchy import Parents, closure, parents_of
from policies.memberships import Memberships
from policies.rules import Rule, RuleSet
from policies.vocabulary import ANY

Spoken: TypeAlias = tuple[Points, Windows, Rule]
"""What one rule accepts, when, and the rule."""

Table: TypeAlias = Mapping[str, list[Spoken]]
"""The rules of one place by their subject."""


@dataclass(frozen=True)
class State:
    """Rules and the people they are about: one of the two states that are compared."""

    rules: RuleSet
    memberships: Memberships


class Side:
    """A state as one zone sees it. Never changes once it is made.

    `keys` are the services, and `category_names` the categories, that rules of whatever zone
    name, or the tree.
    """

    def __init__(self, state: State, zone: str) -> None:
        self.zone = zone
        self.rules = [rule for rule in state.rules.rules if rule.zone in (ANY, zone)]
        self.people = state.memberships.people
        self.categories: Parents = parents_of(state.rules.categories)
        # Of every zone alike, so that a name is known in all of them or in none.
        named = {rule.obj: key_of(rule.obj) for rule in state.rules.rules}
        self.keys = frozenset(key for key in named.values() if key is not None)
        self.category_names = frozenset(obj for obj, key in named.items() if key is None).union(
            self.categories, *self.categories.values()
        )
        self.by_key: dict[str, list[Rule]] = defaultdict(list)
        self.by_category: dict[str, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            key = key_of(rule.obj)
            if key is None:
                self.by_category[rule.obj].append(rule)
            else:
                self.by_key[key].append(rule)
        self.memberships = state.memberships

    @cached_property
    def by_subject(self) -> Mapping[str, list[Rule]]:
        """The rules of each subject."""
        found: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            found[rule.sub].append(rule)
        return found

    @cached_property
    def category_tables(self) -> Mapping[str, Table]:
        """The rules of each category by their subject."""
        return {name: table_of(rules) for name, rules in self.by_category.items()}

    def above(self, category: str) -> frozenset[str]:
        """Return a category and all it belongs to."""
        return closure(category, self.categories)

    def tables_of(self, category: str) -> list[Table]:
        """Return the tables that a request of this category meets besides its place's."""
        named = self.above(category) & self.category_tables.keys()
        return [self.category_tables[each] for each in sorted(named)]

    def standing(self, names: Mapping[str, str]) -> dict[str, frozenset[str]]:
        """Return for every person known here what he or she counts as, of these names."""
        subjects = SubjectClosures(self.memberships, names, remembered=1)
        return {person: subjects.of(person, self.zone) or frozenset() for person in self.people}


def table_of(rules: Iterable[Rule]) -> Table:
    """Return rules by their subject, each with its points and its windows."""
    found: defaultdict[str, list[Spoken]] = defaultdict(list)
    for rule in rules:
        points = points_of(rule.act, rule.cls, rule.net, rule.auth)
        found[rule.sub].append((points, entry(rule)[1], rule))
    return found


def met(tables: Iterable[Table], subjects: frozenset[str]) -> Iterator[Spoken]:
    """Return what these tables say to somebody who counts as these subjects."""
    for table in tables:
        for subject in subjects:
            if subject in table:
                yield from table[subject]


def allowed(spoken: Iterable[Spoken], now: int) -> Points:
    """Return what these rules together allow at a moment: some allow, and no deny."""
    given = taken = 0
    for points, windows, rule in spoken:
        if windows and not is_open(windows, now):
            continue
        if rule.allows:
            given |= points
        else:
            taken |= points
    return given & ~taken
