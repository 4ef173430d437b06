"""The one way to write: a transaction that carries its own evidence.

`with ledger.begin() as tx:` gives `tx.session` for the change and `tx.record(...)` for its
record. Both commit together or not at all. A transaction that changed a row and recorded
nothing refuses to commit, and the engine refuses any write outside such a transaction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from audit.gathering import Gathering
from audit.herald import Herald, announced
from audit.record import Actor, Event, Json, compose
from audit.rows import Entry, SealSecret, store
from audit.vocabulary import Outcome
from audit.vouching import Voucher

Brake = Callable[[str | None], None]
"""Raises if the log cannot take more now: of the named event, or (None) of anything."""

_OPEN = "audit.transaction"
_GUARDED: WeakSet[Engine] = WeakSet()
_READS = re.compile(
    r"\s*(SELECT|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|SHOW|SET|EXPLAIN)\b", re.IGNORECASE
)


class UnauditedWriteError(RuntimeError):
    """Something was written, or was about to be, without a record of it."""


class Recording:
    """The records of one durable write, so far."""

    def __init__(self, *, zone: str, brake: Brake | None) -> None:
        self.records: list[Entry] = []
        self._zone = zone
        self._brake = brake

    def record(
        self,
        name: str,
        *,
        actor: Actor,
        now: datetime,
        object: str | None = None,  # noqa: A002 - the field's standard name
        outcome: str = Outcome.SUCCESS,
        reason: str | None = None,
        service: str | None = None,
        decision: str | None = None,
        policy: str | None = None,
        rules: Sequence[str] = (),
        details: Mapping[str, Json] | None = None,
        personal: Mapping[str, str] | None = None,
    ) -> str:
        """Add an entry and return its id.

        `details` holds what the entry's readers need and is nobody's secret; `personal`
        holds what identifies a person (names typed, addresses) and is kept apart, sealed.
        Raises what the ledger's brake raises.
        """
        if self._brake is not None:
            self._brake(name)
        record = compose(
            Event(
                name=name,
                actor=actor,
                at=now,
                zone=self._zone,
                object=object,
                outcome=Outcome(outcome),
                reason=reason,
                service=service,
                decision=decision,
                policy=policy,
                rules=rules,
                details=details,
                personal=personal,
            )
        )
        self.records.append((record, now))
        return record.eid

    def note_write(self) -> None:
        """Remember that a row was written; called by the engine's guard. Records need none."""


class Transaction(Recording):
    """An open transaction: the session to change rows with, and the records so far."""

    def __init__(
        self, session: Session, *, zone: str, excuse: str | None, brake: Brake | None
    ) -> None:
        super().__init__(zone=zone, brake=brake)
        self.session = session
        self.connection = session.connection()
        self._excuse = excuse
        self._wrote = False

    def note_write(self) -> None:
        """Remember that a row was changed, which needs a record."""
        self._wrote = True

    def close(self, seal: SealSecret, voucher: Voucher | None) -> None:
        """Store the records, or refuse: the last step before the commit."""
        self.session.flush()
        if self._wrote and not self.records and self._excuse is None:
            raise UnauditedWriteError("rows were changed and nothing was recorded")
        if self.records:
            store(self.connection, self.records, seal, voucher)


