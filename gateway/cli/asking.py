"""Questions to whoever is at the terminal, and what is said where nobody is."""

from __future__ import annotations

import sys

import click

from gateway.cli.trouble import Trouble


def confirm(question: str) -> None:
    """Go on if the answer is yes. Raises click.Abort for no, Trouble where nobody answers."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise Trouble(
            "Nobody is at a terminal to answer; nothing was changed.", "--yes answers beforehand."
        ) from None
    if not agreed:
        raise click.Abort


def require_terminal() -> None:
    """Raise Trouble where nobody could type a password."""
    if not sys.stdin.isatty():
        raise Trouble(
            "This asks a person for password and one-time code, and there is no terminal.",
            "Run it at a terminal (ssh -t HOST hangu …); nothing was changed.",
        )
