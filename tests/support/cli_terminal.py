"""A terminal at which an operator sits, or a script runs."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest

from audit.record import Actor
from gateway.cli import main
from gateway.cli.office import opened
from gateway.identity import enrolment, people

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
PASSWORD = "tide-lantern-forty-pebbles"
OPERATOR = Actor(subject="operator:test")


class Keyboard(io.StringIO):
    """A standard input that somebody sits in front of."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


class Terminal:
    """Runs commands as a person would, and keeps what they print."""

    def __init__(
        self, zone: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.zone, self._capsys, self._patch = zone, capsys, patch

    def sit_down(self, *typed: str) -> None:
        """Have somebody there who types these answers."""
        answers = iter(typed)
        self._patch.setattr("click.prompt", lambda *_, **__: next(answers))
        self._patch.setattr("sys.stdin", Keyboard())

    def complaints(self) -> str:
        """Return what was said on standard error since last time."""
        return self._capsys.readouterr().err

    def printed(self) -> str:
        """Return what was printed since last time."""
        return self._capsys.readouterr().out

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
