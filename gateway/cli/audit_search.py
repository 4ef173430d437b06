"""`hangu audit search` and `hangu audit index`: the log asked at the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.progress import Progress

from audit.entry import Entry, Reader
from audit.index_row import digest
from audit.query import NOT, SINCE, UNTIL, WORDS, BadQuery, Query
from audit.search import PAGE, Page, Search
from gateway.cli.console import done, errors, note, table, warn
from gateway.cli.log_names import clock, named
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import people
from gateway.logkeeping import indexer_of
from gateway.office import Office
from gateway.web.i18n import reading
from gateway.web.labels_entries import CAUSES

OPTIONS = {
    "event": "What happened, as sign_in.refused; sign_in.* for all that begins so.",
    "outcome": "success, failure or denied.",
    "actor": "Who acted: a sign-in name, or person:…, operator:…, system:….",
    "object": "Whom or what it was about: a sign-in name, or an id.",
    "unit": "The unit of who acted, as unit:finance.",
    "service": "A service's short name.",
    "session": "A session's reference.",
    "reason": "The recorded reason.",
    "policy": "The version of the rules that decided.",
    "decision": "The id of a decision.",
    "case_ref": "The emergency or case it was done under.",
    "class_uid": "The OCSF class, a number.",
    "zone": "The zone, in a log that was merged.",
    "address": "The network address it came from.",
    "name": "The sign-in name that was typed.",
}
"""Filters by the name of their option; each may be given several times, any of them is enough."""
_PERSONAL = {"address": "src_ip", "name": "login"}
_FLAGS = {"case_ref": "case", "class_uid": "class"}


class SearchCommand(ZoneCommand):
    """A command of a zone with one option for each filter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Click's own
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option([f"--{_FLAGS.get(name, name)}", name], multiple=True, help=text)
            for name, text in OPTIONS.items()
        ]


