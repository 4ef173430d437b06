"""Sealing: give every entry its number, grow the tree, sign it, publish the checkpoint.

The order of writing makes every crash repeatable: the rows, tiles and new state are written
in one transaction; before it commits, the private memory learns what it will lead to; after
it, the checkpoint is signed, remembered, and only then published. The next root is computed
from the private edge and the new leaves alone, so what the database says of the past can
never get signed. Source: reference design, section 3.3; Sunlight's staging order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select, update

from audit import accord_rows, missing, pruning
from audit.accords import Accords
from audit.announcements import Book
from audit.keep import Disagreement, Keep, Point
from audit.leaves import Guards, Keys, clock_step, guards_of, heartbeat, rotation
from audit.note import Checkpoint, sign
from audit.record import Record
from audit.scrutiny import Scrutiny
from audit.shelf import add_own, number, store_tiles, unsealed
from audit.standing import open_standing
from audit.tables import audit_event, log_checkpoint, log_state
from audit.tables_anchors import log_key
from audit.tree import Frontier

Begin = Callable[[], AbstractContextManager[Connection]]
"""Opens a writing transaction, which commits when the block is left."""

log = logging.getLogger("hangu.sealer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often: heartbeats, new keys, and how many entries a round takes at most."""

    heartbeat: timedelta = timedelta(seconds=60)
    epoch: timedelta = timedelta(hours=1)
    batch: int = 1024


