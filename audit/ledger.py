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

from sqlalchemy import Connection, Engine, event, insert
from sqlalchemy.orm import Session, sessionmaker

from audit.record import Actor, Event, Json, Record, compose
from audit.tables import audit_event, audit_secret
from audit.vocabulary import Outcome

SealSecret = Callable[[str, str, bytes], bytes]
"""Encrypts one personal value: (entry id, field, plain bytes) to sealed bytes."""

_OPEN = "audit.transaction"
_GUARDED: WeakSet[Engine] = WeakSet()
_READS = re.compile(
    r"\s*(SELECT|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|SHOW|SET|EXPLAIN)\b", re.IGNORECASE
)


class UnauditedWriteError(RuntimeError):
    """Something was written, or was about to be, without a record of it."""


class Transaction:
    """An open transaction: the session to change rows with, and the records so far."""

    def __init__(self, session: Session, *, zone: str, excuse: str | None) -> None:
        self.session = session
        self._zone = zone
        self._excuse = excuse
        self._records: list[tuple[Record, datetime]] = []
        self._wrote = False

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
        """Add an entry to this transaction and return its id.

        `details` holds what the entry's readers need and is nobody's secret; `personal`
        holds what identifies a person (names typed, addresses) and is kept apart, sealed.
        """
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
        self._records.append((record, now))
        return record.eid

    def note_write(self) -> None:
        """Remember that a row was changed; called by the engine's guard."""
        self._wrote = True

    def close(self, seal: SealSecret) -> None:
        """Store the records, or refuse: the last step before the commit."""
        self.session.flush()
        if self._wrote and not self._records and self._excuse is None:
            raise UnauditedWriteError("rows were changed and nothing was recorded")
        if self._records:
            _store(self.session.connection(), self._records, seal)


class Ledger:
    """The audit log of one zone, and thereby the only writer of its database.

    Args:
        engine: the zone's writing engine; from now on it refuses unaudited writes.
        zone: `intranet` or `extranet`, which every entry names.
        seal: encrypts a personal value for storage.
        info: given to each session (`session.info`), e.g. the vault of the sealed columns.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        zone: str,
        seal: SealSecret,
        info: Mapping[str, Any] | None = None,
    ) -> None:
        self._engine = engine
        self._zone = zone
        self._seal = seal
        self.sessions = sessionmaker(engine, info=dict(info or {}), expire_on_commit=False)
        # Not `event.contains`: it goes by id(), and a dead engine's id may be this one's by now.
        if engine not in _GUARDED:
            event.listen(engine, "before_cursor_execute", _guard)
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
        """
        with self.sessions() as session:
            tx = Transaction(session, zone=self._zone, excuse=unaudited_because)
            info = session.connection().info
            info[_OPEN] = tx
            try:
                yield tx
                tx.close(self._seal)
                _commit(session)
            finally:
                info.pop(_OPEN, None)

    def append(self, name: str, *, actor: Actor, now: datetime, **fields: Any) -> str:  # noqa: ANN401 - as Transaction.record
        """Record something that changes no row, durably, before returning its entry id."""
        with self.begin() as tx:
            return tx.record(name, actor=actor, now=now, **fields)


def _commit(session: Session) -> None:
    """Commit; a connection whose commit failed may still be in its transaction, so it goes."""
    try:
        session.commit()
    except BaseException:
        session.invalidate()
        raise


def _store(
    connection: Connection, records: Sequence[tuple[Record, datetime]], seal: SealSecret
) -> None:
    connection.execute(
        insert(audit_event),
        [
            {"eid": record.eid, "body": record.body, "leaf": record.leaf, "created": at}
            for record, at in records
        ],
    )
    kept = [
        {
            "eid": record.eid,
            "field": secret.field,
            "salt": secret.salt,
            "value": seal(record.eid, secret.field, secret.value.encode()),
        }
        for record, _ in records
        for secret in record.secrets
    ]
    if kept:
        connection.execute(insert(audit_secret), kept)


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
    tx: Transaction | None = connection.info.get(_OPEN)
    if tx is None:
        raise UnauditedWriteError(f"a write outside the ledger: {statement.split(None, 3)[:3]}")
    tx.note_write()