@click.command(cls=SearchCommand)
@takes_zone
@click.option("--words", multiple=True, help="A word, or words that stand together.")
@click.option("--since", help="From this moment on: 2026-11-27T08:00, in the zone's time zone.")
@click.option("--until", help="Until before this moment.")
@click.option(
    "--not",
    "nots",
    multiple=True,
    metavar="FILTER=VALUE",
    help="Leave out, as --not event=decision.allowed or --not words=draft.",
)
@click.option("--query", "line", help="The filters of a page's address, or of a saved search.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=PAGE, show_default=True)
@click.option("--before", type=click.IntRange(0), help="Only entries below this number.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON an entry, newest first.")
def search(
    directory: Path,
    *,
    words: tuple[str, ...],
    since: str | None,
    until: str | None,
    nots: tuple[str, ...],
    line: str | None,
    limit: int,
    before: int | None,
    as_json: bool,
    **filters: tuple[str, ...],
) -> None:
    """Search the log of the zone DIR, newest first. The search is recorded in the log."""
    given = [(name, value) for name, values in filters.items() for value in values]
    given += [(WORDS, value) for value in words]
    given += [_negated(text) for text in nots]
    given += [(name, value) for name, value in ((SINCE, since), (UNTIL, until)) if value]
    with opened(directory) as office:
        query = _query(office, given, line)
        office.ledger.append(
            "audit.searched", actor=operator(), now=now(), details={"filter": query.text() or "*"}
        )
        found = Search(office.store.read, Reader(office.store.read))
        page = found.page(query, before=before, limit=limit)
        if as_json:
            for entry in page.entries:
                click.echo(json.dumps(_line(entry), ensure_ascii=False))
        else:
            count = found.count(query)
            least = "" if count.exact else "at least "
            _print(office, page.entries, f"Entries: {least}{count.entries}")
    _say_rest(page)


@click.command(cls=ZoneCommand)
@takes_zone
@click.option("--rebuild", is_flag=True, help="Forget the index first, and make it anew.")
def index(directory: Path, *, rebuild: bool) -> None:
    """Bring the index of the search up to the log of the zone DIR.

    A running zone does this by itself. It may be interrupted, and goes on where it was.
    """
    with opened(directory) as office:
        indexer = indexer_of(office)
        size = Search(office.store.read, Reader(office.store.read)).reach().sealed
        with Progress(console=errors(), transient=True) as progress:
            task = progress.add_task("indexing", total=size)
            tell = lambda completed: progress.update(task, completed=completed)  # noqa: E731
            count = indexer.rebuild(tell=tell) if rebuild else indexer.catch_up(tell=tell)
        details = {"entries": count, "rebuilt": rebuild}
        office.ledger.append("audit.indexed", actor=operator(), now=now(), details=details)
    done(f"{count} entries indexed{' anew' if rebuild else ''}.")


def _query(office: Office, given: Iterable[tuple[str, str]], line: str | None) -> Query:
    try:
        told = [] if line is None else Query.of_text(line.rpartition("?")[2]).pairs()
        return Query.parse([*told, *(_meant(office, *pair) for pair in given)])
    except BadQuery as bad:
        raise unusable(bad) from None


def unusable(bad: BadQuery) -> Trouble:
    """What to say of a filter that cannot be used."""
    near = f"Did you mean {bad.near}? " if bad.near else ""
    with reading("en"):
        why = str(CAUSES.get(bad.why, bad.why))
    return Trouble(
        f"The filter {bad.field} cannot be used. {why}", f"{near}hangu audit search --help"
    )


def _negated(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    bare = {flag: column for column, flag in _FLAGS.items()}.get(name, name)
    if not equals or bare not in {*OPTIONS, WORDS}:
        raise click.BadParameter(f"{text!r}: write FILTER=VALUE, as event=decision.allowed.")
    return NOT + bare, value


def _meant(office: Office, name: str, value: str) -> tuple[str, str]:
    """A filter as the log has it: names as ids, personal values as digests, times with a zone."""
    bare = name.removeprefix(NOT)
    if bare in _PERSONAL:
        return name, digest(office.registry.vault.blind, _PERSONAL[bare], value)
    if bare in {"actor", "object"} and ":" not in value:
        person = people.by_login(office.registry, value)
        if person is None:
            raise Trouble(f"There is nobody called {value}.", "`hangu person list` names all.")
        return name, person.subject
    if bare in {SINCE, UNTIL}:
        return name, _moment(value, office.settings.zone.timezone)
    return name, value


def _moment(value: str, timezone: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise Trouble(f"{value!r} is no moment.", "Write 2026-11-27T08:00.") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC).isoformat()


def _line(entry: Entry) -> Mapping[str, object]:
    return {
        "seq": entry.seq,
        "covered_by": entry.covered_by,
        "flaw": None if entry.flaw is None else str(entry.flaw),
        "entry": entry.fields,
    }


def _print(office: Office, entries: Iterable[Entry], title: str) -> None:
    who, at, zone = named(office), clock(office), office.settings.zone.timezone
    rows = [
        (
            entry.seq,
            at(entry.at),
            entry.row.event,
            entry.row.outcome,
            who(entry.row.actor),
            who(entry.row.object or ""),
            f"! {entry.flaw}" if entry.flaw else entry.row.reason or "",
        )
        for entry in entries
    ]
    heads = ("no.", f"time ({zone})", "event", "outcome", "actor", "object", "reason")
    table(title, heads, rows)


def _say_rest(page: Page) -> None:
    if page.reach.behind:
        note(f"The index is {page.reach.behind} entries behind: hangu audit index DIR")
    if any(entry.flaw for entry in page.entries):
        warn("Entries marked ! do not fit: hangu audit verify DIR")
    if page.older is not None:
        how = "looked no further back than" if page.looked_to is not None else "older ones below"
        note(f"There may be more, {how} entry {page.older}: --before {page.older}")
    sys.stdout.flush()
