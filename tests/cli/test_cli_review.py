"""`hangu audit rules|findings|signoff|coverage|evidence` on a real zone."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sealed_zone import leaves, seal

from audit.review.rulebook import SHIPPED
from gateway.cli import main
from gateway.cli.office import opened
from gateway.logkeeping import indexer_of


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A new zone whose log was searched at the terminal, sealed and indexed."""
    directory = tmp_path / "zone"
    main([
        *("init", str(directory), "--zone", "intranet", "--office", "河山局"),
        *("--public-url", "https://gate.example.cn", "--system-admin", "wang:王建"),
        *("--security-admin", "chen:陈敏", "--auditor", "zhao:赵磊"),
    ])  # fmt: skip
    main(["audit", "search", str(directory)])
    settle(directory)
    return directory


def settle(zone: Path) -> None:
    seal(zone)
    with opened(zone) as office:
        indexer_of(office).catch_up()


def test_rules_run_are_listed_and_tested_at_the_terminal(
    zone: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["audit", "rules", str(zone), "--run"])
    main(["audit", "findings", str(zone)])
    listed = capsys.readouterr().out
    assert "Findings: 1" in listed  # the search at the terminal
    assert "Asia/Shanghai" in "".join(listed.split())
    with opened(zone) as office:
        row = office.store.read.raw_connection()
        (one,) = row.execute("SELECT id FROM review_finding").fetchone()
        row.close()
    main(["audit", "findings", str(zone), str(one)])
    assert json.loads(capsys.readouterr().out)["rule"]["name"] == "log_read_at_terminal"
    main(["audit", "rules", str(zone)])
    assert "brute_force" in capsys.readouterr().out
    main(["audit", "rules", str(zone), "--test", str(SHIPPED / "log_read_at_terminal.yml")])
    assert "would have fired 1 times" in capsys.readouterr().out
    broken = tmp_path / "broken.yml"
    broken.write_text("a: &x 1\n", "utf-8")
    with pytest.raises(SystemExit):
        main(["audit", "rules", str(zone), "--test", str(broken)])
    assert "line 1, column 4" in capsys.readouterr().err
    assert leaves(zone)


def test_what_waits_and_what_is_covered(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["audit", "signoff", str(zone)])
    assert re.search(r"\d+ entries from number 0 on wait", "".join(capsys.readouterr()))
    main(["audit", "coverage", str(zone), "--days", "2"])
    assert "waits" in capsys.readouterr().out


def test_a_package_made_at_the_terminal_verifies_alone(
    zone: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    capsys.readouterr()
    main(["audit", "checkpoint", str(zone), "--first-key"])
    key = re.search(r"\S+\+[0-9a-f]{8}\+\S+", capsys.readouterr().out)
    assert key is not None
    file = tmp_path / "case.zip"
    made = ["audit", "evidence", str(zone), str(file), "--query", "event=person.created"]
    with pytest.raises(SystemExit):
        main([*made, "--why", "x", "--to", "y"])
    with pytest.raises(SystemExit):
        main([*made[:-1], "evnt=person.created", "--why", "case seven", "--to", "inspection"])
    assert not file.exists()
    main([*made, "--why", "case seven", "--to", "inspection"])
    with pytest.raises(SystemExit):
        main([*made, "--why", "case seven", "--to", "inspection"])
    with zipfile.ZipFile(file) as package:
        (tmp_path / "verify.py").write_bytes(package.read("verify.py"))
        html = package.read("page.zh.html").decode()
        assert "person.created" not in re.sub(r"<code>.*?</code>", "", html)
        assert "新增人员" in html
    assert leaves(*made[:-2], "--finding", "nix", "--why", "case seven", "--to", "x") != 0
    run = [sys.executable, "-I", "verify.py", "--package", "case.zip", "--key", key[0]]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def write(zone: Path, statement: str) -> None:
    (path,) = zone.rglob("*.db")
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_attack_the_place_of_the_rules_moved_forward_is_found_and_undone(
    zone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(zone, "UPDATE review_place SET next = 3")
    assert leaves("audit", "verify", str(zone)) == 2
    assert "up to which the rules have looked is 3" in capsys.readouterr().out
    main(["audit", "rules", str(zone), "--run"])
    main(["audit", "findings", str(zone)])
    assert "Findings: 1" in capsys.readouterr().out
    assert leaves("audit", "verify", str(zone)) == 0


def test_rules_whose_index_has_a_hole_say_what_to_do(
    zone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(zone, "DELETE FROM audit_index WHERE seq = 2")
    with pytest.raises(SystemExit):
        main(["audit", "rules", str(zone), "--run"])
    said = capsys.readouterr().err
    assert "lacks entry 2" in said
    assert "hangu audit index --rebuild" in said
    main(["audit", "index", "--rebuild", str(zone)])
    main(["audit", "rules", str(zone), "--run"])
