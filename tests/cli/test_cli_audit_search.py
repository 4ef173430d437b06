"""`hangu audit search` and `index`: the same filters as the page, at the terminal."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from sealed_zone import leaves, seal

from gateway.cli import main
from gateway.cli.office import opened
from gateway.logkeeping import indexer_of


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A new zone whose log is sealed and indexed."""
    directory = tmp_path / "zone"
    main([
        *("init", str(directory), "--zone", "intranet", "--office", "河山局"),
        *("--public-url", "https://gate.example.cn", "--system-admin", "wang:王建"),
        *("--security-admin", "chen:陈敏", "--auditor", "zhao:赵磊"),
    ])  # fmt: skip
    settle(directory)
    return directory


def settle(zone: Path) -> None:
    seal(zone)
    with opened(zone) as office:
        indexer_of(office).catch_up()


def found(zone: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    capsys.readouterr()
    main(["audit", "search", str(zone), "--json", *words])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_people_events_words_and_exclusions_at_the_terminal(
    zone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = found(zone, capsys, "--object", "chen")
    assert about
    names = {each["entry"]["ev"] for each in about}  # type: ignore[index]
    assert "person.created" in names
    left = found(zone, capsys, "--object", "chen", "--not", "event=person.created")
    assert len(left) < len(about)
    assert all(each["flaw"] is None and each["covered_by"] for each in about)
    by_line = found(zone, capsys, "--query", "/audit/?event=person.created&limit=x")
    assert {each["entry"]["ev"] for each in by_line} == {"person.created"}  # type: ignore[index]
    assert len(found(zone, capsys, "--event", "person.*", "--limit", "1")) == 1
    assert found(zone, capsys, "--since", "2090-01-01T00:00") == []
    assert found(zone, capsys, "--words", "systemadmin nobody") == []


def test_each_search_is_recorded_and_a_table_says_how_many(
    zone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["audit", "search", str(zone), "--event", "person.created"])
    said = " ".join(capsys.readouterr().out.split())
    assert "Entries: 3" in said
    assert "Asia/Shanghai" in said
    assert "陈敏" in said  # beside the id of whom it is about
    settle(zone)
    (kept,) = found(zone, capsys, "--event", "audit.searched")
    assert kept["entry"]["d"] == {"filter": "event=person.created"}  # type: ignore[index]


@pytest.mark.parametrize(
    "words",
    [
        ("--actor", "nobody"),
        ("--since", "yesterday"),
        ("--class", "x"),
        ("--not", "event"),
        ("--not", "nix=1"),
        ("--query", "since=nix"),
        ("--words", "%"),
        ("--event", "person.creatd"),
        ("--outcome", "nope"),
        ("--not", "event=person.creatd"),
    ],
)
def test_a_filter_that_cannot_be_used_is_a_sentence(
    zone: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert leaves("audit", "search", str(zone), *words) != 0
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    assert said.err
    assert "An outcome is success, failure or denied" in said.err or "nope" not in words
    assert ("Did you mean person.created?" in said.err) == ("creatd" in words[1])


def test_the_filter_column_trap_is_an_alarm_of_verify_and_healed_by_a_rebuild(
    zone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leaves("audit", "verify", str(zone)) == 0
    settle(zone)
    (path,) = zone.rglob("*.db")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE audit_index SET actor = 'person:nobody' WHERE seq = 3")
    connection.close()
    capsys.readouterr()
    assert leaves("audit", "verify", str(zone)) == 2
    assert "first bad index: 3" in capsys.readouterr().out
    main(["audit", "index", str(zone), "--rebuild"])
    assert "anew" in capsys.readouterr().out
    assert leaves("audit", "verify", str(zone)) == 0
