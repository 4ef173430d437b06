"""`hangu init`: a new zone, and the three links with which its administrators enrol."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOBase
from pathlib import Path

import click

from config.settings import SettingsError
from gateway.cli.console import done, out
from gateway.cli.new_zone import OFFICERS, Link, NewPerson, Plan, create_zone
from gateway.cli.site import building, require_new
from gateway.cli.trouble import Trouble
from gateway.cli.zone import now, operator
from policies.vocabulary import ZONES

TITLES = {
    "system_admin": "System admin 系统管理员",
    "security_admin": "Security admin 安全保密管理员",
    "auditor": "Auditor 安全审计员",
}


_WHO = "LOGIN:NAME[:STAFF-NUMBER]"


class _Asked(click.Option):
    """An option that is asked for at a terminal, and missed anywhere else."""

    def prompt_for_value(self, ctx: click.Context) -> object:
        if not sys.stdin.isatty():
            raise click.MissingParameter(ctx=ctx, param=self)
        return super().prompt_for_value(ctx)


def _person(role: str, given: str) -> NewPerson:
    """`LOGIN:NAME` or `LOGIN:NAME:STAFF-NUMBER` as an administrator of `role`."""
    parts = [part.strip() for part in given.split(":")]
    if len(parts) not in {2, 3} or not all(parts):
        raise Trouble(
            f"{given!r} is not {_WHO} (--{role.replace('_', '-')}).",
            "For example: --system-admin wang.jian:王建, or wang.jian:王建:CZ0017",
        )
    login, name, number = (*parts, "")[:3]
    return NewPerson(login=login, name=name, staff_number=number, roles=frozenset({role}))


def _new(_context: click.Context, _argument: click.Parameter, given: Path) -> Path:
    """Refuse a directory that is there before anything is asked."""
    require_new(given)
    return given


def _first_line(file: object) -> str | None:
    return file.readline().rstrip("\n") if isinstance(file, TextIOBase) else None


@click.command(short_help="Make a new zone and print its administrators' enrolment links.")
@click.argument(
    "directory", metavar="DIR", type=click.Path(path_type=Path), callback=_new, is_eager=True
)
@click.option("--zone", type=click.Choice(sorted(ZONES)), required=True, help="Side of the pass.")
@click.option("--office", cls=_Asked, prompt="Whose gateway is it (office)", help="Its name.")
@click.option("--office-en", default="", help="Its name in English, if it has one.")
@click.option(
    "--public-url",
    cls=_Asked,
    prompt="Address people type (https://…)",
    help="Scheme, host and port of the gateway, as browsers see it.",
)
@click.option(
    "--listen",
    default="unix:run/gateway.sock",
    show_default=True,
    help='"unix:PATH" (below DIR) or "ADDRESS:PORT".',
)
@click.option(
    "--database",
    default="sqlite:///hangu.db",
    show_default=True,
    help='"sqlite:///PATH" (below DIR) or "postgresql://USER@HOST/NAME".',
)
@click.option(
    "--database-password-file",
    type=click.File(encoding="utf-8"),
    help="File with the database's password (- reads standard input).",
)
@click.option("--system-admin", cls=_Asked, prompt=f"System admin ({_WHO})", help=_WHO)
@click.option("--security-admin", cls=_Asked, prompt=f"Security admin ({_WHO})", help=_WHO)
@click.option("--auditor", cls=_Asked, prompt=f"Auditor ({_WHO})", help=_WHO)
def init(directory: Path, **given: object) -> None:
    """Make the zone DIR: keys, settings, database, rules, three invited administrators.

    The three are three different people. Each gets a link that works once; no account and no
    password exists before they use it. Stopped at any moment, there is either no DIR or the
    whole one.
    """
    plan = Plan(
        zone=str(given["zone"]),
        office=str(given["office"]),
        office_en=str(given["office_en"]),
        public_url=str(given["public_url"]),
        listen=str(given["listen"]),
        database=str(given["database"]),
        officers=tuple(_person(role, str(given[role])) for role in OFFICERS),
        database_password=_first_line(given["database_password_file"]),
    )
    if len({person.login.casefold() for person in plan.officers}) < len(OFFICERS):
        raise Trouble(
            "The three administrators are three different people (三员分立).",
            "Give three different logins.",
        )
    directory = directory.absolute()
    with _settings_named_plainly(), building(directory) as site:
        links = create_zone(
            site.zone, plan, outside=site.note_database, actor=operator(), now=now()
        )
    done(f"The zone {plan.zone} of {plan.office} is ready in {directory}.")
    print_links(links)
    out().print(
        "\nChanges of the rules are approved by a second security administrator: have one "
        "appointed\n(hangu officer propose) before the office runs.",
        soft_wrap=True,
    )
    out().print(f"\nThen:  hangu check {directory}  ·  hangu serve {directory}", soft_wrap=True)


@contextmanager
def _settings_named_plainly() -> Iterator[None]:
    """Complain of what was asked for, not of the file it would have stood in."""
    try:
        yield
    except SettingsError as error:
        lines = "\n".join(f"  - {problem}" for problem in error.problems)
        raise Trouble(
            f"Such a zone cannot be; nothing was made:\n{lines}", "hangu init --help"
        ) from None


def print_links(links: list[Link]) -> None:
    """Print links so that each can be copied whole, with whom to give it to."""
    out().print("Give each person their link; it works once, and only for a limited time.")
    for link in links:
        roles = ", ".join(TITLES.get(role, role) for role in sorted(link.person.roles))
        out().print(f"\n  {link.person.name} ({link.person.login}), {roles}", soft_wrap=True)
        out().print(f"  {link.url}", soft_wrap=True, markup=False)
