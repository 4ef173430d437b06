"""Work that is done in rounds beside everything else, until it is told to end."""

from __future__ import annotations

import logging
from threading import Event, Thread

AFTER_FAILURE = 2.0
"""Seconds of rest after a round that nobody expected to fail."""

log = logging.getLogger("hangu.rounds")


class Rounds:
    """Rounds of one kind, in a thread of their own or in the caller's. Say in `_round` what.

    A round that fails is logged and ends none that follow: whatever a hand wrote into the
    database must not.

    Args:
        name: of the thread, and in the process's log.
        rest: seconds before the first round.
        ending: seconds that a round may take when it is told to end.
    """

    def __init__(self, name: str, *, rest: float = 0.0, ending: float = 10.0) -> None:
        self._rest, self._ending = rest, ending
        self._told = Event()
        self._thread = Thread(target=self.run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own; a second call does nothing."""
        if self._thread.ident is None and not self.ends:
            self._thread.start()

    def stop(self) -> None:
        """End after the round that is running, and wait for that."""
        self._told.set()
        if self._thread.is_alive():
            self._thread.join(self._ending)

    @property
    def ends(self) -> bool:
        """Whether it was told to end."""
        return self._told.is_set()

    def run(self) -> None:
        """Make rounds until `stop` is called."""
        rest = self._rest
        try:
            while not self._told.wait(rest):
                rest = self._guarded()
        finally:
            self._after()

    def _guarded(self) -> float:
        try:
            return self._round()
        except Exception:
            log.exception("a round of %s failed; the next follows", self._thread.name)
            return AFTER_FAILURE

    def _round(self) -> float:
        """Do one round; return how many seconds to rest before the next."""
        raise NotImplementedError

    def _after(self) -> None:
        """Do what is to be done after the last round."""
