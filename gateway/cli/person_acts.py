"""`hangu person …`: looking at accounts, changing them, and the stale ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import click

from gateway.access.effect import Standing, between
from gateway.access.policy_point import load
from gateway.access.service import Service
from gateway.cli.asking import confirm
from gateway.cli.console import done, note, table
from gateway.cli.init import print_links
from gateway.cli.new_zone import NewPerson, link_for
from gateway.cli.office import opened
from gateway.cli.person import known, person
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import (
    integrity,
    people,
    returning,
    rights,
    roll,
    roll_search,
    sessions,
    staff,
    stale,
    units,
)
from gateway.identity.rights import Rights
from gateway.identity.roll_search import PAGE, Wanted
from gateway.identity.tables import MAX_CLEARANCE, State
from gateway.office import Office
from policies.permissions import Permission

CURES = {
    "unused": "ask the unit; hangu person disable",
    "never": "hangu person link, or disable",
    "lapsed": "hangu person link, or disable",
    "holds": "the security administrator takes the roles away",
}


@person.command("list", cls=ZoneCommand)
@takes_zone
@click.option("--search", default="", help="Part of name, login or staff number.")
@click.option("--unit", default="", help="Slug; everything below it as well.")
@click.option("--state", type=click.Choice([each.value for each in State]), default=None)
@click.option("--without-role", is_flag=True)
def list_people(
    directory: Path, search: str, unit: str, state: str | None, *, without_role: bool
) -> None:
    """List the people, the disabled included."""
    wanted = Wanted(text=search, unit=unit, state=state or "", roleless=without_role)
    rows = []
    with opened(directory) as office:
        entries = roll.Roll(office.registry).entries()
        tree = units.tree(office.registry)
        found = roll_search.search(entries, wanted, tree=tree, size=max(PAGE, len(entries)))
        rows = [
            (
                each.login,
                each.name,
                each.staff_number,
                each.unit,
                ", ".join(sorted(each.roles)),
                each.clearance,
                each.state,
                each.subject,
            )
            for each in found.entries
        ]
    heads = ("login", "name", "number", "unit", "roles", "clearance", "state", "in rules")
    table("People", heads, rows)


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
def show(directory: Path, login: str) -> None:
    """Show LOGIN's account: facts, kinds of factors, last sign-in; no secret."""
    with opened(directory) as office:
        found = known(office, login)
        last = stale.last_sign_in(office.registry, found.id)
        link = stale.live_link(office.registry, found.id, now=now())
        live = [each for each in sessions.of_person(office.registry, found.id) if not each.ended_at]
        factors = people.factors(office.registry, found.id)
    facts = [
        ("login", found.login),
        ("name", found.name),
        ("staff number", found.staff_number or "none"),
        ("unit", found.unit),
        ("state", found.state),
        ("roles", ", ".join(sorted(found.roles)) or "none"),
        ("clearance", found.clearance),
        ("signs in with", ", ".join(each.kind for each in factors) or "nothing yet"),
        ("last sign-in", "never" if last is None else f"{last:%Y-%m-%d %H:%M} UTC"),
        ("open sessions", len(live)),
        ("link works until", "none" if link is None else f"{link:%Y-%m-%d %H:%M} UTC"),
        ("in rules", found.subject),
    ]
    table(found.name, ("", ""), facts)


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.argument("name")
def rename(directory: Path, login: str, name: str) -> None:
    """Give LOGIN another NAME; login and rights stay."""
    with opened(directory) as office:
        who = known(office, login).id
        differs = staff.change(office.registry, who, name=name, actor=operator(), now=now())
    _said(f"{login} is called {name}.", differs=differs)


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.argument("unit")
def move(directory: Path, login: str, unit: str) -> None:
    """Put LOGIN into UNIT; what the old unit's rules allowed ends at once.

    It is said which services and pages open and close by it, with the usual sign-in.
    """
    with opened(directory) as office:
        who = known(office, login).id
        was = _standing(office, who)
        differs = staff.change(office.registry, who, unit=unit, actor=operator(), now=now())
        is_now = _standing(office, who)
        with office.store.reading() as session:
            engine = load(session).engine
        zone = office.settings.zone.name
        found = between(engine, office.catalogue, before=was, after=is_now, zone=zone, now=now())
    _said(f"{login} is in {unit}.", differs=differs)
    if differs:
        note(f"Gained: {_opening(found.services_gained, found.pages_gained)}.")
        note(f"Lost: {_opening(found.services_lost, found.pages_lost)}.")


