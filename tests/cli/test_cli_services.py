"""Services in the hands of an operator: added, approved, granted, shown, taken away again."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from cli_terminal import PASSWORD, START, Terminal, enrolled

from gateway.access.service_file import EXAMPLE
from gateway.cli import main
from gateway.cli.days import begin_of, end_of, shown
from gateway.cli.office import opened


def test_a_service_goes_behind_the_gate_by_its_file_four_eyes_and_a_grant(
    terminal: Terminal, tmp_path: Path
) -> None:
    """What the README tells an operator, with nobody but the security admin able to approve."""
    zone, file = str(terminal.zone), tmp_path / "ledger.toml"
    file.write_text(terminal.run("service", "example"))
    assert file.read_text() == EXAMPLE
    assert "There is no unit:finance" in terminal.fails("service", "add", zone, str(file))
    for slug in ("finance", "tax", "archives", "it-centre"):
        terminal.run("unit", "add", zone, slug, "--name-zh", slug, "--name-en", slug)
    said = terminal.run("service", "add", zone, str(file))
    assert "shut until" in said
    assert "at https://ledger.gate.example.cn" in said
    assert "service add --replace" in terminal.fails("service", "add", zone, str(file))
    assert "shut: not yet approved" in terminal.run("service", "list", zone)

    approval = ("--by", "测评中心", "--evaluated", "2026-11-01", "--until", "2027-11-01")
    keys = {login: enrolled(terminal.zone, login) for login in ("chen", "wang")}
    moment = START + timedelta(minutes=1)
    approve = ("service", "approve", zone, "ledger", "--as")
    with time_machine.travel(moment, tick=False):
        assert "there is no terminal" in terminal.fails(*approve, "chen", *approval)
        terminal.sit_down(PASSWORD, pyotp.TOTP(keys["wang"]).at(moment))
        said = terminal.fails(*approve, "wang", *approval)
        assert "does not have the role security_admin" in said
        terminal.sit_down(PASSWORD, "000000")
        assert "wait for the next" in terminal.fails(*approve, "chen", *approval)
        assert "shut" in terminal.run("service", "list", zone)
        terminal.sit_down(PASSWORD, pyotp.TOTP(keys["chen"]).at(moment))
        said = terminal.run(*approve, "chen", *approval)
        assert "open until 2027-11-01 23:59 Asia/Shanghai, at https://ledger.gate" in said
        shown = terminal.run("service", "show", zone, "ledger")
        assert "2026-11-01 00:00 Asia/Shanghai" in shown
        assert "1 internal" in shown
        assert " chen" in shown
        file.write_text(EXAMPLE.replace("财政台账", "财政账目"))
        said = terminal.run("service", "add", "--replace", zone, str(file))
        assert "Its approval stands" in said
        assert "财政账目" in terminal.run("service", "list", zone)
        said = terminal.run(
            "policy", "grant", zone, "--to", "unit:finance", "--service", "ledger",
            "--methods", "get, post",
        )  # fmt: skip
        assert "unit:finance may ledger" in said
        assert "svc:ledger/**, GET|POST" in terminal.run("policy", "show", zone)
        assert "open until" in terminal.run("service", "list", zone)


@pytest.fixture
def open_zone(terminal: Terminal, tmp_path: Path) -> str:
    """Return a zone with the units and the service of the example."""
    zone, file = str(terminal.zone), tmp_path / "ledger.toml"
    file.write_text(EXAMPLE)
    for slug in ("finance", "tax", "archives", "it-centre"):
        terminal.run("unit", "add", zone, slug, "--name-zh", slug, "--name-en", slug)
    terminal.run("service", "add", zone, str(file))
    return zone


def test_grants_are_taken_back_and_denials_stay(terminal: Terminal, open_zone: str) -> None:
    who = ("--to", "unit:tax", "--service", "ledger")
    terminal.run("policy", "grant", open_zone, *who)
    terminal.run("policy", "grant", open_zone, *who, "--path", "/a/**", "--methods", "POST")
    terminal.run("policy", "grant", open_zone, *who, "--path", "/b", "--deny")
    terminal.run("policy", "grant", open_zone, "--to", "unit:finance", "--service", "ledger")
    assert "without these 2" in terminal.run("policy", "revoke", open_zone, *who)
    left = [
        line for line in terminal.run("policy", "show", open_zone).splitlines() if "svc:" in line
    ]
    assert sorted(line.split(", ")[1::8] for line in left) == [
        ["unit:finance", "allow"],
        ["unit:tax", "deny"],
    ]
    assert "unit:tax" in terminal.fails("policy", "revoke", open_zone, *who)
    assert "without these 1" in terminal.run("policy", "revoke", open_zone, *who, "--deny")


def test_a_grant_speaks_to_who_is_both_during_hours_that_have_a_name(
    terminal: Terminal, open_zone: str
) -> None:
    to = ("--service", "ledger", "--to")
    terminal.run(
        "policy", "grant", open_zone, *to, "unit:tax&role:clerk", "--during", "working hours"
    )
    terminal.run("policy", "grant", open_zone, *to, "unit:tax", "--during", "0~9")
    left = terminal.run("policy", "show", open_zone)
    hours = "week:1-5@08:30-12:00+08:00|week:1-5@13:30-17:30+08:00"
    assert f"2, {hours}, allow" in left
    assert "p, unit:tax&role:clerk, " in left
    assert "2, 0~9, allow" in left
    heard = terminal.fails("policy", "grant", open_zone, *to, "unit:tax", "--during", "夜班")
    assert "工作时间, working hours" in heard
    assert "There is no unit:taxi" in terminal.fails(
        "policy", "grant", open_zone, *to, "unit:taxi&role:clerk"
    )
    assert "unit:SLUG&role:NAME" in terminal.fails(
        "policy", "grant", open_zone, *to, "role:clerk&unit:tax"
    )
    assert "rules" in terminal.fails("unit", "close", open_zone, "tax")


@pytest.mark.parametrize(
    ("evaluated", "until", "said"),
    [
        ("2026-11-23", "2027-11-01", "--evaluated: a moment that has passed"),
        ("2026-11-01", "2026-11-21", "--until: in the future"),
        ("2026-11-23", "2036-11-01", "--until: in the future, and at most three years"),
    ],
)
def test_dates_that_open_nothing_are_refused_before_a_password_is_asked(
    terminal: Terminal, open_zone: str, evaluated: str, until: str, said: str
) -> None:
    """There is no terminal here, and still the dates are what is complained of."""
    days = ("--by", "测评中心", "--evaluated", evaluated, "--until", until)
    with time_machine.travel(START, tick=False):
        heard = terminal.fails("service", "approve", open_zone, "ledger", "--as", "chen", *days)
    assert said in heard
    assert "problems" not in heard


def test_a_service_is_open_until_the_end_of_its_last_day_in_the_zones_time_zone(
    terminal: Terminal,
) -> None:
    with opened(terminal.zone) as office:
        begin, end = begin_of(date(2027, 11, 1), office), end_of(date(2027, 11, 1), office)
        assert begin == datetime(2027, 10, 31, 16, 0, tzinfo=UTC)
        assert end == datetime(2027, 11, 1, 15, 59, 59, tzinfo=UTC)
        assert shown(end, office) == "2027-11-01 23:59 Asia/Shanghai"


def test_removing_without_a_terminal_says_so(
    terminal: Terminal, open_zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert "--yes answers" in terminal.fails("service", "remove", open_zone, "ledger")
    assert "ledger" in terminal.run("service", "list", open_zone)


def test_a_file_above_the_zones_label_or_outside_its_name_is_told(
    terminal: Terminal, open_zone: str, tmp_path: Path
) -> None:
    file = tmp_path / "pay.toml"
    text = EXAMPLE.replace('"ledger"', '"pay"', 1)
    file.write_text(text.replace("classification = 1", "classification = 3", 1))
    said = terminal.fails("service", "add", open_zone, str(file))
    assert "3 important is above what this zone may handle, 2 sensitive" in said
    file.write_text(f'host = "pay.elsewhere.cn"\n{text}')
    main(["service", "add", open_zone, str(file)])
    assert "does not end in .gate.example.cn" in terminal.complaints()


def test_every_fault_of_a_service_file_is_told_at_once(
    terminal: Terminal, open_zone: str, tmp_path: Path
) -> None:
    """Of its form, of the rules, and of what there is in the zone."""
    file = tmp_path / "pay.toml"
    text = EXAMPLE.replace("classification = 1", 'classification = "1"', 1)
    text = text.replace("http://10.1.2.3:8080", "http://10.1.2.3:8080/app")
    file.write_text(text.replace('"unit:finance" ', '"unit:nobody" ', 1))
    said = terminal.fails("service", "add", open_zone, str(file))
    assert "- classification: a whole number" in said
    assert "- upstream: scheme, host and port" in said
    assert "- in_charge: There is no unit:nobody" in said


def test_a_role_that_a_rule_names_may_be_given(terminal: Terminal, open_zone: str) -> None:
    night = ("--to", "role:night", "--service", "ledger")
    assert "no role night" in terminal.fails(
        "person", "roles", open_zone, "chen", "--role", "night"
    )
    terminal.run("policy", "grant", open_zone, *night)
    terminal.run("person", "add", open_zone, "liu", "刘洋", "--unit", "tax", "--role", "night")
    assert "and by rules break_glass, night" in terminal.fails(
        "person", "add", open_zone, "x", "X", "--unit", "tax", "--role", "day"
    )


def test_nginx_is_written_from_the_catalogue_and_ports_that_differ_are_named(
    terminal: Terminal, open_zone: str, tmp_path: Path
) -> None:
    zone = open_zone
    out = tmp_path / "nginx"
    crt = ("--certificate", "/etc/x.crt", "--certificate-key", "/etc/x.key")
    main(["nginx", zone, str(out), "--listen", "127.0.0.1:8443", *crt])
    warned = terminal.complaints()
    assert "No --listen has port 443" in warned
    assert "https://gate.example.cn; nginx listens at 127.0.0.1:8443" in warned
    main(["nginx", zone, str(out), "--listen", "[::1]:443", *crt])
    assert not terminal.complaints()
    assert "ledger.gate.example.cn" in (out / "hangu-intranet.conf").read_text()


def test_a_removed_service_takes_its_rules_along(terminal: Terminal, open_zone: str) -> None:
    zone = open_zone
    terminal.run("policy", "grant", zone, "--to", "unit:tax", "--service", "ledger")
    said = terminal.fails("service", "remove", zone, "ledger", "--keep-rules", "--yes")
    assert "svc:ledger/**, GET|HEAD" in said
    said = terminal.run("service", "remove", zone, "ledger", "--yes")
    assert "taken out of force with it: 1" in said
    assert "none" in terminal.run("service", "list", zone)
    assert "svc:ledger" not in terminal.run("policy", "show", zone)
