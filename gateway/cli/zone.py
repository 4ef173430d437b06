"""How a command finds its zone and opens it."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from audit.record import Actor
from config.settings import FILE_NAME

VARIABLE = "HANGU_ZONE_DIR"
Command = TypeVar("Command", bound=Callable[..., Any])


class ZoneCommand(click.Command):
    """A command whose first argument is a zone's directory, or HANGU_ZONE_DIR."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put HANGU_ZONE_DIR in front unless the first argument is a zone itself."""
        named, first = os.environ.get(VARIABLE), (args or [""])[0]
        put = bool(named) and not (first and (Path(first) / FILE_NAME).is_file())
        if named and put:
            args = [named, *args]
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as missing:
            if named or not isinstance(missing.param, click.Argument):
                raise
            hint = f"First comes the zone's directory, DIR, unless {VARIABLE} names it."
            raise click.MissingParameter(hint, ctx=ctx, param=missing.param) from None
        except click.UsageError as wrong:
            if not put or first.startswith("-") or "extra argument" not in wrong.message:
                raise
            hint = f"{VARIABLE} names the zone {named}; {first} is none: mend it or leave it out."
            raise click.UsageError(hint, ctx=ctx) from None


def takes_zone(function: Command) -> Command:
    """Add the argument DIR to a command of class `ZoneCommand`."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.argument("directory", metavar="DIR", type=kind)(function)


def now() -> datetime:
    """The present moment, UTC; commands read the clock here and nowhere else."""
    return datetime.now(UTC)


def operator() -> Actor:
    """Who sits at the terminal: the account, seen through sudo."""
    name = (os.geteuid() == 0 and os.environ.get("SUDO_USER")) or pwd.getpwuid(os.getuid()).pw_name
    return Actor(subject="operator:" + re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:64])
