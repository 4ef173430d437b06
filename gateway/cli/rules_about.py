"""The rules in force about one service."""

from __future__ import annotations

from collections.abc import Iterable

from policies.rules import Rule, RuleSet


def about(rules: RuleSet, slug: str) -> tuple[Rule, ...]:
    """Every rule about the service `slug` or a place in it."""
    return tuple(rule for rule in rules.rules if rule.is_about(slug))


def lines_of(rules: Iterable[Rule]) -> str:
    """The rules as lines of a message."""
    return "\n".join(f"  {rule.line}" for rule in rules)
