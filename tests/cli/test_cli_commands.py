"""The `hangu` command in the hands of an operator: it does what it says and says what it did."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from cli_terminal import Terminal
from sqlalchemy import select

from audit.tables import audit_event
from gateway.cli import main
from gateway.cli.office import opened


def recorded(zone: Path) -> list[dict[str, object]]:
    """Return every audit entry, oldest first."""
    with opened(zone) as office, office.store.reading() as session:
        bodies = session.scalars(select(audit_event.c.body).order_by(audit_event.c.created)).all()
    return [json.loads(body) for body in bodies]


@pytest.mark.asvs("V6.3.2")
def test_init_leaves_no_account_that_could_sign_in(terminal: Terminal) -> None:
    people = terminal.run("person", "list", str(terminal.zone))
    assert people.count("invited") == 3
    assert "active" not in people


def test_an_administrator_may_come_with_a_staff_number(terminal: Terminal) -> None:
    """It is what tells two people of one name apart, and one person with two accounts."""
    add = ("person", "add", str(terminal.zone), "wang2", "王建", "--unit", "office")
    taken = terminal.fails(*add, "--role", "staff", "--staff-number", "CZ0017")
    assert "one natural person has one account" in taken
    said = terminal.fails(
        "init",
        f"{terminal.zone}2",
        "--zone",
        "intranet",
        "--office",
        "河山局",
        "--public-url",
        "https://gate.example.cn",
        "--system-admin",
        "wang:王建:1:2",
        "--security-admin",
        "chen:陈敏",
        "--auditor",
        "zhao:赵磊",
    )
    assert "'wang:王建:1:2' is not LOGIN:NAME[:STAFF-NUMBER] (--system-admin)" in said


def test_every_act_is_on_record_with_the_operator(terminal: Terminal) -> None:
    zone = str(terminal.zone)
    terminal.run("unit", "add", zone, "finance", "--name-zh", "财政科", "--name-en", "Finance")
    terminal.run("person", "add", zone, "li.na", "李娜", "--unit", "finance", "--role", "staff")
    entries = recorded(terminal.zone)
    actors = {json.dumps(entry) for entry in entries if "operator:" in json.dumps(entry)}
    assert len(actors) == len(entries)
    text = json.dumps(entries)
    for event in ("zone.created", "policy.published", "unit.created", "person.created"):
        assert event in text


def test_roles_are_changed_and_officers_stay_three_persons(terminal: Terminal) -> None:
    zone = str(terminal.zone)
    terminal.run("person", "add", zone, "liu", "刘洋", "--unit", "office", "--role", "staff")
    terminal.run("person", "roles", zone, "liu", "--role", "responder", "--role", "staff")
    assert "responder, staff" in terminal.run("person", "list", zone)
    both = ("--role", "auditor", "--role", "system_admin")
    assert "holds no second one, and no other role" in terminal.fails(
        "person", "roles", zone, "liu", *both
    )
    terminal.run("person", "disable", zone, "liu", "--yes")
    assert "disabled" in terminal.run("person", "list", zone)
    assert "/enrol/" in terminal.run("person", "link", zone, "liu")


def test_the_zone_may_come_from_the_environment(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGU_ZONE_DIR", str(terminal.zone))
    assert "office" in terminal.run("unit", "list")
    assert "office" in terminal.run("unit", "list", str(terminal.zone))
    terminal.run("unit", "add", "finance", "--name-zh", "财政科", "--name-en", "Finance")
    assert "finance" in terminal.run("unit", "list")
    said = terminal.fails("unit", "list", "/mistyped")
    assert f"HANGU_ZONE_DIR names the zone {terminal.zone}" in said
    assert "/mistyped is none" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "/nowhere"), "/nowhere/hangu.toml: missing"),
        (("check",), "Missing argument 'DIR'"),
        (("chek",), "No such command 'chek'"),
        (("unit", "add", "ZONE", "UPPER", "--name-zh", "x", "--name-en", "x"), "UPPER"),
        (("person", "add", "ZONE", "x", "X", "--unit", "none", "--role", "staff"), "unit list"),
        (
            ("person", "add", "ZONE", "x", "X", "--unit", "office", "--role", "auditor",
             "--role", "system_admin"),
            "holds no second one, and no other role",
        ),
        (("person", "link", "ZONE", "nobody"), "There is nobody called nobody"),
        (("service", "show", "ZONE", "wiki"), "service list"),
        (("service", "remove", "ZONE", "wiki"), "service list"),
        (("policy", "grant", "ZONE", "--to", "unit:office", "--service", "wiki"), "no service"),
        (("nginx", "ZONE", "OUT", "--listen", "everything"), "--listen: 'everything' is not"),
        (("policy", "grant", "ZONE", "--to", "unit:office", "--service", "wiki",
          "--methods", "get|post"), "joined by commas"),
        (("policy", "grant", "ZONE", "--to", "unit:office", "--service", "wiki",
          "--path", "reports/**"), "does not begin with /"),
        (("policy", "grant", "ZONE", "--to", "unit:office", "--service", "wiki",
          "--path", "/a/*"), "with all below it"),
        (("policy", "revoke", "ZONE", "--to", "unit:office", "--service", "wiki"),
         "No rule in force grants wiki to unit:office"),
        (("person", "add", "ZONE", "x", "X", "--unit", "office", "--role", "stafff"),
         "auditor, responder, security_admin, staff, system_admin"),
        (("person", "roles", "ZONE", "chen", "--role", "night"), "There is no role night"),
        (("service", "approve", "ZONE", "wiki", "--as", "chen", "--by", "x", "--evaluated",
          "1.11.2026", "--until", "2027-11-01"), "write YYYY-MM-DD"),
        (("unit", "list"), "unless HANGU_ZONE_DIR names it"),
        (("init", "ZONE"), "exists already; nothing was changed"),
        (("code", "ZONE"), "There is no demonstration"),
    ],
)  # fmt: skip
def test_errors_are_words_with_a_way_out(
    terminal: Terminal, words: tuple[str, ...], said: str
) -> None:
    places = {"ZONE": str(terminal.zone), "OUT": str(terminal.zone.parent / "nginx")}
    assert said in terminal.fails(*(places.get(word, word) for word in words))


def test_a_fault_of_the_program_itself_is_words_too(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys' file replaced by a directory is nothing anybody planned for."""
    ring = terminal.zone / "keys" / "keyring.json"
    ring.unlink()
    ring.mkdir()
    assert "keyring.json" in terminal.fails("unit", "list", str(terminal.zone))
    monkeypatch.setenv("HANGU_TRACEBACK", "1")
    with pytest.raises(SystemExit):
        main(["unit", "list", str(terminal.zone)])


