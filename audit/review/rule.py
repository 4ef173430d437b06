"""A rule: which entries it picks, and what about them, taken together, stands out.

The four correlation types are Sigma's. Source: SigmaHQ/sigma-specification, "Sigma Correlation
Rules Specification" 2.0. `audit.review.rule_text` reads one from YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import eq, ge, gt
from typing import Any

COMPARED = {"gte": ge, "gt": gt, "eq": eq}
"""Conditions. `lt` and `lte` would need a rule that fires when nothing happens."""
LEVELS = ("informational", "low", "medium", "high", "critical")
DAY = 86_400_000  # milliseconds


class Type(StrEnum):
    """How entries are taken together."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"


COUNTING = frozenset({Type.EVENT_COUNT, Type.VALUE_COUNT})


@dataclass(frozen=True, slots=True)
class Test:
    """One line of a selection: a field, how it is compared, and with what; any value is enough.

    Modifiers: none (equal; `*` at the end stands for any rest), `contains`, `fieldref` (equal to
    another field), `holds` (the account has one of these roles today), `outside` (the time of day
    is not within `08:00-18:00`), `quiet` (the actor did nothing for so long, but was known
    before), `new` (the actor did not use this value for so long).
    """

    field: str
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """Which entries one part of a rule means: all of `wanted`, none of `unwanted` hold."""

    name: str
    wanted: tuple[tuple[Test, ...], ...]
    unwanted: tuple[tuple[Test, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Usual:
    """Only what exceeds `times` the actor's own 95th percentile of a day, of `days` before."""

    times: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that can be run. `span` is in milliseconds.

    `aliases` name, for a group field, the field of each pick that stands for it.
    `counted` is what `value_count` counts different values of.
    """

    name: str
    title: str
    title_zh: str
    description: str
    description_zh: str
    level: str
    type: Type
    picks: tuple[Pick, ...]
    group_by: tuple[str, ...]
    span: int
    op: str = "gte"
    count: int = 1
    counted: str = ""
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    usual: Usual | None = None

    def holds(self, number: int) -> bool:
        """Whether so many entries, or different values, satisfy the condition."""
        return bool(COMPARED[self.op](number, self.count))

    def key_fields(self, pick: Pick) -> tuple[str, ...]:
        """The fields of an entry of `pick` that make its group."""
        return tuple(self.aliases.get(name, {}).get(pick.name, name) for name in self.group_by)

    def of(self, values: tuple[str, ...]) -> dict[str, Any]:
        """A group's values by their names."""
        return dict(zip(self.group_by, values, strict=True))
