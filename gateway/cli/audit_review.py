"""`hangu audit rules|findings|signoff|coverage`: the review, at the terminal.

Deciding about findings and signing are an auditor's acts, with a proof of who they are: they
are done on the pages. Here one looks, and tests rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.progress import Progress

from audit.review import coverage as covering
from audit.review import handing, queue, rulebook, signed, stretch
from audit.review.finding import OPEN, State
from audit.review.queue import Wanted
from audit.review.rule_node import BadRule
from audit.review.rule_text import read
from audit.review.runner import IndexTorn, rehearse
from gateway.cli.audit_evidence import finding_of
from gateway.cli.console import done, errors, note, table, warn
from gateway.cli.log_names import Named, clock, named
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.logkeeping import runner_of, surroundings_of
from gateway.office import Office


@click.command(cls=ZoneCommand)
@takes_zone
@click.option(
    "--test",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Test the rule in this file against the past instead.",
)
@click.option("--days", type=click.IntRange(1, 31), default=30, show_default=True)
@click.option("--run", "runs", is_flag=True, help="Have the rules look at what they have not seen.")
def rules(directory: Path, *, file: Path | None, days: int, runs: bool) -> None:
    """Show what the rules of the zone DIR look for, test one, or run them."""
    with opened(directory) as office:
        if file is not None:
            _test(office, file, days)
            return
        if runs:
            _run(office)
            return
        with office.store.read.connect() as connection:
            kept = rulebook.current(connection)
    rows = [
        (
            each.name,
            "on" if each.is_on else "off",
            "cannot be read" if each.rule is None else each.rule.level,
            "as shipped" if each.at is None else str(each.version),
            "" if each.rule is None else each.rule.title,
        )
        for each in kept
    ]
    table("Rules", ("name", "state", "weight", "version", "title"), rows)


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("finding", required=False)
@click.option(
    "--state",
    type=click.Choice([each.value for each in State], case_sensitive=False),
    multiple=True,
    help="Only in this state.",
)
@click.option("--suppressed", is_flag=True, help="Those that nobody is asked about.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def findings(
    directory: Path, finding: str | None, state: tuple[str, ...], *, suppressed: bool, limit: int
) -> None:
    """List the findings of the zone DIR, or show one as JSON, as it is handed over."""
    with opened(directory) as office:
        _look(office, f"finding:{finding}" if finding else "findings")
        with office.store.read.connect() as connection:
            if finding is not None:
                one = finding_of(office, finding)
                notes = queue.notes_of(connection, one.finding.id)
                file = handing.handover(one.finding, one.numbers, notes)
                click.echo(json.dumps(file, ensure_ascii=False, indent=2))
                return
            wanted = Wanted(states=state or OPEN, suppressed=suppressed)
            found, count = queue.listed(connection, wanted, limit=limit)
        who, at, zone = named(office), clock(office), office.settings.zone.timezone
    rows = [
        (
            str(each.id),
            each.level,
            each.state,
            str(each.entries),
            at(each.last),
            each.title,
            _key(each.key, who),
        )
        for each in found
    ]
    heads = ("id", "weight", "state", "entries", f"last ({zone})", "what stands out", "about")
    table(f"Findings: {count}", heads, rows)


@click.command(cls=ZoneCommand)
@takes_zone
def signoff(directory: Path) -> None:
    """Show the sign-offs of the log of the zone DIR, and what waits for one.

    An auditor signs on the page "Review the log", with a fresh proof of who they are.
    """
    with opened(directory) as office, office.store.read.connect() as connection:
        found, low = signed.signoffs(connection), signed.next_low(connection)
        span = stretch.waiting(connection, low)
        who, at, zone = named(office), clock(office), office.settings.zone.timezone
    rows = [
        (
            f"{each.low}-{each.high - 1}",
            who(each.reviewer),
            f"{each.shown}/{each.total}",
            at(each.at),
            who(each.second) if each.second else "waits" if each.waits else "not needed",
        )
        for each in found
    ]
    heads = ("entries", "reviewer", "listed", f"at ({zone})", "second reviewer")
    table("Signed off", heads, rows)
    if span is None:
        note("Everything that is sealed is signed off.")
    else:
        note(f"{span.size - low} entries from number {low} on wait for an auditor.")


@click.command(cls=ZoneCommand)
@takes_zone
@click.option("--days", type=click.IntRange(1, 366), default=28, show_default=True)
def coverage(directory: Path, *, days: int) -> None:
    """Show how far each of the last days of the zone DIR is reviewed."""
    with opened(directory) as office:
        zone = ZoneInfo(office.settings.zone.timezone)
        since = now().astimezone(zone).date() - timedelta(days=days - 1)
        with office.store.read.connect() as connection:
            found = covering.days(connection, since=since, count=days, zone=zone, now=now())
    rows = [
        (
            each.day.isoformat(),
            f"{each.cover}{', in part' if each.partly and each.cover != 'part' else ''}",
            f"{each.reviewed}/{each.entries}",
            " ".join(f"{low}-{high - 1}" for low, high in each.gaps),
        )
        for each in found
    ]
    table("Coverage", ("day", "state", "reviewed", "gaps"), rows)
    if late := [each.day.isoformat() for each in found if each.cover is covering.Cover.OVERDUE]:
        warn(f"Overdue: {', '.join(late)}")


def _run(office: Office) -> None:
    goes = runner_of(office)
    with Progress(console=errors(), transient=True) as progress:
        task = progress.add_task("looking", total=None)
        tell = lambda completed: progress.update(task, completed=completed)  # noqa: E731
        try:
            count = goes.catch_up(now=now(), tell=tell)
        except IndexTorn as torn:
            make = f"hangu audit index --rebuild {office.settings.directory}"
            words = f"The search's copy of the log lacks entry {torn}."
            raise Trouble(words, f"Verify the log, then make the copy anew: {make}") from None
    done(f"The rules looked at {count} entries.")


def _test(office: Office, file: Path, days: int) -> None:
    try:
        rule = read(file.read_text(encoding="utf-8"))
    except BadRule as bad:
        place = f"{file}, line {bad.line}, column {bad.column}"
        raise Trouble(
            f"{place}: {bad.code}: {bad.what}", "See the rules that are shipped."
        ) from None
    except UnicodeDecodeError:
        raise Trouble(f"{file} is no UTF-8 text.", "Save it as UTF-8.") from None
    _look(office, f"rule:{rule.name}")
    until: datetime = now()
    since = until - timedelta(days=days)
    found = rehearse(office.store.read, surroundings_of(office), rule, since=since, until=until)
    who = named(office)
    rows = [
        (_key(rule.of(each.key), who), str(len(each.seqs)), " ".join(map(str, each.seqs[:20])))
        for each in found.firings
    ]
    title = f"It would have fired {len(found.firings)} times in {days} days"
    table(title, ("about", "entries", "numbers"), rows)
    if not found.whole:
        warn(f"Only the newest {found.looked_at} entries of its events were looked at.")


def _look(office: Office, what: str) -> None:
    office.ledger.append("review.looked", actor=operator(), now=now(), object=what)


def _key(key: Mapping[str, str], who: Named) -> str:
    return " ".join(who(each) for each in key.values())
