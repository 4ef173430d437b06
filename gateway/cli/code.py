"""`hangu code`: fresh one-time codes of the demonstration people."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.console import out
from gateway.cli.demo_people import recall
from gateway.cli.demo_screen import show_codes
from gateway.cli.zone import now


@click.command(short_help="One-time codes of the demonstration people.")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--of", "login", help="Only this person's code, and nothing else (for scripts).")
@click.option("--zone", default="intranet", show_default=True, help="With --of: in which zone.")
def code(directory: Path, login: str | None, zone: str) -> None:
    """Print the present codes of the demonstration in DIR. Real people use their own app."""
    people = recall(directory)
    moment = now()
    if login is None:
        show_codes(out(), people, moment)
        return
    for person in people:
        if (person.login, person.zone) == (login, zone):
            click.echo(person.code(moment))
            return
    known = ", ".join(person.login for person in people if person.zone == zone)
    raise click.BadParameter(f"{login} is not among {known}.", param_hint="--of")
