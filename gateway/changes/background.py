"""Long work beside the pages, which look in the database how far it is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock, Thread

from gateway.refusals import Refused

_BETWEEN = 0.5
"""Seconds between two writings of a progress."""
log = logging.getLogger("hangu.changes")


class Background:
    """Work of one kind, one piece at a time in a process. What ends it early is logged."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._turn = Lock()

    def start(self, ref: str, work: Callable[[], object]) -> None:
        """Do a piece of work when its turn comes; return at once."""
        Thread(target=self._do, args=(ref, work), name=self._kind, daemon=True).start()

    def _do(self, ref: str, work: Callable[[], object]) -> None:
        with self._turn:
            try:
                work()
            except Refused as refusal:
                log.warning("no %s of %s now: %s", self._kind, ref, refusal.code)
            except Exception:
                log.exception("the %s of %s failed; it can be begun anew", self._kind, ref)


class Pace:
    """Tells when a progress is written again: not at each of a million steps."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def is_due(self) -> bool:
        """Whether half a second has gone by; if so, it begins anew."""
        now = time.monotonic()
        if now - self._last < _BETWEEN:
            return False
        self._last = now
        return True
