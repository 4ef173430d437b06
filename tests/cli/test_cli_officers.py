"""Officers at the terminal: a factor reset by two of them, an office, acts, a mended account."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest
from cli_terminal import PASSWORD, START, Terminal, enrolled
from sealed_zone import seal

from gateway.cli.office import opened
from gateway.identity import people

WHY = "The telephone fell into the lake; the card was shown."
LATER = START.replace(minute=START.minute + 5)


@pytest.fixture
def keys(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Enrol the three officers and one of the staff; return their authenticators' keys."""
    zone = str(terminal.zone)
    terminal.run("person", "add", zone, "clerk", "李文", "--unit", "office", "--role", "staff")
    found = {login: enrolled(terminal.zone, login) for login in ("wang", "chen", "zhao", "clerk")}
    for module in ("signature", "factor_reset", "officer", "person_acts"):
        monkeypatch.setattr(f"gateway.cli.{module}.now", lambda: LATER)
    return found


def code(keys: dict[str, str], login: str) -> str:
    return pyotp.TOTP(keys[login]).at(LATER)


def test_two_officers_prove_themselves_for_a_factor_reset(
    terminal: Terminal, keys: dict[str, str]
) -> None:
    zone = str(terminal.zone)
    words = ("factor", "reset", zone, "clerk", "--document", "id_card", "--reason", WHY)
    same = terminal.fails(*words, "--opened-by", "wang", "--confirmed-by", "wang")
    assert "two people" in same
    terminal.sit_down(PASSWORD, code(keys, "wang"), PASSWORD, code(keys, "chen"))
    said = terminal.run(*words, "--opened-by", "wang", "--confirmed-by", "chen")
    assert re.search(r"/enrol/[A-Za-z0-9_-]{43}", said)
    cases = terminal.run("officer", "cases", zone)
    assert "confirmed" in cases
    assert "clerk" in cases


def test_one_officer_alone_gets_no_reset(terminal: Terminal, keys: dict[str, str]) -> None:
    """Neither with the auditor in the place of the second one, nor without a terminal."""
    zone = str(terminal.zone)
    words = ("factor", "reset", zone, "clerk", "--document", "id_card", "--reason", WHY)
    assert "no terminal" in terminal.fails(*words, "--opened-by", "wang", "--confirmed-by", "chen")
    terminal.sit_down(PASSWORD, code(keys, "wang"), PASSWORD, code(keys, "zhao"))
    said = terminal.fails(*words, "--opened-by", "wang", "--confirmed-by", "zhao")
    assert "security_admin" in said
    assert "none" in terminal.run("officer", "cases", zone)


def test_an_office_is_proposed_and_confirmed_at_the_terminal(
    terminal: Terminal, keys: dict[str, str]
) -> None:
    zone = str(terminal.zone)
    words = ("officer", "propose", zone, "clerk", "auditor", "--as", "chen", "--reason", WHY)
    terminal.run("person", "number", zone, "clerk", "A-17")
    terminal.sit_down(PASSWORD, code(keys, "chen"))
    case = re.search(r"[0-9a-f-]{36}", terminal.run(*words))
    assert case is not None
    terminal.sit_down(PASSWORD, code(keys, "wang"))
    assert "auditor" in terminal.run("officer", "confirm", zone, case[0], "--as", "wang")
    with opened(terminal.zone) as office:
        found = people.by_login(office.registry, "clerk")
        assert found is not None
        assert found.roles == {"auditor"}
    seal(terminal.zone)
    terminal.run("audit", "index", zone, "--rebuild")
    acts = terminal.run("officer", "acts", zone, "--of", "chen")
    assert "office.proposed" in acts


def test_a_clearance_is_changed_with_a_reason_and_an_account_is_mended(
    terminal: Terminal, keys: dict[str, str]
) -> None:
    zone = str(terminal.zone)
    said = terminal.run("person", "clearance", zone, "clerk", "2", "--reason", WHY)
    assert "label 2" in said
    assert "10 to 500" in terminal.fails(
        "person", "clearance", zone, "clerk", "1", "--reason", "short"
    )
    database = Path(terminal.zone) / "hangu.db"
    with opened(terminal.zone) as office:
        assert str(database) in str(office.store.read.url)
        with office.ledger.begin(unaudited_because="an attack") as tx:
            tx.session.connection().exec_driver_sql("UPDATE person SET clearance = 4")
    assert "behind" in terminal.fails("person", "rename", zone, "clerk", "李雯")
    assert "whole" in terminal.run("person", "mend", zone, "clerk", "--yes")
    terminal.run("person", "rename", zone, "clerk", "李雯")
