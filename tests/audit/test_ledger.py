"""The transaction that demands its own evidence."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import pytest
from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from audit.ledger import Ledger, UnauditedWriteError
from audit.record import Actor, leaf_hash
from audit.tables import audit_event, audit_secret
from gateway.store.engines import Store

ACTOR = Actor(subject="person:7", address="10.1.2.3")
TABLES = "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)"


@pytest.fixture
def things(store: Store) -> Store:
    """Add a table to write to, past the ledger, as a migration would."""
    engine = create_engine(store.write.url)
    with engine.begin() as connection:
        connection.execute(text(TABLES))
    engine.dispose()
    return store


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_a_change_and_its_record_commit_together(
    things: Store, ledger: Ledger, now: datetime
) -> None:
    with ledger.begin() as tx:
        tx.session.execute(text("INSERT INTO thing VALUES (1, 'a')"))
        eid = tx.record("unit.created", actor=ACTOR, now=now, object="unit:finance")
    assert count(things.read, "thing") == 1
    with things.reading() as session:
        row = session.execute(select(audit_event)).one()
        kept = session.execute(select(audit_secret)).one()
    assert (row.eid, row.seq, row.leaf) == (eid, None, leaf_hash(row.body))
    assert b"10.1.2.3" not in row.body
    assert (kept.eid, kept.field, kept.value) == (eid, "src_ip", b"10.1.2.3")


def test_a_change_without_a_record_does_not_commit(things: Store, ledger: Ledger) -> None:
    with pytest.raises(UnauditedWriteError), ledger.begin() as tx:
        tx.session.execute(text("INSERT INTO thing VALUES (1, 'a')"))
    assert count(things.read, "thing") == 0


def test_a_write_on_the_transactions_own_connection_does_not_slip_through(
    things: Store, ledger: Ledger
) -> None:
    with pytest.raises(UnauditedWriteError), ledger.begin() as tx:
        tx.session.connection().exec_driver_sql("WITH x AS (SELECT 1) UPDATE thing SET name='b'")
    assert count(things.read, "audit_event") == 0


def test_the_writing_engine_refuses_whoever_comes_past_the_ledger(
    things: Store, ledger: Ledger
) -> None:
    with pytest.raises(UnauditedWriteError), things.write.begin() as connection:
        connection.execute(text("INSERT INTO thing VALUES (1, 'a')"))
    assert count(things.read, "thing") == 0


def test_the_reading_engine_cannot_write(things: Store) -> None:
    with pytest.raises(DatabaseError), things.reading() as session:
        session.execute(text("INSERT INTO thing VALUES (1, 'a')"))
    assert count(things.read, "thing") == 0


def test_an_exception_takes_change_and_record_back(
    things: Store, ledger: Ledger, now: datetime
) -> None:
    def change_and_fail() -> None:
        with ledger.begin() as tx:
            tx.session.execute(text("INSERT INTO thing VALUES (1, 'a')"))
            tx.record("unit.created", actor=ACTOR, now=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert (count(things.read, "thing"), count(things.read, "audit_event")) == (0, 0)
    ledger.append("unit.created", actor=ACTOR, now=now)
    assert count(things.read, "audit_event") == 1


def test_housekeeping_says_why_it_records_nothing(things: Store, ledger: Ledger) -> None:
    with ledger.begin(unaudited_because="the last-seen time of a session") as tx:
        tx.session.execute(text("INSERT INTO thing VALUES (1, 'a')"))
    assert (count(things.read, "thing"), count(things.read, "audit_event")) == (1, 0)


@pytest.mark.parametrize("failing", range(6))
def test_whichever_statement_fails_nothing_half_done_stays(
    things: Store, ledger: Ledger, now: datetime, failing: int
) -> None:
    """Fail the n-th statement of an audited change, for every n."""
    seen = []

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)
        if len(seen) == failing + 1:
            raise ConnectionError(statement)

    event.listen(things.write, "before_cursor_execute", fail)
    try:
        with ledger.begin() as tx:
            tx.session.execute(text("INSERT INTO thing VALUES (1, 'a')"))
            tx.record("unit.created", actor=ACTOR, now=now)
    except ConnectionError:
        assert count(things.read, "thing") == 0
        assert count(things.read, "audit_event") == 0
    else:
        assert len(seen) <= failing
        assert count(things.read, "audit_event") == 1
    finally:
        event.remove(things.write, "before_cursor_execute", fail)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_event SET body = '\\x00'",
        "UPDATE audit_event SET seq = 1, eid = 'x'",
        "UPDATE audit_event SET created = '2020-01-01'",
        "DELETE FROM audit_event",
    ],
)
def test_an_entry_is_neither_changed_nor_deleted(
    store: Store, ledger: Ledger, now: datetime, attack: str
) -> None:
    ledger.append("unit.created", actor=ACTOR, now=now)
    owner = create_engine(store.write.url)
    with pytest.raises(DatabaseError, match="never"), owner.begin() as connection:
        connection.execute(text(attack))
    owner.dispose()


def test_an_entry_is_numbered_once(store: Store, ledger: Ledger, now: datetime) -> None:
    ledger.append("unit.created", actor=ACTOR, now=now)
    owner = create_engine(store.write.url)
    with owner.begin() as connection:
        connection.execute(text("UPDATE audit_event SET seq = 0"))
    with pytest.raises(DatabaseError, match="never"), owner.begin() as connection:
        connection.execute(text("UPDATE audit_event SET seq = 1"))
    owner.dispose()
    with store.reading() as session:
        assert session.execute(select(func.max(audit_event.c.seq))).scalar_one() == 0


def test_after_a_commit_that_failed_the_next_transaction_is_a_clean_one(
    things: Store, ledger: Ledger, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at COMMIT leaves SQLite inside the transaction, on the only connection."""

    def fail(_connection: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(things.write.dialect, "do_commit", fail)
        with pytest.raises(OSError, match="disk full"):
            ledger.append("unit.created", actor=ACTOR, now=now)
        with pytest.raises(OSError, match="disk full"), ledger.begin() as tx:
            tx.record("unit.created", actor=ACTOR, now=now)
    ledger.append("unit.created", actor=ACTOR, now=now)
    assert count(things.read, "audit_event") == 1


@pytest.mark.parametrize("end", ["commit", "refusal", "sealer"])
def test_a_connection_that_goes_back_lends_the_next_thread_no_leave_and_takes_none(
    things: Store, ledger: Ledger, now: datetime, end: str
) -> None:
    """One connection serves many threads: what is left on it at its return is another's.

    A leave that is taken off after the return takes off the next thread's, and its write is
    refused in the middle: so the sealer died.
    """
    left: list[bool] = []

    def returned(_connection: object, record: ConnectionPoolEntry) -> None:
        left.append("audit.transaction" in record.info)

    event.listen(things.write, "checkin", returned)
    with suppress(ZeroDivisionError):
        if end == "sealer":
            with ledger.for_sealer() as connection:
                connection.execute(select(audit_event.c.id))
        else:
            with ledger.begin() as tx:
                tx.record("unit.created", actor=ACTOR, now=now)
                if end == "refusal":
                    raise ZeroDivisionError
    assert left == [False]
