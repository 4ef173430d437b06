"""`hangu audit repair`: original entries brought back from an export."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import click
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from audit import repair as mending
from audit.disk import replace_file
from audit.record import Json
from audit.repair import BadCopy, Damage
from gateway.cli.asking import confirm
from gateway.cli.console import done, out, table
from gateway.cli.office import opened
from gateway.cli.sealed_log import progress_bar, snapshot
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.office import Office
from gateway.store.engines import open_for_migration

REPAIRS = "repairs"
"""Where a zone keeps what repairs replaced, before and after."""
SHOWN = 20


@click.command(cls=ZoneCommand)
@takes_zone
@click.option(
    "--from",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="An export of this log, from a mirror or a disc.",
)
@click.option("--key", help="The log's first key, from paper; else the sealer's memory of it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def repair(directory: Path, folder: Path, key: str | None, *, yes: bool) -> None:
    """Bring damaged or missing entries of the zone DIR back from an export.

    The export must verify by itself and be of this log. What was there and what took its place
    is kept in DIR/repairs, and the repair is recorded. Run it as the owner of the database.
    """
    with opened(directory) as office:
        memory, source = snapshot(office)
        try:
            mending.trusted(folder, key=key or memory.first_key, note=memory.note)
        except BadCopy as bad:
            if bad.report is not None:
                out().print(escape("\n".join(bad.report.lines())), soft_wrap=True)
            raise Trouble(str(bad), "Take another copy; this one cannot be believed.") from None
        with (
            progress_bar("comparing", source.size) as tell,
            office.store.read.connect() as connection,
        ):
            found = list(mending.damages(source, connection, folder, tell=tell))
        if not found:
            done("Nothing differs from the export.")
            return
        rows = [(each.what, each.index, each.level, _size(each)) for each in found[:SHOWN]]
        table(f"{len(found)} differ", ("what", "number", "level", "before"), rows)
        if not yes:
            confirm("Put the export's bytes in their place?")
        kept = _mend(office, found)
    done(f"{len(found)} are restored; before and after are in {kept}. Verify: hangu audit verify")


def _mend(office: Office, found: list[Damage]) -> Path:
    """Keep before and after on disk, record it, then mend."""
    moment = now()
    directory = office.settings.directory / REPAIRS
    directory.mkdir(mode=0o700, exist_ok=True)
    kept = directory / f"{moment:%Y%m%dT%H%M%S}.jsonl"
    lines = "".join(json.dumps(each.plain(), sort_keys=True) + "\n" for each in found)
    replace_file(kept, lines.encode())
    entries = [each.index for each in found if each.what == "entry"]
    details: dict[str, Json] = {
        "entries": len(entries),
        "tiles": len(found) - len(entries),
        "first": min(entries, default=0),
        "kept": kept.name,
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
    }
    # Before it is done: killed in between, there is a record too many, and never one too few.
    office.ledger.append("audit.repaired", actor=operator(), now=moment, details=details)
    engine = open_for_migration(office.settings.database.url)
    try:
        with engine.begin() as connection, mending.unguarded(connection):
            mending.mend(connection, found)
    except SQLAlchemyError:
        office.ledger.append(
            "audit.repaired", actor=operator(), now=now(), outcome="failure", details=details
        )
        raise
    finally:
        engine.dispose()
    return kept


def _size(damage: Damage) -> str:
    return "missing" if damage.before is None else f"{len(damage.before)} bytes that differ"
