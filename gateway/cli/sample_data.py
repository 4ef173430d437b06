"""The two sample databases behind the demonstration's gates, made from words and a seed.

The same words give the same bytes of content on every machine, so that a test can tell what
it will find. Amounts are in fen (1/100 yuan) while they are computed, in yuan in the tables.
"""

from __future__ import annotations

import random
import sqlite3
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

Progress = Callable[[int, int], None]
"""Told (rows done, rows in all)."""

LEDGER_ENTRIES = 420_000
"""Rows of the ledger: more than 50 MB as CSV."""
CONTRACTS = 3_000
NOTICES = 1_200
FIRST_DAY = date(2023, 1, 1)
DAYS = 1_065
BATCH = 20_000

# Datasette finds a search index by its content="…", in double quotes and no others.
_LEDGER = """
CREATE TABLE unit (code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL);
CREATE TABLE subject (code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL);
CREATE TABLE budget (
    id INTEGER PRIMARY KEY, year INTEGER NOT NULL, unit TEXT NOT NULL REFERENCES unit(code),
    subject TEXT NOT NULL REFERENCES subject(code), approved_yuan REAL NOT NULL);
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, day TEXT NOT NULL, unit TEXT NOT NULL REFERENCES unit(code),
    subject TEXT NOT NULL REFERENCES subject(code), purpose TEXT NOT NULL, payee TEXT NOT NULL,
    amount_yuan REAL NOT NULL, method TEXT NOT NULL, voucher TEXT NOT NULL, state TEXT NOT NULL);
CREATE TABLE contract (
    id INTEGER PRIMARY KEY, signed TEXT NOT NULL, unit TEXT NOT NULL REFERENCES unit(code),
    title TEXT NOT NULL, supplier TEXT NOT NULL, amount_yuan REAL NOT NULL, ends TEXT NOT NULL);
CREATE VIRTUAL TABLE contract_fts USING fts5(
    title, supplier, content="contract", content_rowid='id', tokenize='trigram');
"""
_OPEN_DATA = """
CREATE TABLE notice (
    id INTEGER PRIMARY KEY, issued TEXT NOT NULL, kind_zh TEXT NOT NULL, kind_en TEXT NOT NULL,
    place TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL);
CREATE VIRTUAL TABLE notice_fts USING fts5(
    title, body, content="notice", content_rowid='id', tokenize='trigram');
"""


def words() -> dict[str, dict[str, list[Any]]]:
    """The vocabulary of both databases."""
    path = resources.files("config.demo").joinpath("words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def make_ledger(
    path: Path, *, entries: int = LEDGER_ENTRIES, progress: Progress | None = None
) -> None:
    """Write the budget and expense ledger of the inner network to `path`, whole or not at all."""
    known = words()["ledger"]
    dice = random.Random("ledger")  # noqa: S311 - made-up figures
    with _new(path, _LEDGER) as database:
        _fill(database, "unit", known["units"])
        _fill(database, "subject", [subject[:3] for subject in known["subjects"]])
        _fill(database, "budget", _budgets(known, dice))
        rows = _counted(_entries(known, dice, entries), entries, progress)
        _fill(database, "entry", rows)
        _fill(database, "contract", _contracts(known, dice))
        database.execute("INSERT INTO contract_fts(contract_fts) VALUES ('rebuild')")
        for column in ("day", "unit", "subject"):
            database.execute(f"CREATE INDEX entry_{column} ON entry({column})")


def make_open_data(path: Path) -> None:
    """Write the released notices of the outer network to `path`, whole or not at all."""
    known = words()["open_data"]
    dice = random.Random("open data")  # noqa: S311 - made-up figures
    with _new(path, _OPEN_DATA) as database:
        _fill(database, "notice", _notices(known, dice))
        database.execute("INSERT INTO notice_fts(notice_fts) VALUES ('rebuild')")


@contextmanager
def _new(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """Open a database that appears at `path` when the block ends well."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft)) as database:
        # A draft that is lost is simply made again: no journal, no waiting for the disk.
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + schema)
        yield database
        database.commit()
    draft.rename(path)


def _fill(database: sqlite3.Connection, table: str, rows: Any) -> None:  # noqa: ANN401 - rows of any kind
    width = len(database.execute(f"SELECT * FROM {table}").description)  # noqa: S608 - ours
    marks = ", ".join("?" * width)
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - ours


def _counted(
    rows: Iterator[Sequence[object]], total: int, progress: Progress | None
) -> Iterator[Sequence[object]]:
    for number, row in enumerate(rows, start=1):
        if progress is not None and (number % BATCH == 0 or number == total):
            progress(number, total)
        yield row


def _budgets(known: dict[str, list[Any]], dice: random.Random) -> Iterator[Sequence[object]]:
    number = 0
    for year in (2023, 2024, 2025):
        for unit, *_ in known["units"]:
            for code, _, _, usual in known["subjects"]:
                number += 1
                yield number, year, unit, code, round(usual * dice.uniform(90, 160), -2)


def _entries(
    known: dict[str, list[Any]], dice: random.Random, count: int
) -> Iterator[Sequence[object]]:
    days = [(FIRST_DAY + timedelta(days=day)).isoformat() for day in range(DAYS)]
    units = [unit[0] for unit in known["units"]]
    for number in range(1, count + 1):
        code, _, _, usual = dice.choice(known["subjects"])
        fen = int(usual * 100 * (0.2 + 1.6 * dice.random()))
        day = days[number * DAYS // (count + 1)]
        yield (
            number,
            day,
            dice.choice(units),
            code,
            dice.choice(known["purposes"]),
            dice.choice(known["suppliers"]),
            fen / 100,
            dice.choice(known["methods"]),
            f"记-{day[:4]}{day[5:7]}-{number:06d}",
            dice.choice(known["states"]),
        )


def _contracts(known: dict[str, list[Any]], dice: random.Random) -> Iterator[Sequence[object]]:
    for number in range(1, CONTRACTS + 1):
        signed = FIRST_DAY + timedelta(days=dice.randrange(DAYS))
        unit, name, _ = dice.choice(known["units"])
        title = f"{name}{signed.year}年{dice.choice(known['purposes'])}合同"
        ends = signed + timedelta(days=dice.choice((90, 180, 365, 730)))
        amount = dice.randrange(5_000, 900_000)
        yield (
            number,
            signed.isoformat(),
            unit,
            title,
            dice.choice(known["suppliers"]),
            float(amount),
            ends.isoformat(),
        )


def _notices(known: dict[str, list[Any]], dice: random.Random) -> Iterator[Sequence[object]]:
    for number in range(1, NOTICES + 1):
        issued = FIRST_DAY + timedelta(days=number * DAYS // (NOTICES + 1))
        kind_zh, kind_en = dice.choice(known["kinds"])
        place, matter = dice.choice(known["places"]), dice.choice(known["matters"])
        title = f"关于{place}{matter}的{kind_zh}"
        yield (
            number,
            issued.isoformat(),
            kind_zh,
            kind_en,
            place,
            title,
            f"{place}{matter}。{dice.choice(known['bodies'])}",
        )