class Ledger:
    """The audit log of one zone, and thereby the only writer of its database.

    Args:
        engine: the zone's writing engine; from now on it refuses unaudited writes.
        zone: `intranet` or `extranet`, which every entry names.
        seal: encrypts a personal value for storage.
        info: given to each session (`session.info`), e.g. the vault of the sealed columns.
        herald: tells the sealer of every entry before it is committed (`audit.herald`).
        brake: asked before every write; raises if the log is not being sealed.
        voucher: gives the gateway's word for every entry (`audit.vouching`).
    """

    def __init__(
        self,
        engine: Engine,
        *,
        zone: str,
        seal: SealSecret,
        info: Mapping[str, Any] | None = None,
        herald: Herald | None = None,
        brake: Brake | None = None,
        voucher: Voucher | None = None,
    ) -> None:
        self._engine = engine
        self._zone = zone
        self._seal = seal
        self._herald = herald
        self._voucher = voucher
        self.brake = brake
        self.sessions = sessionmaker(engine, info=dict(info or {}), expire_on_commit=False)
        self._gathering = Gathering(self._write_together)
        # Not `event.contains`: it goes by id(), and a dead engine's id may be this one's by now.
        if engine not in _GUARDED:
            event.listen(engine, "before_cursor_execute", _guard)
            event.listen(engine, "checkin", _take_leave_away)
            _GUARDED.add(engine)

    @contextmanager
    def begin(self, *, unaudited_because: str | None = None) -> Iterator[Transaction]:
        """Open a transaction; leaving the block commits it, an exception rolls it back.

        A refusal that must leave a trace is raised after the block, since raising inside
        takes the record back with the change. Transactions do not nest.

        Args:
            unaudited_because: why this write needs no record; housekeeping only.

        Raises:
            UnauditedWriteError: rows were changed and nothing was recorded.
            What the brake raises: nothing was written.
        """
        if self.brake is not None:
            self.brake(None)
        with self.sessions() as session:
            tx = Transaction(session, zone=self._zone, excuse=unaudited_because, brake=self.brake)
            tx.connection.info[_OPEN] = tx
            yield tx
            tx.close(self._seal, self._voucher)
            with announced(self._herald, tx.records):
                _commit(session)

    @contextmanager
    def for_sealer(self) -> Iterator[Connection]:
        """Open a transaction for the sealer alone, which numbers what is recorded already.

        It is the ledger's own connection: on SQLite, writers queue for it instead of
        colliding. No brake holds it, for it is what lets the brake go.
        """
        with self.sessions() as session:
            connection = session.connection()
            connection.info[_OPEN] = self._recording(None)
            yield connection
            _commit(session)

    def append(self, name: str, *, actor: Actor, now: datetime, **fields: Any) -> str:  # noqa: ANN401 - as Transaction.record
        """Record something that changes no row, durably, before returning its entry id.

        Entries of several threads share one durable write (`audit.gathering`). Must not be
        called inside of `begin`.

        Raises:
            OverfullError: too many wait; not recorded.
            NotRecordedError: the write failed.
            What the brake raises: not recorded.
        """
        if self.brake is not None:
            self.brake(None)
        recording = self._recording(self.brake)
        eid = recording.record(name, actor=actor, now=now, **fields)
        self._gathering.put(recording.records[0])
        return eid

    def _recording(self, brake: Brake | None) -> Recording:
        return Recording(zone=self._zone, brake=brake)

    def _write_together(self, entries: Sequence[Entry]) -> None:
        with self._engine.connect() as connection:
            connection.begin()  # the driver's own cursor begins nothing by itself
            connection.info[_OPEN] = self._recording(None)
            store(connection, entries, self._seal, self._voucher)
            with announced(self._herald, entries):
                _commit(connection)


def _commit(what: Session | Connection) -> None:
    """Commit; a connection whose commit failed may still be in its transaction, so it goes."""
    try:
        what.commit()
    except BaseException:
        what.invalidate()
        raise


def _take_leave_away(_driver: object, record: ConnectionPoolEntry) -> None:
    """Before a connection goes back to the pool: after that it may be another thread's."""
    record.info.pop(_OPEN, None)


def _guard(
    connection: Connection,
    _cursor: object,
    statement: str,
    _parameters: object,
    _context: object,
    _executemany: bool,  # noqa: FBT001
) -> None:
    """Refuse a write outside a transaction; note one inside."""
    if _READS.match(statement):
        return
    tx: Recording | None = connection.info.get(_OPEN)
    if tx is None:
        raise UnauditedWriteError(f"a write outside the ledger: {statement.split(None, 3)[:3]}")
    tx.note_write()
