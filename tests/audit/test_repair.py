"""Repair: what was damaged comes back from a copy, which is believed only when it proves itself."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from forged_log import inserted
from kept_log import aged, agree, exported, prune
from sealed_log import SealedLog, bodies_of
from sqlalchemy.exc import DatabaseError

from audit import repair, verify
from audit.record import leaf_hash
from audit.repair import BadCopy, Damage


def mended(log: SealedLog, folder: Path) -> list[Damage]:
    """Repair the log from the export, as the command does."""
    repair.trusted(folder, key=log.key, note=log.note)
    with log.store.read.connect() as connection:
        found = list(repair.damages(log.source(), connection, folder))
    with log.engine.begin() as connection, repair.unguarded(connection):
        repair.mend(connection, found)
    return found


def test_changed_missing_and_swapped_entries_come_back(sealed: SealedLog, tmp_path: Path) -> None:
    sealed.write(600)
    sealed.seal()
    folder = exported(sealed, tmp_path / "export")
    sealed.write(300)  # the log has grown since the copy was made
    sealed.seal(after=70)
    right = bodies_of(sealed)
    sealed.attack(
        "UPDATE audit_event SET body = '{}' WHERE seq = 17",
        "DELETE FROM audit_event WHERE seq IN (3, 255, 256, 512)",
        "UPDATE audit_event SET eid = 'x', leaf = body WHERE seq = 99",
        "UPDATE log_tile SET hashes = leaf_less WHERE level = 0 AND number = 1".replace(
            "leaf_less", "X'00'" if sealed.engine.dialect.name == "sqlite" else "'\\x00'::bytea"
        ),
    )
    assert sealed.verify().code == verify.TAMPERED
    found = mended(sealed, folder)
    assert sorted(each.index for each in found if each.what == "entry") == [
        *(3, 17, 99, 255, 256, 512)
    ]
    assert [(each.level, each.index) for each in found if each.what == "tile"] == [(0, 1)]
    assert next(each.before for each in found if each.index == 17) == b"{}"
    assert bodies_of(sealed) == right
    report = sealed.verify()
    assert report.code == verify.INTACT, report.lines()


def test_the_triggers_are_back_after_a_repair(sealed: SealedLog) -> None:
    sealed.write(3)
    sealed.seal()
    with sealed.engine.begin() as connection, repair.unguarded(connection):
        connection.exec_driver_sql("DELETE FROM audit_event WHERE seq = 0")
    with pytest.raises(DatabaseError), sealed.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_event")


def test_a_hundred_random_damages_are_all_found_and_mended(
    sealed_file: SealedLog, tmp_path: Path
) -> None:
    sealed_file.write(400)
    sealed_file.seal()
    folder = exported(sealed_file, tmp_path / "export")
    chance = random.Random(7)
    victims = chance.sample(range(400), 100)
    for seq in victims:
        statement = chance.choice(
            [
                "DELETE FROM audit_event WHERE seq = :seq",
                "UPDATE audit_event SET body = body || ' ' WHERE seq = :seq",
                "UPDATE audit_event SET leaf = X'00' WHERE seq = :seq",
                "UPDATE audit_event SET eid = eid || '!' WHERE seq = :seq",
            ]
        )
        sealed_file.attack(statement, seq=seq)
    found = mended(sealed_file, folder)
    assert sorted(each.index for each in found) == sorted(victims)
    assert sealed_file.verify().code == verify.INTACT


def test_attack_a_forged_copy_is_not_believed(sealed_file: SealedLog, tmp_path: Path) -> None:
    sealed_file.write(300)
    sealed_file.seal()
    folder = exported(sealed_file, tmp_path / "export")
    bundle = folder / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"success", b"failure", 1))
    with pytest.raises(BadCopy) as refused:
        repair.trusted(folder, key=sealed_file.key, note=sealed_file.note)
    assert refused.value.report is not None
    assert refused.value.report.code == verify.TAMPERED


def test_attack_a_copy_of_another_log_is_not_believed(
    sealed_file: SealedLog, tmp_path: Path, sqlite_template: Path
) -> None:
    sealed_file.write(300)
    sealed_file.seal()
    other_file = tmp_path / "other.db"
    other_file.write_bytes(sqlite_template.read_bytes())
    other = SealedLog(f"sqlite:///{other_file}", tmp_path / "other", sealed_file.now)
    other.write(300)
    other.seal()
    folder = exported(other, tmp_path / "export")
    other.close()
    with pytest.raises(BadCopy):
        repair.trusted(folder, key=sealed_file.key, note=sealed_file.note)
    with pytest.raises(BadCopy, match="no export"):
        repair.trusted(tmp_path, key=sealed_file.key, note=sealed_file.note)


def test_what_was_pruned_does_not_come_back(sealed_file: SealedLog, tmp_path: Path) -> None:
    aged(sealed_file)
    folder = exported(sealed_file, tmp_path / "export")
    agree(sealed_file)
    prune(sealed_file)
    assert mended(sealed_file, folder) == []


def test_attack_what_is_no_entry_and_was_sealed_all_the_same_keeps_no_other_from_its_repair(
    sealed: SealedLog, tmp_path: Path
) -> None:
    """Nor does one that states the id of an entry of ours."""
    sealed.write(3)
    sealed.seal()
    own = json.loads(bodies_of(sealed)[1])
    stolen = json.dumps({"eid": own["eid"], "ts": own["ts"]}).encode()
    bodies = (b"\xff\xfe", b"[]", b"null", b'{"eid":5,"ts":"2026-01-01T00:00:00"}', stolen)
    for body in bodies:
        inserted(sealed, body=body, leaf=leaf_hash(body))
    sealed.seal(after=70)
    right, strange = bodies_of(sealed), sealed.verify().findings
    assert {each.index for each in strange} <= {right.index(body) for body in bodies}
    folder = exported(sealed, tmp_path / "export")
    sealed.attack("DELETE FROM audit_event WHERE seq > 0")
    sealed.attack("UPDATE audit_event SET body = '{}' WHERE seq = 0")
    repair.trusted(folder, key=sealed.key, note=sealed.note)
    assert len(mended(sealed, folder)) == len(right)
    assert bodies_of(sealed) == right
    assert {each.index for each in sealed.verify().findings} <= {each.index for each in strange}
    assert all(each.index == right.index(stolen) for each in mended(sealed, folder))
