"""Where rules lie: at each place of the rules all that reaches it, by subject.

A request is looked up by its object, then by the ways up from it, until a place is known: what
is found there holds the rules of every place above as well. However many rules there are, a
request meets one table for its object and one for its category.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from policies.compiled_rules import Entry, entry
from policies.hierarchy import closure, parents_of
from policies.rules import RuleSet

BySubject: TypeAlias = Mapping[str, Sequence[Entry]]

Table: TypeAlias = tuple[frozenset[str], BySubject]
"""(the subjects that rules speak of at one place, their rules there by subject).

The names stand there twice because two sets meet by the hashes they hold, the smaller walked,
while a dictionary's keys would be looked up by names scattered over the whole memory.
"""

Tables: TypeAlias = tuple[Table, ...]

COPIED: Final = 64
"""Rules of the places above that a place takes into its own table; what has more stays apart.

The memory for copies is thereby bounded: at most so many for each place of the rules.
"""

_PAGES: Final = "app:"
_SUBTREE: Final = "/**"
_ALL_PAGES: Final = "app:**"
_NONE: Final[Tables] = ()
_NO_ENTRIES: Final[tuple[Entry, ...]] = ()


class ObjectIndex:
    """Finds the tables a request's object and category meet. Not changed once it is built.

    Args:
        names: the subjects of the rules, each as the one object that stands for it.
    """

    __slots__ = ("_below", "_categories", "_depth", "_exact")

    def __init__(self, rules: RuleSet, names: Mapping[str, str]) -> None:
        by_object = _gathered(rules, names)
        patterns = sorted(pattern for pattern in by_object if not pattern.startswith("cat:"))
        self._depth = max((pattern.count("/") for pattern in patterns), default=0)
        # In order, so that what one request may meet lies together, and so that a place comes
        # after all that lie above it: a star sorts before every character of a path.
        self._below: dict[str, Tables] = {}
        alone = []
        for pattern in patterns:
            if (top := _top(pattern)) is None:
                alone.append(pattern)
            else:
                self._below[top] = _joined(by_object[pattern], self._reaching(top))
        self._exact = {
            pattern: _joined(by_object[pattern], self._reaching(pattern)) for pattern in alone
        }
        self._categories = _inherited(by_object, rules)

    def tables(self, obj: str, category: str) -> Tables:
        """Return every table whose rules reach a well-formed object of this category."""
        found = self._exact.get(obj)
        if found is None:
            found = self._reaching(obj)
        by_category = self._categories.get(category)
        return found if by_category is None else found + by_category

    def _reaching(self, obj: str) -> Tables:
        """Return the tables of the nearest subtree that an object lies in."""
        if obj.startswith(_PAGES):
            return self._below.get(_PAGES, _NONE)
        if obj.count("/") > self._depth:
            # Deeper than any rule nothing can be found: the work is bounded by the rules, not
            # by the sender of the path.
            obj = "/".join(obj.split("/", self._depth)[: self._depth])
        below = self._below
        while (found := below.get(obj)) is None:
            way, slash, _ = obj.rpartition("/")
            if not slash:
                return _NONE
            obj = way
        return found


def _top(pattern: str) -> str | None:
    """Return the place whose subtree a pattern means; None if it means one place alone."""
    if pattern == _ALL_PAGES:
        return _PAGES
    return pattern.removesuffix(_SUBTREE) if pattern.endswith(_SUBTREE) else None


def _gathered(rules: RuleSet, names: Mapping[str, str]) -> Mapping[str, BySubject]:
    """Return the rules of each object by subject."""
    found: dict[str, dict[str, tuple[Entry, ...]]] = {}
    for rule in rules.rules:
        if (by_subject := found.get(rule.obj)) is None:
            by_subject = found[rule.obj] = {}
        name = names[rule.sub]
        by_subject[name] = (*by_subject.get(name, _NO_ENTRIES), entry(rule))
    return found


def _table(by_subject: BySubject) -> Table:
    return frozenset(by_subject), by_subject


def _joined(own: BySubject, above: Tables) -> Tables:
    """Return a place's own rules with those from above, in one table unless that grows large."""
    if not above:
        return (_table(own),)
    nearest, *further = above
    if sum(map(len, nearest[1].values())) > COPIED:
        return (_table(own), *above)
    both = {**nearest[1], **own}
    for name in nearest[0] & own.keys():
        both[name] = (*own[name], *nearest[1][name])
    return (_table(both), *further)


def _inherited(by_object: Mapping[str, BySubject], rules: RuleSet) -> dict[str, Tables]:
    """Return for each category the rules of itself and of all it belongs to."""
    parents = parents_of(rules.categories)
    named = {name for name in by_object if name.startswith("cat:")}
    found: dict[str, Tables] = {}
    for name in sorted(named | parents.keys()):
        tables = _all_joined(by_object[each] for each in sorted(closure(name, parents) & named))
        if tables:
            found[name] = tables
    return found


def _all_joined(places: Iterable[BySubject]) -> Tables:
    found: Tables = _NONE
    for by_subject in places:
        found = _joined(by_subject, found)
    return found
