"""`hangu person`: who may sign in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from gateway.cli.console import done
from gateway.cli.guards import unlock
from gateway.cli.init import print_links
from gateway.cli.new_zone import OFFICERS, NewPerson, invite, link_for
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import enrolment, people
from gateway.office import Office
from policies.pairs import parts

ROLES = frozenset({"staff", "responder", *OFFICERS})
"""What the baseline knows; rules in force may name more."""


@click.group(short_help="People who may sign in.")
def person() -> None:
    """Add, list, change, invite again and disable the people of a zone. Nobody is ever deleted."""


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.argument("name")
@click.option("--unit", required=True, help="Slug of the person's unit.")
@click.option("--role", "roles", multiple=True, required=True, help="May be repeated.")
@click.option("--clearance", type=click.IntRange(0, 4), default=1, show_default=True)
@click.option("--staff-number", default="", help="One natural person has one.")
def add(
    directory: Path,
    login: str,
    name: str,
    unit: str,
    roles: tuple[str, ...],
    clearance: int,
    staff_number: str,
) -> None:
    """Add a person and print the link with which they enrol.

    Roles: staff, responder, system_admin, security_admin, auditor, or one of the office's own,
    which a rule in force names.
    The three administrators' roles exclude each other.
    """
    new = NewPerson(login=login, name=name, roles=frozenset(roles), unit=unit, clearance=clearance)
    new = replace(new, staff_number=staff_number)
    with opened(directory) as office:
        _require_roles(office, new.roles)
        link = invite(office, new, actor=operator(), now=now())
    print_links([link])


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
def link(directory: Path, login: str) -> None:
    """Print a new enrolment link for LOGIN; older ones stop working.

    Whoever enrols with it chooses a new password and a new authenticator.
    """
    with opened(directory) as office:
        found = known(office, login)
        token = enrolment.issue(office.registry, found.id, actor=operator(), now=now())
        new = NewPerson(login=found.login, name=found.name, roles=frozenset(found.roles))
        print_links([link_for(new, office.settings, token)])


@person.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.option("--role", "roles", multiple=True, required=True, help="May be repeated.")
def roles(directory: Path, login: str, roles: tuple[str, ...]) -> None:
    """Give LOGIN exactly these roles; what a lost one allowed ends at once."""
    with opened(directory) as office:
        _require_roles(office, roles)
        found = known(office, login)
        people.set_roles(office.registry, found.id, roles, actor=operator(), now=now())
    done(f"{login} has the roles {', '.join(sorted(roles))}.")


person.add_command(unlock)


def _require_roles(office: Office, roles: Iterable[str]) -> None:
    """A role that nothing names would give nothing, and a misspelt one stays silent."""
    subjects = {part for rule in office.rules().rules for part in parts(rule.sub)}
    own = {each.removeprefix("role:") for each in subjects if each.startswith("role:")}
    if unknown := sorted(set(roles) - own - ROLES):
        others = ", ".join(sorted(own - ROLES))
        raise Trouble(
            f"There is no role {', '.join(unknown)}.",
            f"There are {', '.join(sorted(ROLES))}{', and by rules ' if others else ''}{others}; "
            "a rule makes another: hangu policy grant DIR --to role:NAME …",
        )


def known(office: Office, login: str) -> people.PersonView:
    """The person of that login. Raises Trouble if there is none."""
    found = people.by_login(office.registry, login)
    if found is None:
        raise Trouble(f"There is nobody called {login}.", "`hangu person list` names everybody.")
    return found
