"""`hangu factor`: no secret is shown, and nobody is left without a way to enrol anew."""

from __future__ import annotations

from base64 import b32decode
from pathlib import Path

import pytest
from cli_terminal import Terminal

from gateway.cli.office import opened
from gateway.cli.zone import now, operator
from gateway.identity import enrolment, factor_views, people, recovery, totp

PASSWORD = "zebra quartz violin 42"


@pytest.fixture
def zone(terminal: Terminal) -> str:
    """A zone in which the system administrator has enrolled and made recovery codes."""
    with opened(terminal.zone) as office:
        found = people.by_login(office.registry, "wang")
        assert found is not None
        link = enrolment.issue(office.registry, found.id, actor=operator(), now=now())
        offered = enrolment.begin(office.registry, link, PASSWORD, now=now())
        secret = b32decode(offered.secret_text.replace(" ", ""))
        code = totp.code_at(secret, totp.step_at(now()))
        enrolment.finish(office.registry, link, code, now=now())
        recovery.make(office.registry, found.id, actor=operator(), now=now())
    return str(terminal.zone)


def kinds(zone: str) -> list[str]:
    with opened(Path(zone)) as office:
        found = people.by_login(office.registry, "wang")
        assert found is not None
        return [each.kind for each in factor_views.factors(office.registry, found.id)]


def test_factors_are_listed_without_any_secret(terminal: Terminal, zone: str) -> None:
    said = terminal.run("factor", "list", zone, "wang")
    assert "totp" in said
    assert "10 left, not shown to be saved" in said
    assert "10" in terminal.run("factor", "codes", zone, "wang")
    assert "argon2" not in said


@pytest.mark.asvs("V6.5.6")
def test_removing_the_last_factor_hands_out_a_way_to_enrol_anew(
    terminal: Terminal, zone: str
) -> None:
    assert "There is no factor nothing" in terminal.fails(
        "factor", "remove", zone, "wang", "nothing"
    )
    assert "There is no factor password" in terminal.fails(
        "factor", "remove", zone, "wang", "password"
    )
    said = terminal.run("factor", "remove", zone, "wang", "recovery", "--yes")
    assert "/enrol/" not in said
    said = terminal.run("factor", "remove", zone, "wang", "totp", "--yes")
    assert "/enrol/" in said
    assert kinds(zone) == ["password"]
