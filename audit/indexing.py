"""The indexer at work: a thread in each process of the gateway."""

from __future__ import annotations

import logging
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from audit.indexer import BATCH, Indexer

EVERY = 0.25
"""Seconds between two rounds: the index is at most about half a second behind the sealer."""
AFTER_FAILURE = 2.0
STOPPING = 10.0

log = logging.getLogger("hangu.indexer")


class Indexing:
    """Indexes in rounds until it is stopped. Several at once share the work, not the place."""

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self._problem = ""
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="indexing", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that is running."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOPPING)

    def _run(self) -> None:
        while not self._stopped.wait(self._once()):
            pass

    def _once(self) -> float:
        try:
            more = self._indexer.round() >= BATCH
        except SQLAlchemyError as error:
            if str(error) != self._problem:
                log.exception("nothing is indexed")
            self._problem = str(error)
            return AFTER_FAILURE
        self._problem = ""
        return 0.0 if more else EVERY
