"""Whatever single thing is changed in a log of 5,000 entries, the verifier notices.

HANGU_MUTATIONS sets how many (10000 for the full measure; a few hundred else).
"""

from __future__ import annotations

import os
import random
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from mutations import Files, files_of, mutations
from sealed_log import POLICY, SealedLog
from sqlalchemy import select, text

from audit import verify as standalone
from audit.export import write
from audit.tables import audit_event, audit_secret, log_checkpoint, log_state, log_tile

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


def _mutate(log: SealedLog, chance: random.Random) -> str:
    """Change one value of one row, or one row; return what was done."""
    table, columns = chance.choice(
        [
            (audit_event, ["body", "leaf", "eid", "seq", "created", None]),
            (audit_secret, ["salt", "value", "field"]),
            (log_tile, ["hashes", None]),
            (log_checkpoint, ["note", "size", None]),
            (log_state, ["note", "root", "size", None]),
        ]
    )
    column = chance.choice(columns)
    with log.as_root() as connection:
        rows = connection.execute(select(text("rowid"), table)).all()
        row = chance.choice(rows)
        where = f"FROM {table.name} WHERE rowid = {row[0]}"
        if column is None:
            connection.execute(text(f"DELETE {where}"))
            return f"DELETE {where}"
        value = getattr(row, column)
        match value:
            case bytes():
                at = chance.randrange(len(value))
                new = value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
            case int():
                new = value + 10**6
            case datetime():
                new = "2001-01-01 00:00:00.000000"
            case _:
                new = "x" + value[1:]
        if chance.random() < 0.2:  # SQLite keeps any type in any column
            new = chance.choice(["text", 12345.5, -7, b"\xff"])
        statement = f"UPDATE {table.name} SET {column} = :new WHERE rowid = {row[0]}"
        connection.execute(text(statement), {"new": new})
        return f"{statement} {value!r} {new!r}"


@pytest.mark.parametrize("_round", range(3))
def test_every_random_mutation_of_the_database_is_found(
    sealed_file: SealedLog,
    _round: int,
) -> None:
    sealed_file.fill(1200, rounds=4)
    anchor = sealed_file.note
    path = Path(sealed_file.url.removeprefix("sqlite:///"))
    sealed_file.close()
    kept = path.with_suffix(".kept")
    shutil.copyfile(path, kept)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for _ in range(max(20, COUNT // 30)):
        shutil.copyfile(kept, path)
        done = _mutate(sealed_file, chance)
        report = sealed_file.verify(anchors=(anchor,))
        assert report.code == standalone.TAMPERED, (seed, done, report.lines())
        sealed_file.close()
