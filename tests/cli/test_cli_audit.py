"""`hangu audit`: an operator seals, verifies, exports and proves."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sealed_zone import leaves, seal

from audit.keep import Lead
from audit.note import Note, Vkey
from audit.proof import Receipt
from audit.record import leaf_hash
from gateway.cli import main
from gateway.cli.office import opened
from gateway.cli.zone import now, operator
from gateway.logkeeping import indexer_of


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A new zone whose log the embedded sealer has sealed once."""
    directory = tmp_path / "zone"
    main([
        *("init", str(directory), "--zone", "intranet", "--office", "河山局"),
        *("--public-url", "https://gate.example.cn", "--system-admin", "wang:王建"),
        *("--security-admin", "chen:陈敏", "--auditor", "zhao:赵磊"),
    ])  # fmt: skip
    seal(directory)
    return directory


def test_an_operator_verifies_exports_and_proves(
    zone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert leaves("audit", "verify", str(zone)) == 0
    assert "INTACT" in capsys.readouterr().out
    main(["audit", "checkpoint", str(zone), "--first-key"])
    key = capsys.readouterr().out.strip()
    main(["audit", "checkpoint", str(zone)])
    note = capsys.readouterr().out.encode()
    assert Note.parse(note).verified([Vkey.parse(key)])
    main(["audit", "prove", str(zone), "0", "--to", str(tmp_path / "proofs")])
    proof = Receipt.parse((tmp_path / "proofs/0.tlog-proof").read_bytes())
    proof.verify(leaf_hash((tmp_path / "proofs/0.json").read_bytes()), [Vkey.parse(key)])
    main(["audit", "export", str(zone), str(tmp_path / "export")])
    assert leaves("audit", "export", str(zone), str(tmp_path / "export")) == 1
    assert "Name a new one" in capsys.readouterr().err
    folder = tmp_path / "export"
    command = [sys.executable, "-I", "-S", folder / "verify.py", folder, "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_looking_at_the_log_is_recorded_in_it(
    zone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leaves("audit", "verify", str(zone)) == 0
    main(["audit", "prove", str(zone), "0", "--to", str(tmp_path)])
    main(["audit", "export", str(zone), str(tmp_path / "export")])
    seal(zone)
    capsys.readouterr()
    assert leaves("audit", "verify", str(zone)) == 0
    with sqlite3.connect(next(zone.glob("*.db"))) as database:
        bodies = b"".join(row[0] for row in database.execute("SELECT body FROM audit_event"))
    database.close()
    for name in (b"audit.verified", b"audit.proved", b"audit.exported"):
        assert b'"ev":"' + name in bodies


def test_a_changed_entry_ends_with_2(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(next(zone.glob("*.db"))) as database:
        database.execute("DROP TRIGGER audit_event_fix")
        database.execute("UPDATE audit_event SET body = replace(body, 'ok', 'ko') || ' '")
    database.close()
    assert leaves("audit", "verify", str(zone)) == 2
    assert "first bad index: 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong", [["--bogus"], ["--anchor", "/no/such/file"], ["--key", "mistyped"], ["--paper", "x"]]
)
def test_a_wrong_call_of_verify_could_not_run_and_is_never_tampered(
    zone: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    assert leaves("audit", "verify", str(zone), *wrong) == 1
    told = capsys.readouterr()
    assert "TAMPERED" not in told.out
    assert told.err


def test_a_log_cut_back_to_nothing_ends_with_2(zone: Path) -> None:
    """The sealer's own memory is an anchor that the database cannot reach."""
    with sqlite3.connect(next(zone.glob("*.db"))) as database:
        for kind in ("audit_event_keep", "log_tile_keep", "log_state_keep", "log_state_grow"):
            database.execute(f"DROP TRIGGER {kind}")
        database.execute("DELETE FROM audit_event")
        database.execute("DELETE FROM log_tile")
        database.execute("UPDATE log_state SET size = 0, note = NULL")
    database.close()
    assert leaves("audit", "verify", str(zone)) == 2


def test_what_is_not_there_is_said(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leaves("audit", "prove", str(zone), "99999") == 1
    assert "no sealed entry" in capsys.readouterr().err
    for path in (zone / "sealer").iterdir():
        path.unlink()
    assert leaves("audit", "verify", str(zone)) == 1
    assert "Nothing has been sealed" in capsys.readouterr().err


def test_the_sealer_runs_as_a_process_of_its_own_until_it_is_told_to_stop(zone: Path) -> None:
    with opened(zone) as office:
        office.ledger.append("audit.verified", actor=operator(), now=now())
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "audit", "seal", str(zone)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and _waiting(zone):
            time.sleep(0.1)
        assert not _waiting(zone)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_second_sealer_says_at_once_that_another_process_leads(zone: Path) -> None:
    lead = Lead(zone / "sealer")
    assert lead.take()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "audit", "seal", str(zone)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "Another process seals this log" in process.stderr.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        lead.release()
    assert process.returncode == 0


def _waiting(zone: Path) -> int:
    with sqlite3.connect(next(zone.glob("*.db"))) as database:
        found: int = database.execute(
            "SELECT count(*) FROM audit_event WHERE seq IS NULL"
        ).fetchone()[0]
    database.close()
    return found


def test_attack_an_act_on_a_record_that_nobody_did_is_named_and_mended(
    zone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = zone.rglob("*.db")
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO record_act (person, record_hash, act, record, decision, at, mac) VALUES "
            "('person:x', 'h', 'create', 'svc:docs/17', 'd', '2026-01-05 08:00:00.000000', x'00')"
        )
    connection.close()
    assert leaves("audit", "verify", str(zone)) == 2
    assert "person:x create svc:docs/17: this zone did not write" in capsys.readouterr().out
    main(["policy", "separation", str(zone), "--mend"])
    assert "1 acts on records" in capsys.readouterr().out
    assert leaves("audit", "verify", str(zone)) == 0


GARBAGE = {
    "a moment of a finding": (
        "INSERT INTO review_rule (name, version, text, is_on, why, at, by) "
        "VALUES ('x', 1, 'x', 1, 'x', 'yesterday', 'x')"
    ),
    "an id that is none": (
        "INSERT INTO review_suppression (id, rule, fields, reason, at, by, until) "
        "VALUES ('x', 'x', '{', 'x', '2026-01-05 08:00:00', 'x', '2026-01-05 08:00:00')"
    ),
    "a text that is none": (
        "INSERT INTO record_act (person, record_hash, act, record, decision, at, mac) VALUES "
        "(CAST(x'ff' AS TEXT), 'h', 'a', 'r', 'd', '2026-01-05 08:00:00.000000', x'00')"
    ),
    "a moment of an act": (
        "INSERT INTO record_act (person, record_hash, act, record, decision, at, mac) VALUES "
        "('p', 'h', 'a', 'r', 'd', 'x', x'00')"
    ),
    "a block of the search": "UPDATE audit_block SET first_at = 'x', marks = 5",
    "an hour of the search": "UPDATE audit_hour SET hour = 'x', entries = 'y'",
    "the place of the rules": "UPDATE review_place SET next = 'x', word = 5",
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_attack_a_value_of_an_odd_kind_hides_no_tampering_from_verify(
    zone: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite keeps what is written; a verify that broke down would say nothing of the rest."""
    with opened(zone) as office:
        indexer_of(office).catch_up()
    (path,) = zone.rglob("*.db")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER audit_event_fix")
        connection.execute("UPDATE audit_event SET body = '{}' WHERE seq = 1")
        connection.execute(GARBAGE[kind])
    connection.close()
    capsys.readouterr()
    assert leaves("audit", "verify", str(zone)) == 2
    said = capsys.readouterr().out
    assert "entry 1 is not the one that was sealed" in said
    assert f"first bad index: {int(kind != 'a block of the search')}\n" in said
