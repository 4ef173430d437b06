"""The `hangu` command in the hands of an operator: it does what it says and says what it did."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from audit.record import Actor
from audit.tables import audit_event
from gateway.access.service_file import EXAMPLE
from gateway.cli import main
from gateway.cli.office import opened
from gateway.identity import enrolment, people

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
PASSWORD = "tide-lantern-forty-pebbles"
OPERATOR = Actor(subject="operator:test")


class Terminal:
    """Runs commands as a person would, and keeps what they print."""

    def __init__(self, zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.zone, self._capsys = zone, capsys

    def run(self, *words: str) -> str:
        """Run a command that must succeed; return its output."""
        main(words)
        return self._capsys.readouterr().out

    def fails(self, *words: str) -> str:
        """Run a command that must fail; return its message, which is no traceback."""
        with pytest.raises(SystemExit) as leaving:
            main(words)
        assert leaving.value.code
        said = self._capsys.readouterr().err
        assert "Traceback" not in said
        return said


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """A terminal in front of a new zone."""
    at = Terminal(tmp_path / "zone", capsys)
    said = at.run(
        *("init", str(at.zone), "--zone", "intranet", "--office", "河山局"),
        *("--public-url", "https://gate.example.cn", "--system-admin", "wang:王建"),
        *("--security-admin", "chen:陈敏", "--auditor", "zhao:赵磊"),
    )
    assert said.count("https://gate.example.cn/enrol/") == 3
    return at


def recorded(zone: Path) -> list[dict[str, object]]:
    """Return every audit entry, oldest first."""
    with opened(zone) as office, office.store.reading() as session:
        bodies = session.scalars(select(audit_event.c.body).order_by(audit_event.c.created)).all()
    return [json.loads(body) for body in bodies]


def test_init_leaves_no_account_that_could_sign_in(terminal: Terminal) -> None:
    people = terminal.run("person", "list", str(terminal.zone))
    assert people.count("invited") == 3
    assert "active" not in people


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
    assert "No person may be two of" in terminal.fails("person", "roles", zone, "liu", *both)
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
            "No person may be two of",
        ),
        (("person", "link", "ZONE", "nobody"), "There is nobody called nobody"),
        (("service", "show", "ZONE", "wiki"), "service list"),
        (("service", "remove", "ZONE", "wiki"), "service list"),
        (("policy", "grant", "ZONE", "--to", "unit:office", "--service", "wiki"), "no service"),
        (("nginx", "ZONE", "OUT", "--listen", "everything"), "cannot be written"),
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
    assert terminal.run("check", str(terminal.zone)).count("✓") == 6
    with time_machine.travel(datetime(2020, 1, 1, tzinfo=UTC)):
        assert "must be mended" in terminal.fails("check", str(terminal.zone))
        assert "not fit to start" in terminal.fails("serve", str(terminal.zone))


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
    assert "line 1" in said
    assert "Nothing was published" in said


def enrolled(zone: Path, login: str) -> str:
    """Enrol a person as the page would; return the authenticator's key."""
    with opened(zone) as office:
        person = people.by_login(office.registry, login)
        assert person is not None
        token = enrolment.issue(office.registry, person.id, actor=OPERATOR, now=START)
        offer = enrolment.begin(office.registry, token, PASSWORD, now=START)
        key = offer.secret_text.replace(" ", "")
        enrolment.finish(office.registry, token, pyotp.TOTP(key).at(START), now=START)
    return key


def test_a_service_goes_behind_the_gate_by_its_file_four_eyes_and_a_grant(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the README tells an operator, with nobody but the security admin able to approve."""
    zone, file = str(terminal.zone), tmp_path / "ledger.toml"
    file.write_text(terminal.run("service", "example"))
    assert file.read_text() == EXAMPLE
    assert "There is no unit:finance" in terminal.fails("service", "add", zone, str(file))
    for slug in ("finance", "tax", "it-centre"):
        terminal.run("unit", "add", zone, slug, "--name-zh", slug, "--name-en", slug)
    assert "shut until" in terminal.run("service", "add", zone, str(file))
    assert "shut (service_not_evaluated)" in terminal.run("service", "list", zone)

    approval = ("--by", "测评中心", "--evaluated", "2026-11-01", "--until", "2027-11-01")
    keys = {login: enrolled(terminal.zone, login) for login in ("chen", "wang")}
    moment = START + timedelta(minutes=1)
    with time_machine.travel(moment, tick=False):
        typed = iter([PASSWORD, pyotp.TOTP(keys["wang"]).at(moment)])
        monkeypatch.setattr("click.prompt", lambda *_, **__: next(typed))
        said = terminal.fails("service", "approve", zone, "ledger", "--as", "wang", *approval)
        assert "does not have the role security_admin" in said
        typed = iter([PASSWORD, "000000"])
        said = terminal.fails("service", "approve", zone, "ledger", "--as", "chen", *approval)
        assert "shut" in terminal.run("service", "list", zone)
        typed = iter([PASSWORD, pyotp.TOTP(keys["chen"]).at(moment)])
        said = terminal.run("service", "approve", zone, "ledger", "--as", "chen", *approval)
        assert "open until 2027-11-01" in said
        said = terminal.run(
            "policy", "grant", zone, "--to", "unit:finance", "--service", "ledger",
            "--methods", "get, post",
        )  # fmt: skip
        assert "unit:finance may ledger" in said
        assert "svc:ledger/**, GET|POST" in terminal.run("policy", "show", zone)
        assert "open until" in terminal.run("service", "list", zone)
    out = tmp_path / "nginx"
    crt = ("--certificate", "/etc/x.crt", "--certificate-key", "/etc/x.key")
    terminal.run("nginx", zone, str(out), "--listen", "127.0.0.1:8443", *crt)
    assert "ledger.gate.example.cn" in (out / "hangu-intranet.conf").read_text()
    terminal.run("service", "remove", zone, "ledger", "--yes")
    assert "none" in terminal.run("service", "list", zone)
