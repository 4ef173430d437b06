"""The sealer at work: a thread in an embedded zone, or the whole of its own process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from audit.announcements import Book, Listener
from audit.keep import MEMORY, Disagreement, Keep, Lead
from audit.note import Vkey
from audit.rounds import Rounds
from audit.sealer import Begin, Rhythm, Sealer
from audit.tables import log_state
from audit.trust import Policy
from audit.witnessing import Witnessing, asks_for_witnesses

EVERY = 0.25
"""Seconds between two rounds."""
STANDBY = 2.0
"""Seconds between two attempts to lead, and between two after a failure."""
STEP = 2.0
"""Seconds by which the clock may go astray between two rounds before it is called a step."""

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


class Steps:
    """Notices when the clock is set, by a steady one beside it."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._last: tuple[datetime, float] | None = None
        self._seconds = 0.0

    def until(self, now: datetime) -> int:
        """Whole seconds by which the clock was set since they were last taken down."""
        at, last = self._steady(), self._last
        self._last = now, at
        if last is not None:
            astray = (now - last[0]).total_seconds() - (at - last[1])
            self._seconds += astray if abs(astray) > STEP else 0.0
        return round(self._seconds)

    def taken_down(self) -> None:
        """What `until` returned is on record."""
        self._seconds = 0.0


class Sealing(Rounds):
    """Seals in rounds until it is stopped, while it holds the lead; then another may lead.

    Every process of a zone may have one; whoever takes the lead seals, the others stand by.
    `policy` names the witnesses that cosign; with `waits_for_quorum` nothing is published
    before enough of them have.
    `problem` says why nothing is being sealed, and is empty if all is well.

    Args:
        directory: the sealer's private one.
        origin: the name of the log, if it is still to be made.
        zone: which the sealer's own entries name.
        begin: opens a transaction that may write the log's tables.
        read: for looking whether there is anything to do.
        clock: gives the moment, aware UTC.
        socket: where announcements come in (`audit.herald`); none, none are expected.
        voucher: by which key the gateway gives its word, if that is known from the beginning.
        steady: a clock that nobody sets, in seconds.
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
        socket: Path | None = None,
        voucher: Vkey | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("sealing")
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
        self._socket = socket
        self._book = Book(voucher=voucher)
        self._listener: Listener | None = None
        self._steps = Steps(steady)

    def leads(self) -> bool:
        """Take the lead if no other process has it; return whether we have it now."""
        return self._lead.take()

    def release(self) -> None:
        """Let another process lead."""
        if self._witnessing is not None:
            self._witnessing.stop()
        if self._listener is not None:
            with suppress(OSError):
                self._listener.stop()
            self._listener = None
        self._lead.release()

    def _round(self) -> float:
        return self.once()

    def _after(self) -> None:
        self.release()

    def once(self) -> float:
        """Do one round if we lead; return how many seconds to wait for the next."""
        try:
            if not self._lead.take():
                return STANDBY
            self._listen()
            now = self._clock()
            stepped = self._steps.until(now)
            more = self._leading().round(now, stepped=stepped) >= self._rhythm.batch
            self._steps.taken_down()
        except Exception as error:  # whatever it was: the next round begins anew
            words = str(error) or type(error).__name__
            if words != self.problem:
                log.exception("nothing is sealed")
            self.problem = words
            self._sealer = None  # begin again from what is on the disk
            return STANDBY
        self.problem = ""
        if self._witnessing is not None:
            self._witnessing.start()
        return 0.0 if more else EVERY

    def _listen(self) -> None:
        if self._socket is not None and self._listener is None:
            listener = Listener(self._socket, self._book)
            listener.start()
            self._listener = listener

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
                book=self._book,
            )
        return self._sealer
