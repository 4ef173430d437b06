"""The two engines: what each database promises and refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from audit.columns import UtcDateTime
from audit.ledger import Ledger
from audit.record import Actor
from gateway.store.engines import Store, open_store

SYSTEM = Actor(subject="system:test")


def test_sqlite_keeps_every_commit_through_a_power_cut(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store.write.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
        }
    store.close()
    full = 2
    assert pragmas == {
        "journal_mode": "wal", "synchronous": full, "foreign_keys": 1, "trusted_schema": 0,
    }  # fmt: skip


def test_many_writers_wait_for_each_other_and_none_is_lost(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    writers, each = 8, 10
    barrier = Barrier(writers)

    def write() -> None:
        barrier.wait()
        for _ in range(each):
            ledger.append("unit.created", actor=SYSTEM, now=now)

    threads = [Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as session:
        assert session.execute(text("SELECT count(*) FROM audit_event")).scalar() == writers * each


def test_a_reader_sees_no_uncommitted_change(store: Store, ledger: Ledger, now: datetime) -> None:
    with ledger.begin() as tx:
        tx.record("unit.created", actor=SYSTEM, now=now)
        tx.session.execute(text("INSERT INTO unit (slug, name_zh, name_en) VALUES ('a', 'a', 'a')"))
        with store.reading() as session:
            assert session.execute(text("SELECT count(*) FROM unit")).scalar() == 0
    with store.reading() as session:
        assert session.execute(text("SELECT count(*) FROM unit")).scalar() == 1


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_a_time_comes_back_as_the_same_moment_in_utc(dialect: object) -> None:
    beijing = datetime(2026, 11, 22, 14, 5, tzinfo=timezone(timedelta(hours=8)))
    column = UtcDateTime()
    bound = column.process_bind_param(beijing, dialect)  # type: ignore[arg-type]
    assert column.process_result_value(bound, dialect) == beijing  # type: ignore[arg-type]


def test_a_naive_time_is_refused() -> None:
    naive = datetime(2026, 11, 22, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        UtcDateTime().process_bind_param(naive, sqlite.dialect())


def test_an_audited_commit_changes_few_pages_of_sqlites_file(sqlite_url: str) -> None:
    """The entry, its id, its place among the unsealed, its secret, and now and then a new one."""
    store = open_store(sqlite_url)
    ledger = Ledger(store.write, zone="intranet", seal=lambda _eid, _field, value: value)
    log = Path(f"{store.write.url.database}-wal")
    actor = Actor(subject="person:7", address="10.1.2.3")

    def record(times: int) -> None:
        for _ in range(times):
            ledger.append("unit.created", actor=actor, now=datetime.now(UTC), object="unit:water")

    record(50)
    before = log.stat().st_size
    record(200)
    frames = (log.stat().st_size - before) / (24 + 4096)
    store.close()
    assert frames / 200 < 5
