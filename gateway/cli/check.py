"""`hangu check` and `hangu migrate`: is the zone fit to start, and make its schema so."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.markup import escape
from sqlalchemy import func, make_url, select, text

from audit import witnessing
from audit.forwarding import progress, waiting
from audit.keep import Lead
from audit.tables import audit_event
from audit.witnessing import asks_for_witnesses
from config.secret_files import OTHERS
from config.settings import Settings, load
from gateway.cli.console import done, out
from gateway.cli.office import require_schema
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import natural_persons, standing
from gateway.logkeeping import trust_policy
from gateway.office import KEYS, Office, compose
from gateway.store import migrate as migrations
from gateway.store.engines import Store
from policies import versions
from policies.dossier.hindrance import hindered

_BEFORE_STANDINGS = {"0001", "0002"}
"""Schemas in which nobody's standing had a MAC: the move gives everybody theirs, this once."""

SIGNED_SINCE = "0005"
"""The revision from which on every version of the rules bears a signature."""
TOLERANCE = timedelta(seconds=2)
"""How far the clock may lie behind the newest audit entry: two machines are never quite one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the self-check; `wrong` is empty if all is well.

    `note` is what somebody has to look into, though the zone can start.
    """

    what: str
    wrong: str = ""
    note: str = ""


def findings(directory: Path, moment: datetime) -> Iterator[Finding]:
    """Look at everything that `hangu serve` needs. What cannot even be opened is raised."""
    settings = load(directory)
    yield Finding("settings, file modes and secrets")
    store, office = compose(settings)
    yield Finding("key ring")
    yield Finding("files that nobody else may open", "; ".join(_open_to_others(settings)))
    try:
        yield from _database(store)
        yield from _content(office, moment)
    finally:
        store.close()


def _open_to_others(settings: Settings) -> Iterator[str]:
    """Name what holds keys or data and gives its group or everybody else any permission."""
    keys = settings.directory / KEYS
    private = [keys, *keys.iterdir(), settings.sealing.directory]
    path = make_url(settings.database.url).database or ""
    if settings.database.url.startswith("sqlite:"):
        private += [Path(path + ending) for ending in ("", "-wal", "-shm")]
    for each in private:
        mode = stat.S_IMODE(each.stat().st_mode) if each.exists() else 0
        if mode & OTHERS:
            yield f"{each} has mode {mode:04o}; chmod go= {each}"


def _database(store: Store) -> Iterator[Finding]:
    require_schema(store)
    yield Finding("database and its schema")
    if store.read.dialect.name == "sqlite":
        with store.read.connect() as connection:
            said = connection.execute(text("PRAGMA quick_check(1)")).scalar()
        yield Finding("database file", "" if said == "ok" else f"damaged: {said}")


def _content(office: Office, moment: datetime) -> Iterator[Finding]:
    with office.store.reading() as session:
        newest = session.scalar(select(func.max(audit_event.c.created)))
    late = newest is not None and moment < newest - TOLERANCE
    yield Finding("clock", f"stands before the newest audit entry ({newest})" if late else "")
    yield _sealing(office)
    yield from _anchors(office, moment)
    with office.store.reading() as session:
        stuck = [f"{each.id[:8]} {each.title} ({why})" for each, why in hindered(session)]
    if stuck:
        yield Finding("changes of the rules", note="cannot go on: " + "; ".join(stuck))
    missing = "" if office.rules().rules else "none are in force, so nobody may do anything"
    yield Finding("rules", missing)


def _sealing(office: Office) -> Finding:
    """How well the log is sealed. It never keeps a zone from starting, which is what mends it."""
    health = office.brake.health()
    if health.well:
        return Finding("sealed log")
    nobody = "" if _somebody_leads(office.settings.sealing.directory) else "; no sealer is running"
    listed = "; hangu audit missing DIR lists them" if health.alarms else ""
    return Finding("sealed log", note=health.problem + nobody + listed)


def _anchors(office: Office, moment: datetime) -> Iterator[Finding]:
    """What anchors the log outside, where the settings ask for any. It keeps no zone shut."""
    policy = trust_policy(office.settings)
    if policy is not None:
        quorum = asks_for_witnesses(policy)
        seen = witnessing.look(office.store.read, quorum=quorum, now=moment)
        yield Finding("witnesses of the log", note=seen.problem)
    if office.settings.audit.forward is not None:
        with office.store.read.connect() as connection:
            copy, left = progress(connection), waiting(connection)
        said = f"{copy.problem}; {left} entries wait" if copy.problem else ""
        yield Finding("copy of the log by syslog", note=said)


def _somebody_leads(directory: Path) -> bool:
    if not directory.exists():
        return False
    lead = Lead(directory)
    taken = lead.take()
    lead.release()
    return not taken


def require_fit(directory: Path) -> None:
    """Raise Trouble naming everything that is wrong with the zone."""
    wrong = [f"{found.what}: {found.wrong}" for found in findings(directory, now()) if found.wrong]
    if wrong:
        raise Trouble("The zone is not fit to start:\n  " + "\n  ".join(wrong))


@click.command(cls=ZoneCommand, short_help="Look whether a zone is fit to start.")
@takes_zone
def check(directory: Path) -> None:
    """Check settings, file modes, keys, database, clock and rules of the zone DIR."""
    bad = 0
    for found in findings(directory, now()):
        mark = "[bold red]✗[/]" if found.wrong else "[yellow]![/]" if found.note else "[green]✓[/]"
        tail = f": {found.wrong or found.note}" if found.wrong or found.note else ""
        out().print(f"{mark} {escape(found.what + tail)}", soft_wrap=True)
        bad += bool(found.wrong)
    if bad:
        raise Trouble(f"{bad} of these must be mended before the zone can start.")


@click.command(cls=ZoneCommand, short_help="Bring a zone's database to this release's schema.")
@takes_zone
def migrate(directory: Path) -> None:
    """Upgrade the database of the zone DIR, in one transaction. Make a backup first."""
    settings = load(directory)
    store, office = compose(settings)
    try:
        before, head = migrations.current(store.read), migrations.head()
        if before == head:
            done(f"Nothing to do: the schema is at {head}.")
            return
        store.close()  # SQLite: no reader may hold the file while its schema changes
        migrations.upgrade(settings.database.url)
        with office.ledger.begin() as tx:
            if before in _BEFORE_STANDINGS:
                standing.believe_all(tx.session)
                natural_persons.index_all(tx.session)
            # Once, at the step that brings signatures: an unsigned version met later is forged.
            signed = versions.sign_older(tx) if (before or "") < SIGNED_SINCE else 0
            tx.record(
                "zone.migrated",
                actor=operator(),
                now=now(),
                object=f"zone:{settings.zone.name}",
                details={"from": before, "to": head, "versions_signed": signed},
            )
    finally:
        store.close()
    done(f"The schema went from {before or 'none'} to {head}.")
