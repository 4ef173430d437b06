"""`hangu policy campaign`: reviews of the rules, from the first question to the draft."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import click
from rich.progress import Progress

from gateway.changes import campaigns as room_campaigns
from gateway.changes.campaign_refusals import CampaignRefused
from gateway.cli.console import done, errors, table
from gateway.cli.days import LAST_SECOND, Day, end_of, shown
from gateway.cli.office import opened
from gateway.cli.signature import person_signs
from gateway.cli.trouble import Trouble
from gateway.cli.zone import Command, ZoneCommand, now, takes_zone
from gateway.identity import people
from gateway.office import Office
from policies.campaigns import campaigns as kept
from policies.campaigns.campaigns import Campaign, Line, Reviewers, State, Terms, Verdict
from policies.campaigns.deciding import Answer

_ROLE = "security_admin"
_SHOWN = 8
"""Digits of a campaign's id that are printed and understood."""


@click.group(short_help="Reviews of the rules.")
def campaign() -> None:
    """Ask who answers for a service or a unit which rules are still needed, until a day.

    What is to go becomes a draft that two officers make.
    """


def _signed(function: Command) -> Command:
    text = "Login of the person whose act it is."
    return click.option("--as", "login", required=True, help=text)(function)


def _json(function: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")(
        function
    )


@campaign.command(cls=ZoneCommand)
@takes_zone
@_signed
@click.option("--title", required=True, help="What is reviewed, in a few words.")
@click.option("--due", type=Day(), required=True, help="Last day, in the zone's time zone.")
@click.option("--scope", default="*", show_default=True, help="*, svc:SLUG or unit:SLUG.")
@click.option(
    "--reviewers", type=click.Choice([str(each) for each in Reviewers]),
    default=str(Reviewers.SERVICE), show_default=True,
    help="Who decides: owners of the service, of the unit let in, or officers.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True,
              help="Days of the log that are looked at.")  # fmt: skip
def start(
    directory: Path, login: str, title: str, due: date, scope: str, reviewers: str, days: int
) -> None:
    """Begin a review, ask the log what each rule did, and tell those who decide."""
    with opened(directory) as office, _steps():
        terms = Terms(
            title=title, scope=scope, reviewers=Reviewers(reviewers), days=days,
            due_at=end_of(due, office) + LAST_SECOND,
        )  # fmt: skip
        terms.checked(now())
        actor, room = person_signs(office, login, role=_ROLE), office.room
        ref = room_campaigns.begin(room, terms, actor=actor, now=now())
        with Progress(console=errors(), transient=True) as bar:
            task = bar.add_task("asking the log", total=None)
            lines = room_campaigns.gather(
                room, ref, actor=actor, clock=now,
                progress=lambda so_far, total: bar.update(task, completed=so_far, total=total),
            )  # fmt: skip
        with office.store.reading() as session:
            found = kept.find(session, ref)
    unused = sum(each.is_unused(found) for each in lines)
    done(f"Review {ref[:_SHOWN]} asks about {len(lines)} rules; {unused} were not used at all.")


@campaign.command("list", cls=ZoneCommand)
@takes_zone
@_json
def list_(directory: Path, *, as_json: bool) -> None:
    """List the reviews, the newest first."""
    with opened(directory) as office:
        with office.store.reading() as session:
            found, counts = kept.listed(session), kept.progress(session)
        if as_json:
            for each in found:
                click.echo(json.dumps(_plain(each, *counts.get(each.id, (0, 0)))))
            return
        rows = [
            (each.id[:_SHOWN], each.title, _state(each), each.scope, each.reviewers,
             "{} of {}".format(*counts.get(each.id, (0, 0))),
             shown(each.due_at - LAST_SECOND, office))
            for each in found
        ]  # fmt: skip
    table("Reviews", ("id", "title", "state", "scope", "decided by", "decided", "last day"), rows)


@campaign.command(cls=ZoneCommand)
@takes_zone
@click.argument("review")
@click.option("--undecided", is_flag=True, help="Only the rules nobody decided on.")
@_json
def show(directory: Path, review: str, *, undecided: bool, as_json: bool) -> None:
    """Show the rules of REVIEW with their uses. Exit code 1 if it is overdue."""
    with opened(directory) as office:
        ref = _named(office, review)
        with office.store.reading() as session:
            found = kept.find(session, ref)
            lines = kept.up_to_date(session, kept.lines(session, ref))
        names = {each.subject: each.login for each in people.all_people(office.registry)}
        chosen = [each for each in lines if not (undecided and each.verdict)]
        if as_json:
            click.echo(json.dumps({**_plain(found, _decided(lines), len(lines)),
                                   "rules": [_row(each, found) for each in chosen]}))  # fmt: skip
        else:
            rows = [
                (each.number, each.uses, each.people, each.missed,
                 "never" if each.last_used is None else shown(each.last_used, office),
                 each.unit or _ROLE, each.verdict, names.get(each.decided_by, each.decided_by),
                 each.line.removeprefix("p, "))
                for each in chosen
            ]  # fmt: skip
            heads = ("no.", "uses", "people", "missed", "last", "asked", "decided", "by", "says")
            table(f"{found.title}: {_state(found)}", heads, rows)
            if found.state is not State.GATHERING:
                unused = sum(each.is_unused(found) for each in lines)
                done(f"{found.asked} decisions of {found.days} days were made again without the "
                     f"{unused} unused rules: none would have been denied.")  # fmt: skip
    if found.is_overdue(now()):
        raise click.exceptions.Exit(1)


