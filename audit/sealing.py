"""The sealer at work: a thread in an embedded zone, or the whole of its own process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from audit.keep import MEMORY, Disagreement, Keep, Lead
from audit.sealer import Begin, Rhythm, Sealer
from audit.tables import log_state
from audit.trust import Policy
from audit.witnessing import Witnessing, asks_for_witnesses

EVERY = 0.25
"""Seconds between two rounds."""
STANDBY = 2.0
"""Seconds between two attempts to lead, and between two after a failure."""
STOPPING = 10.0
"""Seconds that the last round may take."""

log = logging.getLogger("hangu.sealer")


def open_keep(directory: Path, *, origin: str, read: Engine, now: datetime) -> Keep:
    """Open the sealer's private directory, or make it for a log that is still empty.

    Raises:
        Disagreement: the log has entries, but the memory of them is gone.
    """
    if (directory / MEMORY).exists():
        return Keep.open(directory)
    with read.connect() as connection:
        size = connection.execute(select(log_state.c.size)).scalar()
    if size != 0:
        raise Disagreement(f"the log has {size} sealed entries, but {directory} is empty")
    return Keep.create(directory, origin=origin, now=now)


class Sealing:
    """Seals in rounds until it is stopped, while it holds the lead.

    Every process of a zone may have one; whoever takes the lead seals, the others stand by.
    `policy` names the witnesses that cosign; with `waits_for_quorum` nothing is published
    before enough of them have.
    `problem` says why nothing is being sealed, and is empty if all is well.
    """

    def __init__(
        self,
        directory: Path,
        *,
        origin: str,
        zone: str,
        begin: Begin,
        read: Engine,
        clock: Callable[[], datetime],
        rhythm: Rhythm | None = None,
        policy: Policy | None = None,
        waits_for_quorum: bool = False,
    ) -> None:
        self.problem = ""
        self._directory = directory
        self._origin = origin
        self._zone = zone
        self._begin = begin
        self._read = read
        self._clock = clock
        self._rhythm = rhythm or Rhythm()
        self._witnessing: Witnessing | None = None
        self._waits = waits_for_quorum and policy is not None and asks_for_witnesses(policy)
        if policy is not None and policy.urls:
            self._witnessing = Witnessing(
                directory, policy, begin=begin, read=read, clock=clock, publish=self._waits
            )
        self._lead = Lead(directory)
        self._sealer: Sealer | None = None
        self._stopped = Event()
        self._thread = Thread(target=self.run, name="sealing", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that is running, and let another process lead."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOPPING)

    def run(self) -> None:
        """Seal until `stop` is called; a failure spoils one round, not the thread."""
        try:
            while not self._stopped.is_set():
                self._stopped.wait(self.once())
        finally:
            self.release()

    def release(self) -> None:
        """Let another process lead."""
        if self._witnessing is not None:
            self._witnessing.stop()
        self._lead.release()

    def once(self) -> float:
        """Do one round if we lead; return how many seconds to wait for the next."""
        try:
            if not self._lead.take():
                return STANDBY
            more = self._leading().round(self._clock()) >= self._rhythm.batch
        except (Disagreement, SQLAlchemyError, OSError) as error:
            if str(error) != self.problem:
                log.exception("nothing is sealed")
            self.problem = str(error)
            self._sealer = None  # begin again from what is on the disk
            return STANDBY
        self.problem = ""
        if self._witnessing is not None:
            self._witnessing.start()
        return 0.0 if more else EVERY

    def _leading(self) -> Sealer:
        if self._sealer is None:
            keep = open_keep(
                self._directory, origin=self._origin, read=self._read, now=self._clock()
            )
            self._sealer = Sealer(
                keep,
                zone=self._zone,
                begin=self._begin,
                read=self._read,
                rhythm=self._rhythm,
                publishes=not self._waits,
            )
        return self._sealer
