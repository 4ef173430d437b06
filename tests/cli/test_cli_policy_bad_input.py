"""Whatever file, zone or pipe `hangu policy` is given: words, a place, a status, no stack trace."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_terminal import Terminal

from gateway.cli import main

GOOD = "p, role:staff, *, app:portal.view, use, *, *, 2, *, allow\n"
FILES = ("check", "test", "sentences", "diff", "replay", "convert", "import", "draft")
"""The commands that read rules from a file."""


def call(command: str, zone: Path, file: Path) -> Sequence[str]:
    """The words of a command about a file."""
    target = str(file.with_name("target.csv"))
    more = {
        "diff": ("--zone", str(zone)),
        "replay": ("--zone", str(zone)),
        "convert": (target,),
        "import": ("--note", "试验", "--yes"),
        "draft": ("--as", "chen", "--title", "试验", "--why", "试验", "--most-people", "1"),
    }
    first = (str(zone),) if command in ("import", "draft") else ()
    return ("policy", command, *first, str(file), *more.get(command, ()))


@pytest.fixture
def zone(terminal: Terminal) -> Path:
    return terminal.zone


@pytest.mark.parametrize(
    ("held", "said"),
    [
        pytest.param(b"", "holds no rules", id="empty"),
        pytest.param(b"# nothing but words\n\n", "holds no rules", id="comments alone"),
        pytest.param(GOOD.encode() + b"# \xb2\xc6\xce\xf1\n", ":2:3: error: byte 0xb2", id="GB"),
        pytest.param(b"\x00\x01\xfe\xff", ":1:3: error: byte 0xfe", id="binary"),
        pytest.param(GOOD.encode() + b"p, role:staff\n", ":2:1: error:", id="a short row"),
        pytest.param(GOOD.replace("use", "us").encode(), ":1:", id="a wrong word"),
    ],
)
def test_a_file_that_is_no_rules_is_named_with_its_place_and_changes_nothing(
    terminal: Terminal, zone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    held: bytes, said: str,
) -> None:  # fmt: skip
    file = tmp_path / "rules.csv"
    file.write_bytes(held)
    before = terminal.run("policy", "show", str(zone))
    for command in FILES:
        with pytest.raises(SystemExit) as leaving:
            main(call(command, zone, file))
        assert leaving.value.code == 1
        told = capsys.readouterr()  # `check` prints its findings as results
        answer = "".join(f"{told.out} {told.err}".split())
        assert said.replace(" ", "") in answer, command
        assert str(file) in answer
        assert "Traceback" not in answer
        assert "Hanguitselffailed" not in answer
    assert terminal.run("policy", "show", str(zone)) == before
    assert json.loads(terminal.run("policy", "changes", str(zone), "--json")) == {"changes": []}
    assert not file.with_name("target.csv").exists()


def test_rules_as_toml_are_imported_as_they_are_checked(
    terminal: Terminal, zone: Path, tmp_path: Path
) -> None:
    rules, toml = tmp_path / "rules.csv", tmp_path / "rules.toml"
    rules.write_text(terminal.run("policy", "show", str(zone)) + GOOD.replace("staff", "night"))
    terminal.run("policy", "convert", str(rules), str(toml))
    terminal.run("policy", "import", str(zone), str(toml), "--note", "夜班", "--yes")
    assert "role:night" in terminal.run("policy", "show", str(zone))


def test_a_target_of_no_form_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "rules.csv"
    file.write_text(GOOD)
    said = terminal.fails("policy", "convert", str(file), str(tmp_path / "rules.xml"))
    assert "is of no form" in said
    assert not (tmp_path / "rules.xml").exists()


def test_an_empty_database_is_no_zone(terminal: Terminal, zone: Path) -> None:
    (zone / "hangu.db").unlink()
    for command in ("show", "history", "workers", "uses", "separation", "changes"):
        said = " ".join(terminal.fails("policy", command, str(zone)).split())
        assert "The database is empty" in said, command
        assert "database.url" in said


@pytest.mark.parametrize("words", [("sentences",), ("sentences", "--json"), ("check",)])
def test_a_reader_who_leaves_early_meets_no_stack_trace(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    """As `| head -1` does: the pipe is closed while a megabyte is still to come."""
    file = tmp_path / "rules.csv"
    row = "p, role:staff, *, svc:x/p{}/**, GET, *, *, {}, *, allow\n"
    # What `check` says of a row is longer than the row: a wrong strength in each.
    file.write_text(
        "".join(row.format(each, 9 if words == ("check",) else 2) for each in range(6000))
    )
    asked = [sys.executable, "-m", "gateway.cli", "policy", *words, str(file)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        said = process.stderr.read().decode()
    assert "Traceback" not in said
    assert "Hangu itself failed" not in said
