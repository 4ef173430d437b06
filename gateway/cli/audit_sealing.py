"""`hangu audit accounts`, `missing`, `voucher`: the sealer's account, its alarms, whom it takes."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import make_url

from audit import alarms
from audit.keep import Disagreement
from audit.note import BadNote, Vkey
from audit.vouching import pin, pinned
from config.settings import load
from gateway.cli.console import done, table, warn
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.custody.room import voucher_of
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
    """List the alarms of the sealer: entries that are gone, or that somebody else wrote.

    There should be none. One means that somebody with the database's own rights deleted or
    exchanged an entry before it was sealed (missing), wrote one past the gateway
    (unannounced), or made up or changed a request to prune or erase, or a hold (disagreed).
    Health stays red until --seen says who looks into it.
    """
    with opened(directory) as office:
        found = alarms.every(office.store.read)
        if seen is not None and any(each.seen is None for each in found):
            count = alarms.own_up(office.ledger, actor=operator(), now=now(), note=seen)
            done(f"{count} alarms are owned up to, which is on record.")
            return
    if not found:
        done("The sealer never raised an alarm.")
        return
    rows = [
        (
            *(each.kind, each.eid, f"{each.count}", each.words, f"{each.found:%Y-%m-%d %H:%M:%S}"),
            f"{each.seen:%Y-%m-%d %H:%M} {each.seen_by}" if each.seen else "by nobody yet",
        )
        for each in found
    ]
    table("Alarms", ("what", "id", "how many", "why", "found", "owned up to"), rows)


@click.command(cls=ZoneCommand)
@takes_zone
@click.option("--pin", "key", metavar="KEY", help="From now on let the word of this key count.")
def voucher(directory: Path, key: str | None) -> None:
    """Show by which key the gateway gives its word for entries, and which one the sealer takes.

    The sealer pins the first key that it hears of. Entries under any other raise the alarm, so
    after the zone's key ring was replaced, pin the new one: on the sealer's machine, as its
    account, with the KEY that this shows on the gateway's. The next heartbeat names it in the
    log.
    """
    settings = load(directory, keys=False)
    kept = settings.sealing.directory
    try:
        if key is not None:
            wanted = Vkey.parse(key)
            if not kept.exists():
                raise Trouble(f"There is no {kept}.", "Run it where the sealer's directory is.")
            pin(kept, wanted)
            done(f"The sealer takes the word of {wanted} from its next round on.")
            return
        taken = pinned(kept)
    except (BadNote, Disagreement) as error:
        raise Trouble(
            f"{error}.", "A key reads NAME+ID+BASE64, as this command shows it."
        ) from None
    with opened(directory) as office:
        own = voucher_of(office.registry.vault).vkey
    click.echo(f"gateway  {own}")
    click.echo(f"sealer   {taken or 'none yet: it pins the first that it hears of'}")
    if taken is not None and taken != own:
        warn(f"They differ: every entry raises an alarm. hangu audit voucher DIR --pin '{own}'")