class Sealer:
    """The sequencer and signer of one zone's log. One at a time: see `audit.keep.Lead`.

    Args:
        keep: its private directory.
        zone: which its own entries name.
        begin: opens a transaction that may write the log's tables.
        read: for looking whether there is anything to do.
        publishes: whether a checkpoint is published as soon as it is signed; if not,
            `audit.witnessing` does it, once the witnesses have cosigned.
        book: what was announced to it; without one nothing is ever missed.
    """

    def __init__(
        self,
        keep: Keep,
        *,
        zone: str,
        begin: Begin,
        read: Engine,
        rhythm: Rhythm | None = None,
        publishes: bool = True,
        book: Book | None = None,
    ) -> None:
        self._keep = keep
        self._zone = zone
        self._begin = begin
        self._read = read
        self._rhythm = rhythm or Rhythm()
        self._publishes = publishes
        self._standing = open_standing(keep)
        self._book = Book() if book is None else book  # an empty one is falsy
        self._scrutiny = Scrutiny(keep.directory, zone=zone)
        self._guards: Guards | None = None
        self._settled = False

    def round(self, now: datetime, *, stepped: int = 0) -> int:
        """Seal what waits, and a heartbeat if one is due; return how many entries were added.

        `stepped` are the seconds by which the clock was set since the round before.

        Raises:
            Disagreement: database and memory do not fit together; nothing was signed.
            SQLAlchemyError, OSError: this round failed; the next one finishes or repeats it.
        """
        if not self._settled:
            self._settle(now)
        before = self._keep.memory.signed
        overdue = self._book.overdue()
        due = self._beat_due(now) or overdue or stepped or before.accords.agreed_prunes
        if not (due or self._waiting()):
            self._scrutiny.rest(self._book.voucher)
            return 0
        self._scrutiny.prepare(self._book.voucher)
        self._settled = False  # until this round is through
        with self._begin() as connection:
            _require_state(connection, before)
            lost = missing.find(connection, overdue)
            news = [clock_step(zone=self._zone, seconds=stepped, now=now)] if stepped else []
            news += missing.enter(connection, lost.gone, zone=self._zone, now=now)
            after, leaves = self._grow(connection, before, now, news)
            self._keep.write(replace(self._keep.memory, pending=after))
        self._book.settle([*leaves, *lost.settled])
        self._sign(after)
        self._publish(now)
        self._scrutiny.settled()
        self._settled = True
        return after.frontier.size - before.frontier.size

    def _beat_due(self, now: datetime) -> bool:
        point = self._keep.memory.signed
        # A clock that was set back must not silence the heart.
        return point.beats == 0 or abs(now - point.beat_at) >= self._rhythm.heartbeat

    def _waiting(self) -> bool:
        with self._read.connect() as connection:
            query = select(audit_event.c.id).where(audit_event.c.seq.is_(None)).limit(1)
            return connection.execute(query).first() is not None

    def _grow(
        self, connection: Connection, before: Point, now: datetime, own: list[Record]
    ) -> tuple[Point, list[bytes]]:
        """Number the waiting entries and our own, store the tree's new parts.

        Returns the point reached, and the leaves of what was waiting.
        """
        tables = accord_rows.look(connection, before.accords)
        rows = unsealed(connection, limit=self._rhythm.batch)
        number(connection, rows, first=before.frontier.size)
        drained = len(rows) < self._rhythm.batch
        judged = self._scrutiny.judge(
            connection, tables, rows, before.accords, drained=drained, now=now
        )
        own += judged.alarms
        leaves = [row.leaf for row in rows]
        edge, new = before.frontier.grown([*leaves, *(record.leaf for record in own)])
        point = replace(before, epoch=before.next_epoch, rotated=False, accords=judged.accords)
        if self._beat_due(now):
            own.append(self._heartbeat(connection, point, now))
            point = replace(point, beats=point.beats + 1, beat_at=now)
            edge = _grown(edge, own[-1], new)
        pruned, accords = self._pruned(connection, before, point, edge, now)
        point = replace(point, accords=accords)
        if pruned is not None:
            own.append(pruned)
            edge = _grown(edge, own[-1], new)
        if self._epoch_over(point, now):
            own.append(self._rotation(point, edge, now))
            point = replace(point, rotated=True, epoch_began=now)
            edge = _grown(edge, own[-1], new)
        add_own(connection, own, first=edge.size - len(own), now=now)
        store_tiles(connection, before.frontier, new)
        connection.execute(update(log_state).values(size=edge.size, root=edge.root()))
        return replace(point, frontier=edge), leaves

    def _heartbeat(self, connection: Connection, point: Point, now: datetime) -> Record:
        after = max(0, int((now - point.beat_at).total_seconds())) if point.beats else 0
        guards = guards_of(connection)
        if self._guards not in {None, guards}:
            log.critical("the database's triggers, tables or rights are not what they were")
        self._guards = guards
        return heartbeat(
            zone=self._zone,
            beat=point.beats,
            after=after,
            guards=guards,
            keys=Keys(self._standing.certificate.vkey, self._scrutiny.key),
            now=now,
        )

    def _pruned(
        self, connection: Connection, before: Point, point: Point, edge: Frontier, now: datetime
    ) -> tuple[Record | None, Accords]:
        return pruning.enter(
            connection,
            before.accords,
            point.accords,
            zone=self._zone,
            key=self._keep.key(point.epoch),
            origin=self._keep.memory.origin,
            sealed=before.frontier,
            before=edge,
            now=now,
        )

    def _epoch_over(self, point: Point, now: datetime) -> bool:
        return now - point.epoch_began >= self._rhythm.epoch

    def _rotation(self, point: Point, edge: Frontier, now: datetime) -> Record:
        following = point.epoch + 1
        return rotation(
            zone=self._zone,
            old=self._keep.key(point.epoch),
            next_key=self._keep.vkey(following),
            epoch=following,
            before=edge,
            now=now,
        )

    def _sign(self, point: Point) -> None:
        """Sign a state whose transaction has committed, and remember that."""
        memory = self._keep.memory
        checkpoint = Checkpoint(memory.origin, point.frontier.size, point.frontier.root())
        note = self._standing.sign_also(
            sign(checkpoint.text(), name=memory.origin, key=self._keep.key(point.epoch))
        )
        signer = str(self._keep.vkey(point.epoch))
        self._keep.write(
            replace(memory, signed=point, note=note.encode(), signer=signer, pending=None)
        )
        self._keep.destroy_before(point.next_epoch)

    def _publish(self, now: datetime) -> None:
        memory = self._keep.memory
        size = memory.signed.frontier.size
        with self._begin() as connection:
            _require_state(connection, memory.signed)
            if self._publishes:
                connection.execute(update(log_state).values(note=memory.note, published=now))
            if memory.signed.rotated and not _has_checkpoint(connection, size):
                connection.execute(insert(log_checkpoint).values(size=size, note=memory.note))
            if connection.execute(select(log_key.c.id)).first() is None:
                standing = self._standing.certificate.line()
                values = {"id": 1, "first_key": memory.first_key, "standing": standing}
                connection.execute(insert(log_key).values(values))

    def _settle(self, now: datetime) -> None:
        """Finish, or take back, what a crash or a failure left half done."""
        memory = self._keep.memory
        if memory.pending is not None:
            # Under the lock: a transaction that is still dying on the server decides first.
            with self._begin() as connection:
                state = _state(connection)
            if state == _expected(memory.pending):
                self._sign(memory.pending)
            else:
                self._keep.write(replace(memory, pending=None))
        memory = self._keep.memory
        if memory.note:
            self._publish(now)
            self._keep.destroy_before(memory.signed.next_epoch)
        self._settled = True


def _grown(edge: Frontier, record: Record, new: dict[int, list[bytes]]) -> Frontier:
    edge, more = edge.grown([record.leaf])
    for level, hashes in more.items():
        new.setdefault(level, []).extend(hashes)
    return edge


def _has_checkpoint(connection: Connection, size: int) -> bool:
    query = select(log_checkpoint.c.size).where(log_checkpoint.c.size == size)
    return connection.execute(query).first() is not None


def _state(connection: Connection) -> tuple[int, bytes] | None:
    row = connection.execute(select(log_state.c.size, log_state.c.root).with_for_update()).first()
    return (row.size, row.root) if row else None


def _expected(point: Point) -> tuple[int, bytes]:
    return point.frontier.size, point.frontier.root()


def _require_state(connection: Connection, point: Point) -> None:
    """Raise Disagreement unless the database stands exactly where we signed last."""
    found, expected = _state(connection), _expected(point)
    if found != expected:
        where = "no state at all" if found is None else f"{found[0]} entries"
        raise Disagreement(
            f"the database has {where}, the sealer signed {expected[0]}: "
            "it was rolled back, changed, or sealed by another"
        )