def _standing(office: Office, who: UUID) -> Standing:
    entry = next(each for each in roll.Roll(office.registry).entries() if each.id == who)
    return Standing(
        subject=entry.subject, unit=entry.unit, roles=entry.roles, clearance=entry.clearance
    )


def _opening(services: Sequence[Service], pages: Sequence[Permission]) -> str:
    """Services by their name, pages by their permission."""
    said = [*(f"{each.name_zh} ({each.slug})" for each in services), *map(str, pages)]
    return ", ".join(said) or "nothing"


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.argument("staff_number")
def number(directory: Path, login: str, staff_number: str) -> None:
    """Give LOGIN the STAFF_NUMBER; no two accounts share one."""
    with opened(directory) as office:
        who = known(office, login).id
        differs = staff.change(
            office.registry, who, staff_number=staff_number, actor=operator(), now=now()
        )
    _said(f"{login} has the staff number.", differs=differs)


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.option("--reason", default="", help="Kept with the record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def disable(directory: Path, login: str, reason: str, *, yes: bool) -> None:
    """End every session of LOGIN and let them sign in no more."""
    with opened(directory) as office:
        found = known(office, login)
        if not yes:
            confirm(f"Disable {found.name} ({found.login})?")
        people.disable(office.registry, found.id, reason=reason, actor=operator(), now=now())
    done(f"{login} can no longer sign in; open sessions are ended.")


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
def restore(directory: Path, login: str) -> None:
    """Invite the disabled LOGIN again, without roles and clearance, and print the link."""
    with opened(directory) as office:
        found = known(office, login)
        token = returning.restore(office.registry, found.id, actor=operator(), now=now())
        new = NewPerson(login=found.login, name=found.name, roles=frozenset())
        print_links([link_for(new, office.settings, token)])


@person.command("stale", cls=ZoneCommand)
@takes_zone
def list_stale(directory: Path) -> None:
    """List the accounts that nobody uses, each with what to do (sign_in.stale_days)."""
    with opened(directory) as office:
        found = stale.report(office.registry, roll.Roll(office.registry).entries(), now=now())
    rows = [
        (
            each.entry.login,
            each.entry.name,
            each.entry.unit,
            each.cause.value,
            f"{each.since:%Y-%m-%d}",
            CURES[each.cause],
        )
        for each in found
    ]
    table("Stale accounts", ("login", "name", "unit", "why", "since", "what to do"), rows)


def _said(text: str, *, differs: bool) -> None:
    if differs:
        done(text)
    else:
        note("It is so already; nothing was changed.")


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.argument("clearance", type=click.IntRange(0, MAX_CLEARANCE))
@click.option("--reason", required=True, help="10 to 500 characters; the auditor reads it.")
def clearance(directory: Path, login: str, clearance: int, reason: str) -> None:
    """Let LOGIN handle what is labelled up to CLEARANCE, 0 to 4; the roles stay."""
    with opened(directory) as office:
        found = known(office, login)
        wanted = Rights(roles=found.roles, clearance=clearance)
        differs = rights.change(
            office.registry,
            found.id,
            wanted,
            reason=reason,
            by=None,
            actor=operator(),
            now=now(),
        )
    _said(f"{login} may handle up to label {clearance}.", differs=differs)


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.option("--yes", is_flag=True, help="Do not ask.")
def mend(directory: Path, login: str, *, yes: bool) -> None:
    """Accept LOGIN's roles and state as they stand in the database, after you have looked.

    For an account that is refused because somebody wrote to the database behind the gateway's
    back. Put right first what is wrong (hangu person roles, disable); this says that it is right.
    """
    with opened(directory) as office:
        found = known(office, login)
        held = ", ".join(sorted(found.roles)) or "no role"
        note(f"{found.name}: {found.state}, {held}, clearance {found.clearance}, {found.unit}")
        if not yes:
            confirm("Is every word of this right?")
        integrity.mend(office.registry, found.id, actor=operator(), now=now())
    done(f"{login} is whole again, and on record.")
