"""The indexer at work: a thread in each process of the gateway."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from audit.indexer import BATCH, Indexer
from audit.rounds import AFTER_FAILURE, Rounds

EVERY = 0.25
"""Seconds between two rounds: the index is at most about half a second behind the sealer."""

log = logging.getLogger("hangu.indexer")


class Indexing(Rounds):
    """Indexes in rounds until it is stopped. Several at once share the work, not the place."""

    def __init__(self, indexer: Indexer) -> None:
        super().__init__("indexing")
        self._indexer = indexer
        self._problem = ""

    def _round(self) -> float:
        try:
            more = self._indexer.round() >= BATCH
        except SQLAlchemyError as error:
            if str(error) != self._problem:
                log.exception("nothing is indexed")
            self._problem = str(error)
            return AFTER_FAILURE
        self._problem = ""
        return 0.0 if more else EVERY
