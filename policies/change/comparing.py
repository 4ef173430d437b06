"""What one set of rules has that another has not, row by row."""

from __future__ import annotations

from dataclasses import dataclass

from policies.change.texts import rows_of
from policies.reading import Row
from policies.rules import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came and what went: rules first, then duties, tests and categories."""

    added: tuple[Row, ...]
    removed: tuple[Row, ...]


def compare(before: RuleSet, after: RuleSet) -> Comparison:
    """Tell two sets apart."""
    old, new = _ordered(before), _ordered(after)
    there, here = frozenset(old), frozenset(new)
    return Comparison(
        added=tuple(row for row in new if row not in there),
        removed=tuple(row for row in old if row not in here),
    )


def _ordered(rules: RuleSet) -> tuple[Row, ...]:
    """Rules are what a reader looks for; the tree of categories hardly ever changes."""
    found = rows_of(rules)
    count = len(rules.categories)
    return (*found[count:], *found[:count])
