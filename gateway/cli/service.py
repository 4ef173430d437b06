"""`hangu service`: put an internal service behind the gate, and take it away again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click

from gateway.access.catalogue import (
    Evaluation,
    InvalidService,
    Problem,
    Service,
    ServiceUnknown,
)
from gateway.access.service_file import EXAMPLE, read_service
from gateway.cli import service_words
from gateway.cli.asking import confirm
from gateway.cli.console import done, out, table, warn
from gateway.cli.days import Day, begin_of, end_of, shown
from gateway.cli.office import opened
from gateway.cli.rules_about import about, lines_of
from gateway.cli.signature import person_signs
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import units
from gateway.office import Office

APPROVER = "security_admin"
_OPTIONS = {"evaluated_at": "--evaluated", "valid_until": "--until", "evaluated_by": "--by"}


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
    """Add the service described in FILE (see `hangu service example`).

    With --replace, change it: where more than names and descriptions change, the service is
    shut until it is approved again.
    """
    with opened(directory) as office:
        entry = put(office, file.read_text(encoding="utf-8"), place=str(file), replace=replace)
        address = service_words.address_of(office, entry)
        done(f"{entry.slug} is in the catalogue, at {address}")
        if not service_words.is_below_gateway(office, entry):
            warn(
                f"{entry.host} does not end in .{office.settings.web.host}, the gateway's name: "
                "it needs its own DNS entry, certificate and nginx configuration."
            )
    if entry.closed(now()):
        out().print(
            "It stays shut until another person approves it:\n"
            f"  hangu service approve {directory} {entry.slug} --as LOGIN --by BODY "
            "--evaluated YYYY-MM-DD --until YYYY-MM-DD",
            soft_wrap=True,
        )
    elif replace:
        out().print("Its approval stands.")


@service.command(cls=ZoneCommand)
@takes_zone
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def check(directory: Path, file: Path) -> None:
    """Read FILE as `hangu service add` would, and change nothing. Exit code 1 if it is refused."""
    with opened(directory) as office:
        with _described(str(file)):
            entry = _read(office, file.read_text(encoding="utf-8"))
        duties = office.rules().duties_on_records
    spoken = {name for duty in duties for side in duty.sides for name in side}
    for each in sorted({act.name for act in entry.acts} - spoken):
        warn(f"No duty in force speaks of “{each}”: it is written down, and nothing is kept apart.")
    done(f"{file} describes {entry.slug}.")


def put(office: Office, text: str, *, place: str, replace: bool = False) -> Service:
    """Add or replace a service; every fault of its file in one message. Raises Trouble."""
    with _described(place):
        return _put(office, text, replace=replace)


@contextmanager
def _described(place: str) -> Iterator[None]:
    """Say everything that is wrong with a file. Raises Trouble."""
    try:
        yield
    except InvalidService as faults:
        lines = "\n".join(f"  - {problem}" for problem in faults.problems)
        raise Trouble(
            f"{place} does not describe a service:\n{lines}",
            "`hangu service example` prints a complete file.",
        ) from None


def _read(office: Office, text: str) -> Service:
    entry, problems = read_service(text, office.catalogue.around)
    told = {problem.key for problem in problems}
    problems += [each for each in _unknown_units(office, entry) if each.key not in told]
    if problems:
        raise InvalidService(problems)
    return entry


def _put(office: Office, text: str, *, replace: bool) -> Service:
    entry = _read(office, text)
    if not replace:
        return office.catalogue.add(entry, actor=operator(), now=now())
    known = _known(office, entry.slug)
    entry = dataclasses.replace(entry, row_version=known.row_version)
    return office.catalogue.update(entry, actor=operator(), now=now())


def _unknown_units(office: Office, entry: Service) -> Iterator[Problem]:
    """Name the units that nobody has made: nobody would be in charge."""
    there = {f"unit:{found.slug}" for found in units.tree(office.registry)}
    named = {"in_charge": (entry.in_charge,), "operator": (entry.operator,)}
    for key, subjects in (named | {"user_units": entry.user_units}).items():
        if missing := sorted(set(subjects) - there):
            cure = "`hangu unit list` names those there are, `hangu unit add` makes one"
            yield Problem(key, f"There is no {', '.join(missing)}; {cure}")


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
            (
                each.slug,
                each.name_zh,
                service_words.address_of(office, each),
                each.upstream,
                each.in_charge,
                service_words.state(office, each, now()),
            )
            for each in office.catalogue.all()
        ]
    table("Services", ("slug", "name", "address", "upstream", "in charge", "state"), rows)


@service.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
def show(directory: Path, slug: str) -> None:
    """Show everything the catalogue holds about the service SLUG."""
    with opened(directory) as office:
        entry = _known(office, slug)
        rows = list(service_words.rows(office, entry))
        state = service_words.state(office, entry, now())
    table(f"svc:{slug}, {state}", ("key", "value"), rows)


@service.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
@click.option("--as", "login", required=True, help=f"Who approves: a person with role {APPROVER}.")
@click.option("--by", "body", required=True, help="Body that made the security evaluation.")
@click.option(
    "--evaluated",
    type=Day(),
    required=True,
    help="Day of the evaluation: its beginning, in the zone's time zone (zone.timezone).",
)
@click.option(
    "--until",
    type=Day(),
    required=True,
    help="Last day on which the service is open: until its end, in the zone's time zone.",
)
def approve(
    directory: Path, slug: str, login: str, body: str, evaluated: date, until: date
) -> None:
    """Open the service SLUG on the strength of an evaluation; asks for the approver's sign-in."""
    with opened(directory) as office:
        entry = _known(office, slug)
        evaluation = Evaluation(
            at=begin_of(evaluated, office), by=body, valid_until=end_of(until, office)
        )
        _require_usable(evaluation)
        actor = person_signs(office, login, role=APPROVER)
        entry = office.catalogue.approve(
            slug, evaluation, actor=actor, now=now(), version=entry.row_version
        )
        address = service_words.address_of(office, entry)
        done(f"{slug} is open until {shown(evaluation.valid_until, office)}, at {address}")
    out().print(
        "Who may use it is a matter of rules:\n"
        f"  hangu policy grant {directory} --to unit:SLUG --service {slug} --methods GET,POST",
        soft_wrap=True,
    )


def _require_usable(evaluation: Evaluation) -> None:
    """Raise Trouble before anybody types a password for an evaluation that cannot stand."""
    try:
        evaluation.check(now())
    except InvalidService as faults:
        lines = "\n".join(f"  - {_OPTIONS[each.key]}: {each.cure}" for each in faults.problems)
        raise Trouble(f"This evaluation opens no service:\n{lines}") from None


@service.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep-rules", is_flag=True, help="Refuse if there are rules about the service.")
def remove(directory: Path, slug: str, *, yes: bool, keep_rules: bool) -> None:
    """Take the service SLUG out of the catalogue, and every rule about it out of force.

    Both happen in one act: a service that is added later under the same slug inherits nothing.
    """
    with opened(directory) as office:
        entry = _known(office, slug)
        rules = about(office.rules(), slug)
        if rules and keep_rules:
            raise Trouble(
                f"There are rules about {slug}; nothing was changed:\n{lines_of(rules)}",
                "Without --keep-rules they go with the service.",
            )
        if not yes:
            also = f" and the rules about it ({len(rules)})" if rules else ""
            confirm(f"Remove {slug} ({entry.upstream}){also}?")
        count = office.catalogue.remove(slug, actor=operator(), now=now())
    done(f"{slug} is no longer in the catalogue. Rules taken out of force with it: {count}.")
