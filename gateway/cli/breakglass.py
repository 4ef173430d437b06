"""`hangu breakglass`: sealed accounts for an emergency."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from gateway.cli.console import done, table
from gateway.cli.days import shown
from gateway.cli.new_zone import ROOT_UNIT
from gateway.cli.office import opened
from gateway.cli.signature import person_signs
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import break_glass, break_glass_views
from gateway.identity.break_glass_rules import REVIEWER


@click.group(short_help="Sealed accounts for an emergency.")
def breakglass() -> None:
    """Prepare, list, close and review sealed accounts.

    They are opened at the pages, by two officers with their own factors, and never from here.
    """


@breakglass.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.option("--unit", default=ROOT_UNIT, show_default=True, help="Slug of its unit.")
def prepare(directory: Path, login: str, unit: str) -> None:
    """Make the sealed account LOGIN. It has no password, no factor and no link, ever."""
    with opened(directory) as office:
        break_glass.prepare(office.registry, login=login, unit=unit, actor=operator(), now=now())
    done(f"{login} is there, and sealed. Two officers open it at /break-glass/.")


@breakglass.command("list", cls=ZoneCommand)
@takes_zone
def list_all(directory: Path) -> None:
    """List the sealed accounts and their openings."""
    with opened(directory) as office:
        accounts = [
            (each.login, each.state)
            for each in break_glass_views.accounts(office.registry, now=now())
        ]
        rows = [
            (
                each.id,
                each.account,
                each.state,
                each.user,
                ", ".join(filter(None, (each.proposed_by, each.confirmed_by))),
                shown(each.proposed_at, office),
                each.reason,
            )
            for each in break_glass_views.openings(office.registry, now=now())
        ]
    table("Sealed accounts", ("login", "state"), accounts)
    heads = ("id", "account", "state", "used by", "officers", "proposed", "reason")
    table("Openings", heads, rows)


@breakglass.command(cls=ZoneCommand)
@takes_zone
@click.argument("opening_id", type=click.UUID)
def close(directory: Path, opening_id: UUID) -> None:
    """End an opening at once."""
    with opened(directory) as office:
        break_glass.close(office.registry, opening_id, actor=operator(), now=now())
    done("It is closed; it waits for its review.")


@breakglass.command(cls=ZoneCommand)
@takes_zone
@click.argument("opening_id", type=click.UUID)
@click.option("--as", "login", required=True, help="A security administrator without a part.")
@click.option("--finding", required=True, help="10 to 500 characters.")
def review(directory: Path, opening_id: UUID, login: str, finding: str) -> None:
    """Write the finding on an opening; asks for the reviewer's sign-in."""
    with opened(directory) as office:
        actor = person_signs(office, login, role=REVIEWER)
        by = UUID(actor.subject.removeprefix("person:"))
        break_glass.review(office.registry, opening_id, finding, by=by, actor=actor, now=now())
    done("The finding is kept; the account is sealed again.")
