"""Where rules lie: a tree of path segments, and at each place the rules of each subject.

A request meets one node for each segment of its path and one table for each category it
belongs to, however many rules there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from policies.compiled_rules import Entry, entry
from policies.hierarchy import closure, parents_of
from policies.rules import Rule, RuleSet

Table: TypeAlias = tuple[frozenset[str], Mapping[str, Sequence[Entry]]]
"""(the subjects that rules speak of at one place, their rules there by subject).

The names stand there twice because two sets meet by the hashes they hold, the smaller walked,
while a dictionary's keys would be looked up by names scattered over the whole memory.
"""

_PAGES: Final = "app:"
_SUBTREE: Final = "/**"
_ALL_PAGES: Final = "app:**"


class _Node:
    """One place: the rules of exactly this place, and those of everything from here on."""

    __slots__ = ("below", "children", "exact")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.exact: Table | None = None
        self.below: Table | None = None


class ObjectIndex:
    """Finds the tables a request's object and category meet. Not changed once it is built.

    Args:
        names: the subjects of the rules, each as the one object that stands for it.
    """

    __slots__ = ("_categories", "_depth", "_root")

    def __init__(self, rules: RuleSet, names: Mapping[str, str]) -> None:
        gathered: dict[str, list[Rule]] = {}
        for rule in rules.rules:
            gathered.setdefault(rule.obj, []).append(rule)
        # In order, so that what one request may meet lies together: less memory to fetch.
        by_object = {obj: _table(gathered[obj], names) for obj in sorted(gathered)}
        self._root = _Node()
        self._depth = 0
        for pattern, table in by_object.items():
            if not pattern.startswith("cat:"):
                self._place(pattern, table)
        self._categories = _inherited(by_object, rules)

    def tables(self, obj: str, category: str) -> list[Table]:
        """Return every table whose rules reach a well-formed object of this category."""
        found = [*self._categories.get(category, ())]
        node = self._root
        # Deeper than any rule the rest of a path stays one part, which no rule can name: the
        # work is bounded by the rules, not by the sender of the path.
        for part in _parts(obj, self._depth):
            child = node.children.get(part)
            if child is None:
                return found
            node = child
            if node.below is not None:
                found.append(node.below)
        if node.exact is not None:
            found.append(node.exact)
        return found

    def _place(self, pattern: str, table: Table) -> None:
        is_subtree = pattern == _ALL_PAGES or pattern.endswith(_SUBTREE)
        path = [_PAGES] if pattern == _ALL_PAGES else _parts(pattern.removesuffix(_SUBTREE))
        node = self._root
        for part in path:
            node = node.children.setdefault(part, _Node())
        self._depth = max(self._depth, len(path))
        if is_subtree:
            node.below = table
        else:
            node.exact = table


def _table(rules: Iterable[Rule], names: Mapping[str, str]) -> Table:
    """Return the table of one place, made in one go so that it lies together in memory."""
    by_subject: dict[str, list[Entry]] = {}
    for rule in rules:
        by_subject.setdefault(names[rule.sub], []).append(entry(rule))
    return frozenset(by_subject), {name: tuple(found) for name, found in by_subject.items()}


def _parts(obj: str, at_most: int = -1) -> list[str]:
    """Return the way from the root to an object; all pages lie below one node."""
    return [_PAGES, obj] if obj.startswith(_PAGES) else obj.split("/", at_most)


def _inherited(by_object: Mapping[str, Table], rules: RuleSet) -> dict[str, Sequence[Table]]:
    """Return for each category the tables of itself and of all it belongs to."""
    parents = parents_of(rules.categories)
    named = {name for name in by_object if name.startswith("cat:")}
    found: dict[str, Sequence[Table]] = {}
    for name in named | parents.keys():
        tables = tuple(by_object[each] for each in closure(name, parents) & named)
        if tables:
            found[name] = tables
    return found
