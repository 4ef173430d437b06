"""The shadow checks of a serving worker: in a thread of their own, never in anybody's way.

After each decision that was made again the thread rests a hundred times as long as that took:
however many rules there are, the second look costs at most one hundredth of a processor.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from audit.ledger import Ledger
from audit.rounds import Rounds
from policies import disagreements
from policies.shadow import Difference, ShadowCheck

log = logging.getLogger("hangu.access")

RESTS = 100
"""Times as long as the last check took."""
SHORTEST = 0.25
"""Seconds between two looks at what waits."""
MOST = 20
"""Disagreements of one version that a worker reports: one defect can meet every request."""


class SecondLook(Rounds):
    """Decides a sample of this worker's decisions again, and reports every difference.

    Args:
        share: the part of all decisions, 0 to 1; 0 looks at none.
        worker: by which the report names this process.
    """

    def __init__(
        self, *, share: float, ledger: Ledger, worker: str, clock: Callable[[], datetime]
    ) -> None:
        super().__init__("second-look", rest=SHORTEST, ending=0.0)
        self.shadow = ShadowCheck(share=share, alarm=self._report)
        self._ledger = ledger
        self._worker = worker
        self._clock = clock
        self._reported: Counter[str] = Counter()

    def _round(self) -> float:
        start = time.perf_counter()
        try:
            self.shadow.check(at_most=1)
        except SQLAlchemyError:
            log.exception("a disagreement of the engines could not be recorded")
        return max(SHORTEST, RESTS * (time.perf_counter() - start))

    def _report(self, found: Difference) -> None:
        version = found.decided.version
        log.critical("the engines disagree under %s: see /policy/workers", version)
        self._reported[version] += 1
        if self._reported[version] > MOST:
            return
        with self._ledger.begin() as tx:
            disagreements.report(tx, found, worker=self._worker, now=self._clock())
