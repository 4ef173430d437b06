"""What repeats: the first of a minute is recorded in full, the others are counted.

Refusals above all, and the auditor's looks at the log.

Without this, whoever sends ten thousand bad requests writes ten thousand entries into the
log. Nothing is lost but the wording of what was the same: at the end of the minute an entry
says how often it happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from audit.ledger import Ledger
from audit.record import Actor
from audit.vocabulary import Outcome

MOST = 1000
"""Different refusals of one minute that are told apart; beyond that they share one count for
each event, so that neither memory nor log grows with the number of addresses."""

_OTHERS = "*"


@dataclass(slots=True)
class Repeated:
    """What repeats within one minute. `count` are those after the first."""

    event: str
    reason: str
    actor: Actor
    first: datetime
    last: datetime
    outcome: str
    count: int = 0


@dataclass(slots=True)
class Tally:
    """The counts of one process. Threads share it."""

    _open: dict[tuple[str, str, str], Repeated] = field(default_factory=dict)
    _done: list[Repeated] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def is_first(
        self,
        event: str,
        reason: str,
        *,
        actor: Actor,
        place: str,
        now: datetime,
        outcome: str = Outcome.DENIED,
    ) -> bool:
        """Count a refusal, or an act; True if it is the first of its kind in this minute.

        The first is the caller's to record. `place` tells senders apart; it stays in memory
        and is never written.
        """
        with self._lock:
            key = (event, reason, place)
            if key not in self._open and len(self._open) >= MOST:
                key = (event, reason, _OTHERS)
            found = self._open.get(key)
            if found is not None and _minute(found.first) == _minute(now):
                found.count += 1
                found.last = max(found.last, now)
                return False
            if found is not None:
                self._close(key)
            self._open[key] = Repeated(event, reason, actor, now, now, outcome)
            return True

    def unrecorded(self, event: str, reason: str, *, place: str) -> None:
        """The first could not be written down: the next one is the first."""
        with self._lock:
            self._open.pop((event, reason, place), None)

    def flush(self, ledger: Ledger, *, now: datetime, everything: bool = False) -> int:
        """Record the counts of the minutes that are over, or of all; return how many entries."""
        with self._lock:
            over = [
                key
                for key, found in self._open.items()
                if everything or _minute(found.first) != _minute(now)
            ]
            for key in over:
                self._close(key)
            waiting, self._done = self._done, []
        for number, found in enumerate(waiting):
            try:
                _record(ledger, found, now)
            except BaseException:
                with self._lock:
                    self._done[:0] = waiting[number:]
                raise
        return len(waiting)

    def _close(self, key: tuple[str, str, str]) -> None:
        found = self._open.pop(key)
        if found.count:
            self._done.append(found)


def _record(ledger: Ledger, found: Repeated, now: datetime) -> None:
    details: Mapping[str, str | int] = {
        "repeated": found.count,
        "first": found.first.isoformat(timespec="seconds"),
        "last": found.last.isoformat(timespec="seconds"),
    }
    ledger.append(
        found.event,
        actor=found.actor,
        now=now,
        outcome=found.outcome,
        reason=found.reason,
        details=details,
    )


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
