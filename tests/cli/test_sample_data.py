"""The sample databases: the same everywhere, big enough, searchable."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.cli.sample_data import LEDGER_ENTRIES, make_ledger, make_open_data


def dump(path: Path) -> str:
    """Return a digest of everything in the database."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(path)) as database:
        for line in database.iterdump():
            digest.update(line.encode())
    return digest.hexdigest()


def test_the_ledger_is_the_same_on_every_machine(tmp_path: Path) -> None:
    first, second = tmp_path / "a.db", tmp_path / "b.db"
    make_ledger(first, entries=2000)
    make_ledger(second, entries=2000)
    assert dump(first) == dump(second)


def test_all_entries_are_more_than_fifty_megabytes_of_csv(tmp_path: Path) -> None:
    """The mean of a sample, times the rows of the real ledger."""
    path = tmp_path / "ledger.db"
    make_ledger(path, entries=5000)
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT * FROM entry").fetchall()
    size = sum(len((",".join(map(str, row)) + "\r\n").encode()) for row in rows)
    assert size / len(rows) * LEDGER_ENTRIES > 50_000_000


def test_contracts_and_notices_can_be_searched_in_chinese(tmp_path: Path) -> None:
    make_ledger(tmp_path / "ledger.db", entries=10)
    make_open_data(tmp_path / "open.db")
    for name, table, word in (("ledger", "contract", "除湿机"), ("open", "notice", "停车泊位")):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as database:
            found = database.execute(
                f"SELECT count(*) FROM {table}_fts WHERE {table}_fts MATCH ?",
                (word,),
            ).fetchone()
        assert found[0] > 10


def test_an_interrupted_ledger_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_ledger(path, entries=30_000, progress=stop)
    assert not path.exists()
    make_ledger(path, entries=10)
    assert path.exists()
