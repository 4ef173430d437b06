"""What went wrong, in words for the person at the terminal: what, where, what to do."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import NoReturn

import click
from rich.markup import escape
from sqlalchemy.exc import OperationalError

from config.settings import SettingsError
from gateway.cli.console import errors
from gateway.cli.words import cure_of
from gateway.refusals import Refused
from policies.rules import RuleProblems

TRACEBACK = "HANGU_TRACEBACK"
"""Environment variable: 1 shows where in the program a fault came from."""


class Trouble(click.ClickException):
    """Something an operator can mend; `cure` says how."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(what)
        self.cure = cure


def explain(error: Exception) -> tuple[str, str]:
    """What happened, and what to do about it."""
    if isinstance(error, Trouble):
        return error.message, error.cure
    if isinstance(error, Refused):
        return cure_of(error)
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words(error)
    return (
        f"Hangu itself failed ({type(error).__name__}: {error}).",
        f"Please report it, with what {TRACEBACK}=1 hangu … shows.",
    )


def _database_words(error: Exception) -> tuple[str, str]:
    what = str(getattr(error, "orig", error)).strip().splitlines()[0]
    return f"The database does not answer: {what}", "Is it running, and database.url right?"


def _system_words(error: Exception) -> tuple[str, str]:
    assert isinstance(error, OSError)
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}", "Check the path, its owner and its mode."


_WORDS: dict[type[Exception], Callable[[Exception], tuple[str, str]]] = {
    SettingsError: lambda e: (str(e), "Mend these lines; `hangu check DIR` looks again."),
    RuleProblems: lambda e: (f"These rules cannot be used:\n{e}", "Nothing was published."),
    OperationalError: _database_words,
    OSError: _system_words,
}


def leave(error: Exception) -> NoReturn:
    """Say what went wrong and end the program with status 1 (2: wrongly called)."""
    if os.environ.get(TRACEBACK) == "1":
        traceback.print_exception(error)
    if isinstance(error, click.UsageError):
        error.show()
        raise SystemExit(error.exit_code)
    what, cure = explain(error)
    console = errors()
    console.print(f"[bold red]✗[/] {escape(what)}", highlight=False, soft_wrap=True)
    if cure:
        console.print(f"  {escape(cure)}", highlight=False, soft_wrap=True)
    raise SystemExit(1)