@campaign.command(cls=ZoneCommand)
@takes_zone
@click.argument("review")
@_signed
@click.option("--rule", "numbers", type=click.IntRange(1), multiple=True, help="Number; repeat it.")
@click.option("--unused", is_flag=True, help="All undecided rules that nobody used.")
@click.option("--verdict", type=click.Choice([str(each) for each in Verdict]), required=True)
@click.option("--until", type=Day(), help="Last day, to shorten.")
@click.option("--reason", required=True, help="2 to 2000 characters.")
def decide(
    directory: Path, review: str, login: str, numbers: tuple[int, ...], verdict: str,
    until: date | None, reason: str, *, unused: bool,
) -> None:  # fmt: skip
    """Decide on rules of REVIEW, all that are named or none."""
    with opened(directory) as office, _steps():
        ref = _named(office, review)
        with office.store.reading() as session:
            found = kept.find(session, ref)
            lines = kept.up_to_date(session, kept.lines(session, ref))
        chosen = set(numbers)
        if unused:
            chosen |= {each.number for each in lines if each.is_unused(found) and not each.verdict}
        if not chosen:
            raise Trouble("No rule is named.", "Say --rule NUMBER, or --unused.")
        end = None if until is None else end_of(until, office) + LAST_SECOND
        answer = Answer(
            numbers=frozenset(chosen), verdict=Verdict(verdict), reason=reason, until=end
        )
        role = _ROLE if not any(each.unit for each in lines if each.number in chosen) else ""
        actor = person_signs(office, login, role=role)
        room_campaigns.decide(office.room, ref, answer, actor=actor, now=now())
    done(f"{len(chosen)} rules of {ref[:_SHOWN]}: {verdict}.")


@campaign.command(cls=ZoneCommand)
@takes_zone
@click.argument("review")
@_signed
@click.option("--leave-undecided", is_flag=True, help="Undecided rules stay as they are.")
def close(directory: Path, review: str, login: str, *, leave_undecided: bool) -> None:
    """Close REVIEW; what is to go becomes a draft, for `hangu policy changes`."""
    with opened(directory) as office, _steps():
        ref = _named(office, review)
        actor = person_signs(office, login, role=_ROLE)
        change = room_campaigns.close(
            office.room, ref, actor=actor, now=now(), leaves_undecided=leave_undecided
        )
    what = f"Change {change[:_SHOWN]} is drafted" if change else "Nothing is to be changed"
    done(f"Review {ref[:_SHOWN]} is closed. {what}.")


@contextmanager
def _steps() -> Iterator[None]:
    """Say in words why a step was not taken."""
    try:
        yield
    except (CampaignRefused, kept.Stopped) as refusal:
        what = f": {refusal.said}" if refusal.said else ""
        raise Trouble(f"Nothing was changed: {refusal.why}{what}.") from None


def _named(office: Office, start_: str) -> str:
    with office.store.reading() as session:
        found = [each.id for each in kept.listed(session) if start_ and each.id.startswith(start_)]
    if len(found) != 1:
        cure = "`hangu policy campaign list` names them."
        raise Trouble(f"{len(found)} reviews begin with {start_!r}.", cure)
    return found[0]


def _state(found: Campaign) -> str:
    return "overdue" if found.is_overdue(now()) else str(found.state)


def _decided(lines: Sequence[Line]) -> int:
    return sum(bool(each.verdict) for each in lines)


def _plain(found: Campaign, decided: int, total: int) -> dict[str, object]:
    return {
        "id": found.id,
        "title": found.title,
        "state": _state(found),
        "scope": found.scope,
        "reviewers": str(found.reviewers),
        "days": found.days,
        "asked": found.asked,
        "due": found.due_at.isoformat(),
        "decided": decided,
        "total": total,
        "change": found.dossier or None,
    }


def _row(line: Line, found: Campaign) -> dict[str, object]:
    def at(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat()

    return {
        "number": line.number,
        "rule": line.rule,
        "line": line.line,
        "asked": line.unit or _ROLE,
        "since": at(line.since),
        "uses": line.uses,
        "people": line.people,
        "missed": line.missed,
        "unused": line.is_unused(found),
        "last_used": at(line.last_used),
        "verdict": line.verdict or None,
        "until": at(line.until),
        "reason": line.reason,
    }
