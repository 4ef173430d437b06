"""The security evaluation on which a service opens (安全评估)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.record import timestamp
from gateway.access.service_rules import InvalidService, Problem

LONGEST = timedelta(days=3 * 366)
"""An evaluation older than this says nothing about the service any more."""
_MOST_CHARACTERS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """When it was made, by which body, and when the service closes by itself again."""

    at: datetime
    by: str
    valid_until: datetime

    def check(self, now: datetime) -> None:
        """Raise InvalidService unless it lies in the past and ends in a bounded future."""
        problems = []
        if self.at > now:
            problems.append(Problem("evaluated_at", "a moment that has passed"))
        if not now < self.valid_until <= self.at + LONGEST:
            cure = "in the future, and at most three years after the evaluation"
            problems.append(Problem("valid_until", cure))
        if not 1 <= len(self.by) <= _MOST_CHARACTERS or not self.by.isprintable():
            cure = f"1 to {_MOST_CHARACTERS} printable characters"
            problems.append(Problem("evaluated_by", cure))
        if problems:
            raise InvalidService(problems)

    def details(self) -> dict[str, str]:
        """Return what the log keeps of it."""
        return {
            "evaluated_at": timestamp(self.at),
            "evaluated_by": self.by,
            "valid_until": timestamp(self.valid_until),
        }
