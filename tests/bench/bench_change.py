"""Changing 100,000 rules: the exact difference, the findings, and a million decisions again.

Twenty-five rules go and twenty-five come. The questions of the replay are what the made-up
office's people ask, each question some times, as in a month of a real one. Of each step the time
on the wall and, to hold beside whatever else the machine does, that of the processor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from time import perf_counter, process_time

from figures import Row

from policies.bench_model import NOON, Office, office
from policies.change.diff import State, difference
from policies.change.replay import replay
from policies.change.texts import Document, Form
from policies.change.validate import Known, validate
from policies.engine import build
from policies.rules import RuleSet

RULES = 100_000
CHANGED = 50
DECISIONS = 1_000_000
DISTINCT = 200_000


@dataclass(frozen=True)
class Labels:
    """The made-up office's catalogue."""

    made: Office

    @property
    def services(self) -> frozenset[str]:
        """All of them."""
        return frozenset(f"s{number}" for number in range(self.made.services))

    def patterns(self, _slug: str) -> tuple[str, ...]:
        """Each has one label throughout."""
        return ()

    def label(self, obj: str, _action: str) -> tuple[str, int]:
        """The label its questions carry (`policies.bench_model`)."""
        number = int(obj.removeprefix("svc:s").partition("/")[0])
        return f"cat:data-{number % len(self.made.rules.categories)}", number % 3


def main() -> list[Row]:
    """Return the times of each, and what they found."""
    made = office(RULES)
    changed = _changed(made)
    people = made.memberships
    known = Known(people=people.people, memberships=people, clearance=lambda _: 2)
    text = Document(made.rules).text(Form.CSV)
    steps = Steps()
    found = difference(
        State(made.rules, people), State(changed, people), since=NOON, labelling=Labels(made)
    )
    steps.end()
    findings = validate(text, known=known, now=NOON).findings
    steps.end()
    engines = build(made.rules, people), build(changed, people)
    steps.end()
    again = replay(_log(made), *engines)
    steps.end()
    size = f"{RULES:,} rules"
    told = (
        f"{size}, {CHANGED} changed: {len(found.changes)} found",
        f"{size}: validation, {len(findings):,} found",
        f"{size}: two engines built",
        f"{again.read:,} decisions again, {again.distinct:,} distinct",
    )
    return [
        *(row for what, each in zip(told, steps.taken, strict=True) for row in _rows(what, *each)),
        Row("of them decided otherwise", sum(shift.count for shift in again.shifts), ""),
    ]


class Steps:
    """Seconds on the wall and of the processor, from one step's end to the next."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, float]] = []
        self._last = perf_counter(), process_time()

    def end(self) -> None:
        """A step has ended."""
        now = perf_counter(), process_time()
        self.taken.append((now[0] - self._last[0], now[1] - self._last[1]))
        self._last = now


def _rows(what: str, wall: float, processor: float) -> list[Row]:
    return [Row(f"{what}, wall", wall, "s"), Row("  processor", processor, "s")]


def _changed(made: Office) -> RuleSet:
    luck = Random(5)
    gone = set(luck.sample(made.rules.rules, CHANGED // 2))
    held = set(made.rules.rules)
    fresh = [rule for rule in office(2_000, seed=99).rules.rules if rule not in held]
    kept = [rule for rule in made.rules.rules if rule not in gone]
    return replace(made.rules, rules=(*kept, *fresh[: CHANGED // 2]))


def _log(made: Office) -> Iterator[bytes]:
    asked = made.requests(DISTINCT)
    for number in range(DECISIONS):
        each = asked[number % DISTINCT]
        question = {
            "act": each.action,
            "auth": each.strength,
            "cat": each.category,
            "cls": each.classification,
            "clr": each.clearance,
            "net": each.network,
            "now": each.now,
        }
        body = {
            "ev": "decision.allowed",
            "did": f"{number:032x}",
            "sub": each.subject,
            "zone": each.zone,
            "obj": each.object,
            "svc": each.object[4:].partition("/")[0],
            "ts": "2026-11-27T08:00:00.000Z",
            "d": {"method": each.action, "path": "/", "q": question},
        }
        yield json.dumps(body, separators=(",", ":")).encode()


if __name__ == "__main__":
    for row in main():
        print(row)  # noqa: T201 - its purpose
