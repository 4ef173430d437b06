"""`hangu audit` for the log's keeping, and `hangu witness`, as an operator uses them."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
from pathlib import Path

import pytest
from cli_terminal import Terminal, enrolled
from kept_log import REASON
from pyotp import TOTP
from sealed_zone import leaves, seal

from audit import verify
from gateway.cli.office import opened
from gateway.identity import attempts, people


@pytest.fixture
def sealed(terminal: Terminal) -> Terminal:
    """A terminal at a zone whose log is sealed."""
    seal(terminal.zone)
    return terminal


def test_the_log_is_exported_for_other_tools(sealed: Terminal, tmp_path: Path) -> None:
    for form in ("ocsf", "cef", "syslog"):
        said = sealed.run(
            "audit", "export", str(sealed.zone), str(tmp_path / form), "--format", form
        )
        assert "entries are in" in said
    events = [json.loads(line) for line in (tmp_path / "ocsf").read_text().splitlines()]
    assert [each["metadata"]["sequence"] for each in events] == list(range(len(events)))
    assert (tmp_path / "cef").read_text().startswith("CEF:0|Hangu|")
    assert "exists already" in sealed.fails(
        "audit", "export", str(sealed.zone), str(tmp_path / "cef"), "--format", "cef"
    )


def test_a_printed_checkpoint_binds_the_log(sealed: Terminal) -> None:
    zone = str(sealed.zone)
    page = sealed.run("audit", "checkpoint", zone, "--page")
    assert "Signature: ____" in page
    lines = [line.strip() for line in page.splitlines() if line.startswith("    ")][:3]
    check = re.search(r"Check digits:\s+(\w{4} \w{4})", page)
    assert check is not None
    typed = f"{' '.join(lines)} check {check[1]}"
    seal(sealed.zone)
    assert leaves("audit", "verify", zone, "--paper", typed) == 0
    sealed.complaints()  # what verify said goes by
    scanned = sealed.run("audit", "checkpoint", zone)
    assert leaves("audit", "verify", zone, "--paper", scanned) == 0
    wrong = typed.replace(lines[2][:4], "AAAA")
    assert "typed wrongly" in sealed.fails("audit", "verify", zone, "--paper", wrong)
    forged = f"{lines[0]} {lines[1]} {'0' * 64}"
    assert leaves("audit", "verify", zone, "--paper", forged) == 2


def test_a_receipt_from_the_terminal_verifies_alone(sealed: Terminal, tmp_path: Path) -> None:
    key = sealed.run("audit", "checkpoint", str(sealed.zone), "--first-key").strip()
    sealed.run("audit", "prove", str(sealed.zone), "0", "--to", str(tmp_path))
    report = verify.verify_receipt("r", (tmp_path / "0.tlog-proof").read_bytes(), key=key)
    assert report.code == verify.INTACT, report.lines()


def test_retention_shows_how_the_log_is_kept(sealed: Terminal) -> None:
    said = sealed.run("audit", "retention", str(sealed.zone))
    assert "365 days" in said
    assert "nothing: young" in said
    assert "no receiver is set up" in said
    assert "wait" not in said
    with (sealed.zone / "hangu.toml").open("a", encoding="utf-8") as settings:
        settings.write('[audit]\nforward = "tls://siem.example.gov.cn:6514"\n')
    assert "0 sent, " in sealed.run("audit", "retention", str(sealed.zone))
    sealed.run("audit", "prune", str(sealed.zone))


def test_officers_sign_for_holds_and_decisions(sealed: Terminal) -> None:
    zone = str(sealed.zone)
    keys = {login: enrolled(sealed.zone, login) for login in ("zhao", "chen")}

    def sign(login: str) -> None:
        sealed.sit_down("tide-lantern-forty-pebbles", TOTP(keys[login]).now())

    sign("zhao")
    said = sealed.run(
        *("audit", "hold", zone, "案1", "--since", "2026-01-01", "--reason", REASON),
        *("--as", "zhao", "--office", "auditor"),
    )
    hold = re.search(r"[0-9a-f]{32}", said)
    assert hold is not None
    sign("chen")
    said = sealed.run(
        *("audit", "lift", zone, hold[0], "--reason", REASON),
        *("--as", "chen", "--office", "security_admin"),
    )
    request = re.search(r"[0-9a-f]{32}", said)
    assert request is not None
    assert "案1" in sealed.run("audit", "retention", zone)
    refused = sealed.fails(
        "audit", "decide", zone, request[0], "--as", "chen", "--office", "security_admin"
    )
    assert refused  # the code of this half minute is used, and it is her own proposal besides
    with opened(sealed.zone) as office:
        zhao = people.by_login(office.registry, "zhao")
        assert zhao is not None
        (act,) = attempts.of_person(office.registry, zhao.id)
    assert act.user_agent == f"hangu command {socket.gethostname()}"


def test_what_was_damaged_is_repaired_from_an_export(sealed: Terminal, tmp_path: Path) -> None:
    zone, folder = str(sealed.zone), str(tmp_path / "export")
    sealed.run("audit", "export", zone, folder)
    file = next(sealed.zone.glob("*.db"))
    with sqlite3.connect(file) as database:
        for name in ("audit_event_fix", "audit_event_keep"):
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE audit_event SET body = '{}' WHERE seq = 1")
        database.execute("DELETE FROM audit_event WHERE seq = 2")
    database.close()
    assert leaves("audit", "verify", zone) == 2
    said = sealed.run("audit", "repair", zone, "--from", folder, "--yes")
    assert "2 are restored" in said
    (kept,) = (sealed.zone / "repairs").iterdir()
    before = [json.loads(line)["before"] for line in kept.read_text().splitlines()]
    assert before == ["e30=", None]
    assert leaves("audit", "verify", zone) == 0
    assert "Nothing differs" in sealed.run("audit", "repair", zone, "--from", folder)
    bundle = tmp_path / "export/tile/entries"
    victim = next(each for each in bundle.rglob("*") if each.is_file())
    victim.write_bytes(victim.read_bytes().replace(b"success", b"failure", 1))
    assert "cannot be believed" in sealed.fails("audit", "repair", zone, "--from", folder)


def test_a_witness_is_made_once_and_says_its_line(sealed: Terminal, tmp_path: Path) -> None:
    key = sealed.run("audit", "checkpoint", str(sealed.zone), "--standing-key").strip()
    place = str(tmp_path / "w")
    said = sealed.run("witness", place, "--init", "w.example/office", "--log", key)
    assert said.startswith("witness office w.example/office+")
    assert sealed.run("witness", place) == said
    assert "holds a witness already" in sealed.fails("witness", place, "--init", "w.example/b")
    assert "holds no witness" in sealed.fails("witness", str(tmp_path / "none"))
    assert "three parts" in sealed.fails("witness", place, "--log", "x")
    policy = f"log {key}\n{said}quorum office\n"
    (sealed.zone / "audit-policy").write_text(policy)
    assert leaves("audit", "verify", str(sealed.zone)) == 3  # nobody has cosigned yet
    (sealed.zone / "audit-policy").write_text("nonsense\n")
    assert "audit-policy" in sealed.fails("audit", "verify", str(sealed.zone))
