"""What leans on each rule: what the log says it did, and what would be lost without it.

These are two numbers, and they differ. The log's is of the past: decisions that name the rule.
The other is of today: what people were given in these days, by whatever rule, is decided again
by the rules in force. An answer names all rules that gave it, so that one rule's removal denies
(or makes harder) exactly the questions it answered alone, and the removal of several those whose
every answer is among them: no second engine is asked. What was refused when it was asked, perhaps
before the rule existed, is asked no more: nobody loses by a removal what they never had.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policies.change.asked import Progress, gathered
from policies.compiled import CompiledEngine
from policies.decision import Outcome
from policies.uses import rules_of


@dataclass(slots=True)
class Lean:
    """What leans on one rule.

    Attributes:
        named: recorded decisions of these days that name it: its uses, as the log counts them.
        people: whose decisions those were.
        newest: when the last of them was recorded.
        carried: accesses given in these days that it would give today, alone or with others.
        alone: those of them that no other rule would give.
    """

    named: int = 0
    people: set[str] = field(default_factory=set)
    newest: datetime | None = None
    carried: int = 0
    alone: int = 0


@dataclass(frozen=True, slots=True)
class Leaning:
    """What leans on the rules in force.

    Attributes:
        asked: accesses given in these days that were decided again.
        rules: by the rule's id; a rule that did and would give nothing is missing.
        answers: for each set of rules that would give an answer together, how many accesses.
    """

    asked: int
    rules: dict[str, Lean]
    answers: dict[frozenset[str], int]

    def missed(self, removed: Iterable[str]) -> int:
        """Return how many given accesses would be denied, or need more, without some rules."""
        gone = frozenset(removed)
        return sum(count for rules, count in self.answers.items() if rules <= gone)


def leaning(
    bodies: Iterable[bytes], engine: CompiledEngine, *, progress: Progress | None = None
) -> Leaning:
    """Count what the log's entries say of each rule, and decide again what they say was given."""
    rules: dict[str, Lean] = {}
    questions, _, _ = gathered(_noting(bodies, rules), (engine,), progress=progress)
    given = [each for each in questions if each.was_given]
    answers: dict[frozenset[str], int] = {}
    for asked in given:
        decision = engine.decide(asked.request)
        if decision.outcome is Outcome.DENY:
            continue
        gave = frozenset(decision.rules)
        answers[gave] = answers.get(gave, 0) + asked.count
        for each in gave:
            lean = rules.setdefault(each, Lean())
            lean.carried += asked.count
            lean.alone += asked.count * (len(gave) == 1)
    return Leaning(sum(each.count for each in given), rules, answers)


def _noting(bodies: Iterable[bytes], rules: dict[str, Lean]) -> Iterator[bytes]:
    """Give the entries on; note on the way which rules each names."""
    for body in bodies:
        if named := rules_of(body):
            entry = json.loads(body)
            for each in named:
                _note(rules.setdefault(each, Lean()), entry)
        yield body


def _note(lean: Lean, entry: Mapping[str, Any]) -> None:
    at = datetime.fromisoformat(entry["ts"])
    lean.named += 1
    lean.people.add(entry["sub"])
    lean.newest = at if lean.newest is None else max(at, lean.newest)
