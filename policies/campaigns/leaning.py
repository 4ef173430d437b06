"""What leans on each rule: the recorded decisions that it carried, and those it carried alone.

Every decision is made again by the rules in force. An answer names all rules that gave it, so
that one rule's removal denies (or makes harder) exactly the questions it answered alone, and
the removal of several those whose every answer is among them: no second engine is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from policies.change.asked import Progress, gathered
from policies.compiled import CompiledEngine
from policies.decision import Outcome


@dataclass(slots=True)
class Lean:
    """What a rule did: in how many decisions, for whom; `alone` are those no other rule gave."""

    uses: int = 0
    alone: int = 0
    people: set[str] = field(default_factory=set)
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leaning:
    """What leans on the rules in force.

    Attributes:
        asked: decisions that were made again.
        rules: by the rule's id; a rule that gave nothing is missing.
        answers: for each set of rules that gave an answer together, how many decisions.
    """

    asked: int
    rules: dict[str, Lean]
    answers: dict[frozenset[str], int]

    def missed(self, removed: Iterable[str]) -> int:
        """Return how many decisions would be denied, or need more, without some rules."""
        gone = frozenset(removed)
        return sum(count for rules, count in self.answers.items() if rules <= gone)


def leaning(
    bodies: Iterable[bytes], engine: CompiledEngine, *, progress: Progress | None = None
) -> Leaning:
    """Make the recorded decisions among the log's entries again, and see what gave them."""
    questions, read, _ = gathered(bodies, (engine,), progress=progress)
    rules: dict[str, Lean] = {}
    answers: dict[frozenset[str], int] = {}
    for asked in questions:
        decision = engine.decide(asked.request)
        if decision.outcome is Outcome.DENY:
            continue
        given = frozenset(decision.rules)
        answers[given] = answers.get(given, 0) + asked.count
        at = datetime.fromisoformat(asked.newest)
        for each in given:
            lean = rules.setdefault(each, Lean())
            lean.uses += asked.count
            lean.alone += asked.count * (len(given) == 1)
            lean.people.add(asked.request.subject)
            lean.newest = at if lean.newest is None else max(at, lean.newest)
    return Leaning(read, rules, answers)
