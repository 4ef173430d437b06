"""Whether an entry is one that a rule picks, and to which group of the rule it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Protocol

from audit.index_row import IndexRow, folded
from audit.review.engine import Happening
from audit.review.rule import Pick, Rule, Test
from audit.review.rule_node import span_of
from audit.vocabulary import EVENTS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DETAILS = "details."


class Memory(Protocol):
    """What came before an entry, as far as a rule asks."""

    def details(self, seq: int) -> Mapping[str, Any]:
        """What entry `seq` says beyond the common fields."""

    def was_quiet(self, row: IndexRow, span: int) -> bool:
        """Whether the actor did nothing for `span` ms before, but something earlier."""

    def is_new(self, row: IndexRow, field: str, span: int) -> bool:
        """Whether the actor did not use this value of `field` for `span` ms before."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rules know beside the log: the office's clock, and who has which role today.

    `roles` maps a subject to the roles of the account.
    """

    zone: tzinfo
    roles: Callable[[], Mapping[str, frozenset[str]]]


def events_of(rule: Rule) -> tuple[str, ...]:
    """The events that a rule needs to see; every other one it passes over."""
    return tuple(dict.fromkeys(name for pick in rule.picks for name in pick_events(pick)))


@lru_cache(maxsize=1024)
def pick_events(pick: Pick) -> frozenset[str]:
    """The events that a pick can mean."""
    found = set(EVENTS)
    for tests in pick.wanted:
        for test in tests:
            if test.field == "event" and not test.modifier:
                found = {name for name in found if _is_like(name, test.values)}
    return frozenset(found)


def happenings(
    rule: Rule, rows: Sequence[IndexRow], around: Surroundings, memory: Memory
) -> Iterator[Happening]:
    """What the rule picks of these entries. One entry may be several of its picks."""
    for step, pick in enumerate(rule.picks):
        names = pick_events(pick)
        for row in rows:
            if row.event not in names:
                continue
            key = key_of(rule, pick, row, memory)
            value = _value(rule.counted, row, memory) if rule.counted else ""
            if key is None or value is None or not _is_picked(pick, row, around, memory):
                continue
            yield Happening(row.at, row.seq, step, key, value)


def key_of(rule: Rule, pick: Pick, row: IndexRow, memory: Memory) -> tuple[str, ...] | None:
    """The entry's group; None if it lacks one of the group's fields."""
    found = tuple(_value(name, row, memory) for name in rule.key_fields(pick))
    return None if None in found else tuple(each for each in found if each is not None)


def _is_picked(pick: Pick, row: IndexRow, around: Surroundings, memory: Memory) -> bool:
    holds = lambda tests: all(_holds(test, row, around, memory) for test in tests)  # noqa: E731
    return all(map(holds, pick.wanted)) and not any(map(holds, pick.unwanted))


def _holds(test: Test, row: IndexRow, around: Surroundings, memory: Memory) -> bool:
    first = test.values[0]
    match test.modifier:
        case "outside":
            return _is_outside(first, row.at, around.zone)
        case "quiet":
            return memory.was_quiet(row, span_of(first))
        case "new":
            return memory.is_new(row, test.field, span_of(first))
    value = _value(test.field, row, memory)
    return value is not None and _compares(test, value, row, around, memory)


def _compares(test: Test, value: str, row: IndexRow, around: Surroundings, memory: Memory) -> bool:
    if test.modifier == "holds":
        return bool(around.roles().get(value, frozenset()) & set(test.values))
    if test.modifier == "fieldref":
        return any(value == _value(other, row, memory) for other in test.values)
    if test.modifier == "contains":
        return any(folded(each) in folded(value) for each in test.values)
    return _is_like(value, test.values)


def _value(name: str, row: IndexRow, memory: Memory) -> str | None:
    if name.startswith(DETAILS):
        found = memory.details(row.seq).get(name.removeprefix(DETAILS))
        if isinstance(found, list):
            return " ".join(str(each) for each in found) or None
        return None if found is None or isinstance(found, dict) else str(found)
    found = getattr(row, name)
    return None if found is None or found == "" else str(found)


def _is_like(value: str, patterns: Sequence[str]) -> bool:
    return any(
        value.startswith(each[:-1]) if each.endswith("*") else value == each for each in patterns
    )


def _is_outside(hours: str, at: int, zone: tzinfo) -> bool:
    """Whether the local time of day is not within `from`-`to`; `22:00-06:00` spans midnight."""
    start, end = (time.fromisoformat(each) for each in hours.split("-"))
    moment = (_EPOCH + timedelta(milliseconds=at)).astimezone(zone).time()
    inside = start <= moment < end if start < end else moment >= start or moment < end
    return not inside
