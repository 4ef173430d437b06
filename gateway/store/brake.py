"""The brake: what may not be written while the log is not being sealed.

A gateway that goes on for hours without sealing hands out rights that nobody can prove
later. So it closes in steps: first it warns, then it refuses what gives rights or takes data
out, then everything. It opens again by itself. Source: reference design, section 3.3, after
X-Road, whose servers stop when their messages cannot be time-stamped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import ClassVar

from sqlalchemy import Engine

from audit.health import Health, Limits, Step, look
from audit.vocabulary import is_privileged
from gateway.refusals import Refused

FRESH = 1.0
"""Seconds that one look at the log's health is good for."""
FRESH_WHEN_SHUT = 0.2
"""The same while something is refused, so that it ends soon after its cause."""


class PrivilegedHeld(Refused):
    """The log is not being sealed, so no rights are given and nothing is taken out."""

    code: ClassVar[str] = "log_holds_privileged"


class WritesHeld(Refused):
    """The log has not been sealed for long, so nothing may be changed."""

    code: ClassVar[str] = "log_holds_writes"


class Brake:
    """Asked before every write (`audit.ledger.Brake`). Cheap: it looks once a second.

    Args:
        read: for looking at the log.
        clock: gives the moment, aware UTC.
        limits: the ages at which each step begins.
        steady: a clock that nobody sets, in seconds.
    """

    def __init__(
        self,
        read: Engine,
        *,
        clock: Callable[[], datetime],
        limits: Limits,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._limits = limits
        self._steady = steady
        self._lock = Lock()
        self._seen: tuple[float, Health] | None = None

    def __call__(self, event: str | None) -> None:
        """Let a write through, or the record of `event`.

        Raises:
            PrivilegedHeld, WritesHeld: it has to wait.
        """
        step = self.health().step
        if step is Step.NO_WRITES:
            raise WritesHeld
        if step is Step.NO_PRIVILEGED and event is not None and is_privileged(event):
            raise PrivilegedHeld(event)

    def health(self) -> Health:
        """The state of sealing, at most a second old."""
        seen = self._seen
        if seen is not None and self._steady() - seen[0] < _good_for(seen[1]):
            return seen[1]
        with self._lock:  # one looks, the others wait for what it sees
            if self._seen is seen:
                at = self._steady()
                self._seen = at, look(self._read, now=self._clock(), limits=self._limits)
            assert self._seen is not None
            return self._seen[1]


def _good_for(health: Health) -> float:
    shut = health.step in {Step.NO_PRIVILEGED, Step.NO_WRITES}
    return FRESH_WHEN_SHUT if shut else FRESH
