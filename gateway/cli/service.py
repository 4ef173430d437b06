"""`hangu service`: put an internal service behind the gate, and take it away again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.access.catalogue import (
    Evaluation,
    InvalidService,
    Service,
    ServiceUnknown,
    service_from_toml,
)
from gateway.access.service_file import EXAMPLE
from gateway.cli.console import done, out, table
from gateway.cli.office import opened
from gateway.cli.signature import person_signs
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import units
from gateway.office import Office

APPROVER = "security_admin"
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(short_help="Internal services behind the gate.")
def service() -> None:
    """Add, approve, show and remove the services of a zone.

    A service opens after somebody else than its author has approved it on the strength of a
    security evaluation, and closes by itself when that evaluation runs out.
    """


@service.command()
def example() -> None:
    """Print a complete, commented service file to start from."""
    click.echo(EXAMPLE, nl=False)


@service.command(cls=ZoneCommand)
@takes_zone
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Change the service of that slug.")
def add(directory: Path, file: Path, *, replace: bool) -> None:
    """Add the service described in FILE (see `hangu service example`)."""
    with opened(directory) as office:
        entry = put(office, file.read_text(encoding="utf-8"), place=str(file), replace=replace)
    done(f"{entry.slug} is in the catalogue, at {entry.host}.")
    if entry.closed(now()):
        out().print(
            "It stays shut until another person approves it:\n"
            f"  hangu service approve {directory} {entry.slug} --as LOGIN --by BODY "
            "--evaluated YYYY-MM-DD --until YYYY-MM-DD",
            soft_wrap=True,
        )


def put(office: Office, text: str, *, place: str, replace: bool = False) -> Service:
    """Add or replace a service; every fault of its file in one message. Raises Trouble."""
    try:
        entry = service_from_toml(text, office.catalogue.around)
        return _put(office, entry, replace=replace)
    except InvalidService as faults:
        lines = "\n".join(f"  - {problem}" for problem in faults.problems)
        raise Trouble(
            f"{place} does not describe a service:\n{lines}",
            "`hangu service example` prints a complete file.",
        ) from None


def _put(office: Office, entry: Service, *, replace: bool) -> Service:
    _require_units(office, entry)
    if not replace:
        return office.catalogue.add(entry, actor=operator(), now=now())
    known = _known(office, entry.slug)
    entry = dataclasses.replace(entry, row_version=known.row_version)
    return office.catalogue.update(entry, actor=operator(), now=now())


def _require_units(office: Office, entry: Service) -> None:
    """Raise Trouble for units that nobody has made: nobody would be in charge."""
    there = {f"unit:{found.slug}" for found in units.tree(office.registry)}
    named = {entry.in_charge, entry.operator, *entry.user_units}
    if missing := sorted(named - there):
        raise Trouble(
            f"There is no {', '.join(missing)}.",
            "`hangu unit list` names the units; `hangu unit add` makes one.",
        )


def _known(office: Office, slug: str) -> Service:
    entry = office.catalogue.by_slug(slug)
    if entry is None:
        raise ServiceUnknown(slug)
    return entry


@service.command("list", cls=ZoneCommand)
@takes_zone
def list_services(directory: Path) -> None:
    """List every service, those that are shut included."""
    with opened(directory) as office:
        rows = [
            (each.slug, each.name_zh, each.host, each.upstream, each.in_charge, _state(each))
            for each in office.catalogue.all()
        ]
    table("Services", ("slug", "name", "host", "upstream", "in charge", "state"), rows)


def _state(entry: Service) -> str:
    closed = entry.closed(now())
    if closed is not None:
        return f"shut ({closed})"
    return f"open until {entry.valid_until:%Y-%m-%d}"


@service.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
def show(directory: Path, slug: str) -> None:
    """Show everything the catalogue holds about the service SLUG."""
    with opened(directory) as office:
        entry = _known(office, slug)
    rows = [(each.name, _shown(getattr(entry, each.name))) for each in dataclasses.fields(entry)]
    table(f"svc:{slug}, {_state(entry)}", ("key", "value"), rows)


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, tuple):
        return "\n".join(str(each) for each in value)
    if isinstance(value, Mapping):
        return "\n".join(f"{name} = {claim}" for name, claim in value.items())
    return "" if value is None else str(value)


@service.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
@click.option("--as", "login", required=True, help=f"Who approves: a person with role {APPROVER}.")
@click.option("--by", "body", required=True, help="Body that made the security evaluation.")
@click.option("--evaluated", type=_DAY, required=True, help="Day of the evaluation.")
@click.option("--until", type=_DAY, required=True, help="Day on which the service closes again.")
def approve(
    directory: Path, slug: str, login: str, body: str, evaluated: datetime, until: datetime
) -> None:
    """Open the service SLUG on the strength of an evaluation; asks for the approver's sign-in."""
    with opened(directory) as office:
        entry = _known(office, slug)
        actor = person_signs(office, login, role=APPROVER)
        entry = office.catalogue.approve(
            slug,
            Evaluation(
                at=evaluated.replace(tzinfo=UTC), by=body, valid_until=until.replace(tzinfo=UTC)
            ),
            actor=actor,
            now=now(),
            version=entry.row_version,
        )
    done(f"{slug} is open until {entry.valid_until:%Y-%m-%d}, at {entry.host}.")
    out().print(
        "Who may use it is a matter of rules:\n"
        f"  hangu policy grant {directory} --to unit:SLUG --service {slug} --methods GET,POST",
        soft_wrap=True,
    )


@service.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(directory: Path, slug: str, *, yes: bool) -> None:
    """Take the service SLUG out of the catalogue; rules about it stay and mean nothing."""
    with opened(directory) as office:
        entry = _known(office, slug)
        if not yes:
            click.confirm(f"Remove {slug} ({entry.upstream})?", abort=True)
        office.catalogue.remove(slug, actor=operator(), now=now())
    done(f"{slug} is no longer in the catalogue.")