def test_check_finds_a_clock_that_stands_before_the_log(terminal: Terminal) -> None:
    assert terminal.run("check", str(terminal.zone)).count("✓") == 8
    with time_machine.travel(datetime(2020, 1, 1, tzinfo=UTC)):
        assert "must be mended" in terminal.fails("check", str(terminal.zone))
        assert "not fit to start" in terminal.fails("serve", str(terminal.zone))


@pytest.mark.parametrize(("name", "mode"), [("hangu.db", 0o644), ("keys", 0o777)])
def test_check_finds_what_others_could_open(terminal: Terminal, name: str, mode: int) -> None:
    (terminal.zone / name).chmod(mode)
    assert "must be mended" in terminal.fails("check", str(terminal.zone))
    said = " ".join(terminal.fails("serve", str(terminal.zone)).split())
    assert "not fit to start" in said
    assert f"has mode {mode:04o}" in said


def test_rules_are_shown_in_the_form_that_import_reads(terminal: Terminal, tmp_path: Path) -> None:
    zone = str(terminal.zone)
    shown = terminal.run("policy", "show", zone)
    file = tmp_path / "rules.csv"
    file.write_text(shown)
    said = terminal.fails("policy", "import", zone, str(file), "--note", "same", "--yes")
    assert "in force already" in said
    file.write_text(shown + "p, role:night, *, app:portal.view, use, *, *, 2, *, allow\n")
    said = terminal.run("policy", "import", zone, str(file), "--note", "night shift", "--yes")
    assert "+ p, role:night" in said
    assert "night shift" in terminal.run("policy", "show", zone, "--history")
    file.write_text("p, role:night, *, app:portal.view, us, *, *, 2, *, allow\n")
    said = terminal.fails("policy", "import", zone, str(file), "--note", "typo", "--yes")
    assert f"{file}:1:" in "".join(said.split())
    assert "Version" not in said


def test_operators_see_that_forms_wait_and_nothing_of_what_they_say(terminal: Terminal) -> None:
    assert "Kept forms" in terminal.run("kept", "list", str(terminal.zone))
    assert "Forms dropped: 0" in terminal.run("kept", "sweep", str(terminal.zone))
