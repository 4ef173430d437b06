"""`hangu audit accounts` and `missing`: the sealer's own account, and what it missed."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table
from sqlalchemy import make_url

from audit import missing as missed
from config.settings import load
from gateway.cli.console import done, out
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.schema import METADATA
from gateway.store import roles


@click.command(cls=ZoneCommand)
@takes_zone
@click.option("--app", default="gw_app", show_default=True, help="The gateway's account.")
@click.option("--seal", default="gw_seal", show_default=True, help="The sealer's account.")
def accounts(directory: Path, app: str, seal: str) -> None:
    """Print the SQL that gives gateway and sealer their accounts on PostgreSQL.

    Run it as the owner of the database after `hangu init` and after every `hangu migrate`:

    hangu audit accounts DIR | psql NAME
    """
    settings = load(directory)
    if make_url(settings.database.url).get_backend_name() == "sqlite":
        raise Trouble(
            "SQLite has no accounts: whoever may write the file may change all of it.",
            "Separate accounts need PostgreSQL (database.url).",
        )
    tables = [name for metadata in METADATA for name in metadata.tables]
    try:
        statements = list(roles.statements(app=app, seal=seal, tables=tables))
    except ValueError as error:
        raise Trouble(f"{error}.", "Letters, digits and _ alone, as in gw_app.") from None
    click.echo("BEGIN;")
    for statement in statements:
        click.echo(f"{statement};")
    click.echo("COMMIT;")


@click.command(cls=ZoneCommand)
@takes_zone
@click.option("--seen", metavar="NOTE", help="Say that this is known, and what became of it.")
def missing(directory: Path, seen: str | None) -> None:
    """List the entries that were durable and gone before they were sealed.

    There should be none. One means that somebody with the database's own rights deleted or
    exchanged it. Health stays red until --seen says who looks into it.
    """
    with opened(directory) as office:
        found = missed.every(office.store.read)
        if seen is not None and any(each.seen is None for each in found):
            count = missed.own_up(office.ledger, actor=operator(), now=now(), note=seen)
            done(f"{count} missing entries are owned up to, which is on record.")
            return
    if not found:
        done("No entry was ever missed.")
        return
    table = Table("entry", "leaf hash", "found missing", "owned up to")
    for each in found:
        owned = f"{each.seen:%Y-%m-%d %H:%M} {each.seen_by}" if each.seen else "by nobody yet"
        table.add_row(each.eid, each.leaf.hex()[:16], f"{each.found:%Y-%m-%d %H:%M:%S}", owned)
    out().print(table)
