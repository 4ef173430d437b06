"""What a running zone does by itself: end what has run out, drop what has expired."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from gateway.access import request_sweep
from gateway.identity import break_glass, housekeeping, integrity, officer_cases
from gateway.identity.registry import Registry

EVERY = 60.0
"""Seconds between two rounds."""

log = logging.getLogger("hangu.chores")


class Chores:
    """A thread that does its rounds until it is stopped.

    Every worker process has one; two rounds at once do no harm. A database that does not
    answer spoils one round, not the thread.
    """

    def __init__(
        self, registry: Registry, *, clock: Callable[[], datetime], every: float = EVERY
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._every = every
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        """Begin with the first round."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that is running."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                housekeeping.sweep(self._registry, now=self._clock())
                break_glass.sweep(self._registry, now=self._clock())
                integrity.sweep(self._registry, now=self._clock())
                officer_cases.sweep(self._registry, now=self._clock())
                request_sweep.sweep(self._registry, now=self._clock())
            except SQLAlchemyError:
                log.exception("a round of housekeeping failed; the next follows")
