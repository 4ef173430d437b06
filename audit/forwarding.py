"""A copy of the log for a syslog receiver. It never is the record, and never holds it up.

Entries go in their order, once they are sealed, from where the last one got. Syslog knows no
acknowledgement: after a broken connection the last batch is sent again, so a receiver may see
an entry twice (each bears its number) and, if it died after taking bytes, may lack some: the
log itself stays the measure. What could not be sent is counted and shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select, update

from audit.keep import Lead
from audit.ledger import Ledger
from audit.ocsf import NO_ENTRY
from audit.rounds import Rounds
from audit.stored import stored_bytes
from audit.syslog import Line, message
from audit.tables import audit_event, log_state
from audit.tables_anchors import log_forwarded

BATCH = 200
PAUSE = 1.0
"""Seconds between two looks for something new."""
LONGEST_PAUSE = 60.0
"""Seconds between two attempts, at most, while the receiver is away."""
STOPPING = 15.0

log = logging.getLogger("hangu.forwarding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where the copy goes. `authorities` vouch for it; none: the system's own."""

    host: str
    port: int
    form: str = "ocsf"
    authorities: Path | None = None
    own: Path | None = None
    """Our own certificate with its key, PEM, if the receiver asks for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the copy is. `lost` entries were pruned, or unreadable, before they could go."""

    next: int = 0
    sent: int = 0
    lost: int = 0
    failures: int = 0
    at: datetime | None = None
    problem: str = ""


def progress(connection: Connection) -> Progress:
    """Return how far the copy is."""
    columns = log_forwarded.c
    row = connection.execute(
        select(
            *(columns.next, columns.sent, columns.lost, columns.failures),
            *(columns.at, columns.problem),
        )
    ).first()
    return Progress() if row is None else Progress(**row._mapping)  # noqa: SLF001 - public


def waiting(connection: Connection) -> int:
    """Return how many sealed entries have not been sent."""
    size: int = connection.execute(select(func.max(log_state.c.size))).scalar() or 0
    return max(0, size - progress(connection).next)


class Forwarding(Rounds):
    """Sends the copy, in a thread of one process of the zone.

    Args:
        receiver: where to.
        directory: for the lock that lets one process send.
        origin: the log's name.
        ledger: for noting how far it is.
        read: an engine that cannot write.
        clock: the present.
    """

    def __init__(
        self,
        receiver: Receiver,
        directory: Path,
        *,
        origin: str,
        ledger: Ledger,
        read: Engine,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__("forwarding", rest=PAUSE, ending=STOPPING)
        self._receiver, self._origin = receiver, origin
        self._ledger, self._read, self._clock = ledger, read, clock
        self._lead = Lead(directory)
        self._line: Line | None = None
        self._pause = PAUSE

    def stop(self) -> None:
        """End after the batch that is under way."""
        super().stop()
        self._hang_up()
        self._lead.release()

    def _round(self) -> float:
        if not self._lead.take():
            return self._pause
        try:
            failed = not self.once()
        except Exception:  # the database is away, the brake is on: the copy goes on later
            log.exception("the copy of the log waits")
            failed = True
        self._pause = min(self._pause * 2, LONGEST_PAUSE) if failed else PAUSE
        return self._pause

    def once(self) -> bool:
        """Send all that waits; return whether it went."""
        while not self.ends:
            with self._read.connect() as connection:
                before = progress(connection)
                end, entries = _next(connection, before.next)
            if end == before.next:
                return True
            texts = self._texts(entries)
            gone = end - before.next - len(texts)
            try:
                self._send(texts)
            except OSError as error:
                self._hang_up()
                self._note_failure(before, error)
                return False
            after = replace(
                before,
                next=end,
                sent=before.sent + len(texts),
                lost=before.lost + gone,
                at=self._clock(),
                problem="",
            )
            self._note(after)
        return True

    def _texts(self, entries: list[tuple[int, bytes]]) -> list[bytes]:
        found = []
        for index, entry in entries:
            try:
                form = self._receiver.form
                found.append(message(entry, index=index, origin=self._origin, form=form))
            except NO_ENTRY:
                log.exception("entry %s cannot be copied", index)
        return found

    def _send(self, texts: list[bytes]) -> None:
        if not texts:
            return
        if self._line is None:
            to = self._receiver
            self._line = Line(to.host, to.port, authorities=to.authorities, own=to.own)
        self._line.send(texts)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _note_failure(self, before: Progress, error: OSError) -> None:
        problem = str(error) or type(error).__name__
        if problem != before.problem:
            log.warning("the copy of the log cannot be sent: %s", problem)
        self._note(replace(before, failures=before.failures + 1, at=self._clock(), problem=problem))

    def _note(self, now: Progress) -> None:
        values = {
            "next": now.next,
            "sent": now.sent,
            "lost": now.lost,
            "failures": now.failures,
            "at": now.at,
            "problem": now.problem,
        }
        with self._ledger.begin(unaudited_because="how far a copy of the log has come") as tx:
            connection = tx.session.connection()
            if connection.execute(select(log_forwarded.c.id)).first() is None:
                connection.execute(insert(log_forwarded).values(id=1, **values))
            else:
                connection.execute(update(log_forwarded).values(**values))


def _next(connection: Connection, start: int) -> tuple[int, list[tuple[int, bytes]]]:
    """Return where the next batch ends, and its entries; fewer if some were pruned."""
    size: int = connection.execute(select(log_state.c.size)).scalar() or 0
    end = min(size, start + BATCH)
    event = audit_event.c
    query = select(event.seq, event.body).where(event.seq >= start, event.seq < end)
    rows = connection.execute(query.order_by(event.seq))
    return max(start, end), [(row.seq, stored_bytes(row.body)) for row in rows]
