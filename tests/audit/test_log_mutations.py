"""Whatever single thing is changed in a log of 5,000 entries, the verifier notices.

HANGU_MUTATIONS sets how many (10000 for the full measure; a few hundred else).
"""

from __future__ import annotations

import os
import random
from datetime import datetime
from pathlib import Path

from mutations import Files, files_of, mutations
from sealed_log import POLICY, SealedLog
from sqlalchemy import Table, select, text

from audit import verify as standalone
from audit.export import write
from audit.tables import audit_event, audit_secret, log_checkpoint, log_state, log_tile
from audit.tables_anchors import log_key

COUNT = int(os.environ.get("HANGU_MUTATIONS", "120"))


def test_every_random_mutation_of_an_export_is_found(
    sealed_file: SealedLog, tmp_path: Path
) -> None:
    sealed_file.fill(5000, rounds=4)
    write(sealed_file.source(), tmp_path / "export")
    files = files_of(tmp_path / "export")
    key = sealed_file.key
    assert standalone.verify(Files(files, {}), key=key, policy=POLICY).code == 0
    seed = random.randrange(2**32)
    found = mutations(files, random.Random(seed))
    for _ in range(COUNT):
        changed = next(found)
        report = standalone.verify(Files(files, changed), key=key, policy=POLICY)
        assert report.code == standalone.TAMPERED, (seed, changed)
        assert report.first_bad is not None


TABLES = {
    audit_event: ["body", "leaf", "eid", "seq", "created", None],
    audit_secret: ["salt", "value", "field"],
    log_tile: ["hashes", None],
    log_checkpoint: ["note", "size", None],
    log_state: ["note", "root", "size", None],
    log_key: ["first_key", "standing", None],
}
"""What may be changed: columns, and None for the whole row."""


_KEEP = "CREATE TABLE kept_{0} AS SELECT * FROM {0}"
_RESTORE = ("DELETE FROM {0}", "INSERT INTO {0} SELECT * FROM kept_{0}")


class Copies:
    """The tables as they were, to put them back after each mutation."""

    def __init__(self, log: SealedLog) -> None:
        self._log = log
        with log.as_root() as connection:
            for table in TABLES:
                connection.execute(text(_KEEP.format(table.name)))

    def restore(self, table: Table) -> None:
        """Put a table back as it was."""
        self._log.attack(*(each.format(table.name) for each in _RESTORE))


def _mutate(log: SealedLog, chance: random.Random) -> tuple[Table, str]:
    """Change one value of one row, or delete one row; return where, and what was done."""
    table = chance.choice(list(TABLES))
    column = chance.choice(TABLES[table])
    with log.as_root() as connection:
        on_file = connection.dialect.name == "sqlite"
        row = chance.choice(connection.execute(select(table)).all())
        keys = table.primary_key.columns.keys()
        found = {f"the_{key}": getattr(row, key) for key in keys}
        where = "WHERE " + " AND ".join(f"{key} = :the_{key}" for key in keys)
        if column is None:
            connection.execute(text(f"DELETE FROM {table.name} {where}"), found)
            return table, f"DELETE FROM {table.name} {row}"
        value = getattr(row, column)
        new = _other(value, chance)
        if on_file and chance.random() < 0.2:  # SQLite keeps any type in any column
            new = chance.choice(["text", 12345.5, -7, b"\xff"])
        statement = f"UPDATE {table.name} SET {column} = :new {where}"
        connection.execute(text(statement), {"new": new, **found})
        return table, f"{statement} {value!r} {new!r}"


def _other(value: object, chance: random.Random) -> object:
    match value:
        case bytes():
            at = chance.randrange(len(value))
            return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
        case int():
            return value + 10**6
        case datetime():
            return "2001-01-01 00:00:00.000000"
    at = chance.randrange(len(str(value)))
    return f"{str(value)[:at]}{chr(ord(str(value)[at]) ^ 1)}{str(value)[at + 1 :]}"


def test_every_random_mutation_of_the_database_is_found(sealed: SealedLog) -> None:
    """As root on the SQLite file, as superuser on PostgreSQL."""
    sealed.fill(1200, rounds=4)
    anchor = sealed.note
    copies = Copies(sealed)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for _ in range(max(40, COUNT // 20)):
        table, done = _mutate(sealed, chance)
        report = sealed.verify(anchors=(anchor,))
        assert report.code == standalone.TAMPERED, (seed, done, report.lines())
        copies.restore(table)
    assert sealed.verify(anchors=(anchor,)).code == standalone.INTACT
