"""`hangu officer`: what two officers decide, and what the officers did."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from audit.entry import Reader
from audit.search import Search
from gateway.cli.console import done, note, table
from gateway.cli.days import shown
from gateway.cli.office import opened
from gateway.cli.person import known
from gateway.cli.signature import person_signs
from gateway.cli.zone import ZoneCommand, now, takes_zone
from gateway.identity import officer_acts, officer_case_views, officer_cases, roll
from gateway.identity.current import OFFICER_ROLES


@click.group(short_help="The three officers: who becomes one, and what they did.")
def officer() -> None:
    """Propose and confirm an office, list the cases of two officers, read the officers' acts."""


@officer.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.argument("office", type=click.Choice(sorted(OFFICER_ROLES)))
@click.option("--as", "by", required=True, help="Login of a security administrator.")
@click.option("--reason", required=True, help="10 to 500 characters.")
def propose(directory: Path, login: str, office: str, by: str, reason: str) -> None:
    """Propose LOGIN for OFFICE; a system administrator confirms. Other roles end with it."""
    with opened(directory) as zone:
        found = known(zone, login)
        actor = person_signs(zone, by, role=officer_cases.SECURITY)
        case = officer_cases.propose_office(
            zone.registry,
            found.id,
            office,
            reason=reason,
            by=UUID(actor.subject.removeprefix("person:")),
            actor=actor,
            now=now(),
        )
    done(f"Case {case}: a system administrator confirms it within three days.")


@officer.command(cls=ZoneCommand)
@takes_zone
@click.argument("case_id", type=click.UUID)
@click.option("--as", "by", required=True, help="Login of a system administrator.")
def confirm(directory: Path, case_id: UUID, by: str) -> None:
    """Confirm the office of CASE_ID; a factor reset is confirmed at the pages."""
    with opened(directory) as zone:
        actor = person_signs(zone, by, role=officer_cases.SYSTEM)
        who = UUID(actor.subject.removeprefix("person:"))
        case = officer_case_views.one(zone.registry, case_id, now=now())
        if case.kind != "office":
            raise click.UsageError("That case is a factor reset: its link is shown at the pages.")
        officer_cases.confirm(zone.registry, case_id, by=who, actor=actor, now=now())
    done(f"{case.person} is {case.role} from now on.")


@officer.command(cls=ZoneCommand)
@takes_zone
def cases(directory: Path) -> None:
    """List what two officers decide together, the open ones first."""
    with opened(directory) as zone:
        rows = [
            (
                each.id,
                each.role or "factor reset",
                each.login,
                each.state,
                each.opened_by,
                each.closed_by,
                shown(each.opened_at, zone),
                each.reason,
            )
            for each in officer_case_views.newest(zone.registry, now=now())
        ]
    heads = ("case", "what", "person", "state", "opened by", "closed by", "opened", "reason")
    table("Cases of two officers", heads, rows)


@officer.command(cls=ZoneCommand)
@takes_zone
@click.option("--of", "login", default="", help="One officer alone.")
@click.option("--before", type=click.IntRange(min=1), help="Only below this place in the log.")
def acts(directory: Path, login: str, before: int | None) -> None:
    """List what the officers did, newest first, 50 at a time."""
    with opened(directory) as zone:
        entries = roll.Roll(zone.registry).entries()
        who = [
            each.id
            for each in entries
            if (each.roles & OFFICER_ROLES if not login else each.login == login)
        ]
        names = {each.id: each.login for each in entries}
        search = Search(zone.store.read, Reader(zone.store.read))
        found = officer_acts.acts(search, who, before=before)
        rows = [
            (each.position, each.at, names.get(each.actor), each.event, each.object, each.outcome)
            for each in found.acts
        ]
    if found.older is not None:
        note(f"There are older ones: --before {found.older}")
    table("Acts", ("place", "time", "officer", "event", "about", "outcome"), rows)
