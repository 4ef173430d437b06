"""How often strangers may have something written down that only they asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

MOST_SENDERS = 1000
"""Senders that are told apart in a minute; beyond that nobody new is let through."""


@dataclass(slots=True)
class Rate:
    """So many a minute for each sender, and so many for all. One for each process."""

    each: int
    together: int
    _minute: datetime | None = None
    _counts: dict[str, int] = field(default_factory=dict)
    _all: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def allows(self, sender: str, *, now: datetime) -> bool:
        """Count one of `sender`; False if it is one too many in this minute."""
        minute = now.replace(second=0, microsecond=0)
        with self._lock:
            if minute != self._minute:
                self._minute, self._all = minute, 0
                self._counts.clear()
            if sender not in self._counts and len(self._counts) >= MOST_SENDERS:
                return False
            count = self._counts[sender] = self._counts.get(sender, 0) + 1
            if count > self.each or self._all >= self.together:
                return False
            self._all += 1
            return True
