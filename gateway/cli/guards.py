"""`hangu lanes`, `hangu report`, `hangu session`: what guards sign-in, for operators."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from gateway.cli.asking import confirm
from gateway.cli.console import done, table
from gateway.cli.init import print_links
from gateway.cli.new_zone import NewPerson, link_for
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import lanes as lane_list
from gateway.identity import people, reports, sessions
from gateway.identity.reports import Decision
from gateway.office import Office


@click.group(short_help="Sign-in attempts that are slowed.")
def lanes() -> None:
    """Show and open the lanes in which sign-in attempts wait or are refused."""


@lanes.command("list", cls=ZoneCommand)
@takes_zone
def list_lanes(directory: Path) -> None:
    """List the lanes that are closed, wait or are slow, by name only of somebody known."""
    moment = now()
    with opened(directory) as office:
        rows = [
            (
                each.ref[:16],
                each.kind,
                " ".join(filter(None, (each.login, each.address))) or "—",
                _state(each, moment),
                each.total,
                f"{each.last_at:%F %T}",
            )
            for each in lane_list.slowed(office.registry, now=moment)
        ]
    table("Lanes", ("lane", "kind", "of", "state", "failures", "last try (UTC)"), rows)


def _state(lane: lane_list.LaneView, moment: datetime) -> str:
    if lane.closed_at:
        return f"closed since {lane.closed_at:%F %T}, until the owner signs in or it is opened"
    if lane.until > moment:
        return f"waits until {lane.until:%F %T}"
    wait = int(lane.next_wait.total_seconds())
    return f"slow: the next failure waits {wait} s; forgotten at {lane.quiet_at:%F %T}"


@lanes.command("open", cls=ZoneCommand)
@takes_zone
@click.argument("lane")
def open_lane(directory: Path, lane: str) -> None:
    """Let LANE, as `hangu lanes list` names it, take attempts again."""
    with opened(directory) as office:
        found = [e for e in lane_list.slowed(office.registry, now=now()) if e.ref.startswith(lane)]
        if len(found) != 1:
            raise Trouble(f"There is no lane {lane}.", "`hangu lanes list` names them.")
        lane_list.open_lane(office.registry, found[0].ref, actor=operator(), now=now())
    done("The lane is open.")


@click.group(short_help="Reports of sign-ins that were not the person's own.")
def report() -> None:
    """Show and decide what people reported as not theirs."""


@report.command("list", cls=ZoneCommand)
@takes_zone
def list_reports(directory: Path) -> None:
    """List the reports that wait for a decision, and the newest decisions."""
    with opened(directory) as office:
        found = [*reports.waiting(office.registry), *reports.decided(office.registry)]
    rows = [
        (
            each.id,
            each.login,
            f"{each.opened_at:%F %T}",
            f"{each.attempt.at:%F %T} {each.attempt.address}" if each.attempt else "—",
            "locked" if each.locked else "open",
            each.decision or "waits",
        )
        for each in found
    ]
    heads = ("report", "person", "opened (UTC)", "sign-in (UTC)", "account", "decision")
    table("Reports", heads, rows)


@report.command("close", cls=ZoneCommand)
@takes_zone
@click.argument("report_id", type=click.UUID)
@click.option("--decision", type=click.Choice([each.value for each in Decision]), required=True)
@click.option("--reason", required=True, help="Whom you talked to, what you found.")
def close_report(directory: Path, report_id: UUID, decision: str, reason: str) -> None:
    """Decide REPORT_ID: enrolment (a new link), unlocked (a mistake) or kept (stays shut)."""
    with opened(directory) as office:
        _close(office, report_id, Decision(decision), reason)


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.option("--reason", required=True, help="Whom you talked to, what you found.")
@click.option("--new-link", is_flag=True, help="Password and factors are made anew.")
def unlock(directory: Path, login: str, reason: str, *, new_link: bool) -> None:
    """Open the account of LOGIN again, which its owner had locked by a report."""
    with opened(directory) as office:
        found = people.by_login(office.registry, login)
        mine = [] if found is None else _of(office, found.id)
        if not mine:
            raise Trouble(f"No report of {login} waits.", "`hangu report list` shows them all.")
        decision = Decision.ENROLMENT if new_link else Decision.UNLOCKED
        for each in mine:
            _close(office, each.id, decision, reason)


def _of(office: Office, person_id: UUID) -> list[reports.ReportView]:
    return [each for each in reports.waiting(office.registry) if each.person_id == person_id]


def _close(office: Office, report_id: UUID, decision: Decision, reason: str) -> None:
    token = reports.close(
        office.registry, report_id, decision, reason=reason, actor=operator(), now=now()
    )
    seen = reports.one(office.registry, report_id)
    if token is not None:
        new = NewPerson(login=seen.login, name=seen.name, roles=frozenset())
        print_links([link_for(new, office.settings, token)])
    done(f"The report of {seen.login} is decided: {decision.value}.")


@click.group(short_help="Who is signed in where.")
def session() -> None:
    """Show and end the sessions of a person."""


@session.command("list", cls=ZoneCommand)
@takes_zone
@click.argument("login")
def list_sessions(directory: Path, login: str) -> None:
    """List the sessions of LOGIN, the newest first."""
    with opened(directory) as office:
        found = sessions.of_person(office.registry, _known(office, login))
    rows = [
        (
            each.ref,
            f"{each.created:%F %T}",
            f"{each.last_seen:%F %T}",
            each.address or "—",
            " ".join(each.amr),
            each.ended_why or "open",
        )
        for each in found
    ]
    heads = ("session", "since (UTC)", "last use", "address", "proofs", "state")
    table(f"Sessions of {login}", heads, rows)


@session.command("end", cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.option("--session", "ref", help="Only this one, as `hangu session list` names it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def end_sessions(directory: Path, login: str, ref: str | None, *, yes: bool) -> None:
    """End the sessions of LOGIN, with every service that is open in them."""
    with opened(directory) as office:
        known = _known(office, login)
        if not yes:
            confirm(f"End the sessions of {login}?")
        actor, moment = operator(), now()
        if ref is None:
            ended = sessions.end_all(office.registry, known, actor=actor, now=moment)
        else:
            ended = int(sessions.end_by_ref(office.registry, known, ref, actor=actor, now=moment))
    done(f"Sessions ended: {ended}.")


@session.command("end-everybodys", cls=ZoneCommand)
@takes_zone
@click.option("--yes", is_flag=True, help="Do not ask.")
def end_everybodys(directory: Path, *, yes: bool) -> None:
    """End every session of the zone: for the day on which cookies may be in strange hands."""
    with opened(directory) as office:
        people, count = sessions.open_now(office.registry)
        if not yes:
            confirm(f"Sign out {people} people, {count} sessions?")
        ended = sessions.end_everybodys(office.registry, actor=operator(), now=now())
    done(f"Sessions ended: {ended}.")


def _known(office: Office, login: str) -> UUID:
    found = people.by_login(office.registry, login)
    if found is None:
        raise Trouble(f"There is nobody called {login}.", "`hangu person list` names everybody.")
    return found.id
