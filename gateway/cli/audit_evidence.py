"""`hangu audit evidence`: entries in a file that proves itself, made at the terminal."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from audit.query import BadQuery, Query
from audit.review import evidence as packages
from audit.review.evidence import NothingSigned
from audit.review.evidence_about import BadPurpose, Found, Purpose
from audit.review.evidence_about import found as found_of
from audit.review.queue import FindingUnknown
from gateway.cli.audit_search import unusable
from gateway.cli.console import done, note, warn
from gateway.cli.office import opened
from gateway.cli.sealed_log import progress_bar
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity.roll import Roll
from gateway.logkeeping import policy_text
from gateway.office import Office
from gateway.web.evidence_words import wording_of


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--query", "line", default="", help="The filters of a page's address.")
@click.option("--finding", help="The entries of this finding instead; hangu audit findings.")
@click.option("--why", required=True, help="Why it leaves the house, 5 to 500 characters.")
@click.option("--to", required=True, help="To whom it goes.")
@click.option(
    "--limit", type=click.IntRange(1, packages.MOST), default=packages.MOST, show_default=True
)
def evidence(
    directory: Path, file: Path, *, line: str, finding: str | None, why: str, to: str, limit: int
) -> None:
    """Write the entries of the zone DIR that fit a query to FILE, a package that proves itself."""
    if file.exists():
        raise Trouble(f"{file} exists already.", "Name another file.")
    if finding is not None and line:
        raise click.UsageError("Give --finding or --query, not both.")
    with opened(directory) as office:
        moment = now()
        try:
            query = Query.of_text(line.rpartition("?")[2])
            who, zone = operator(), office.settings.zone.timezone
            purpose = Purpose(why=why, to=to, actor=who, by=who.subject, zone=zone, now=moment)
            policy = policy_text(office.settings)
            of = None if finding is None else finding_of(office, finding)
            with progress_bar("proving", limit) as tell:
                made = packages.make(
                    office.store.read,
                    query,
                    purpose,
                    policy=policy,
                    of_finding=of,
                    most=limit,
                    wording=wording_of(
                        office.registry, Roll(office.registry), office.catalogue, timezone=zone
                    ),
                    tell=tell,
                )
        except BadQuery as bad:
            raise unusable(bad) from None
        except BadPurpose:
            raise Trouble(
                "Say why (5 to 500 characters) and to whom (1 to 120).", "--why … --to …"
            ) from None
        except NothingSigned as error:
            raise Trouble(
                f"There is nothing to prove: {error}.", "hangu audit search DIR"
            ) from None
        office.ledger.append(
            "audit.evidence",
            actor=who,
            now=moment,
            object=f"package:{made.sha256[:16]}",
            details=made.details(purpose),
        )
    file.write_bytes(made.data)
    if made.entries < made.of:
        warn(f"It is not whole: {made.of} entries fit, these are the newest {made.entries}.")
    done(f"{made.entries} entries are in {file}. SHA-256 {made.sha256}")
    note(f"Verify it anywhere: python3 -I verify.py --package {file} --key KEY-FROM-PAPER")


def finding_of(office: Office, finding: str) -> Found:
    """The finding of this id, with its entries. Raises Trouble."""
    try:
        with office.store.read.connect() as connection:
            return found_of(connection, UUID(finding))
    except (ValueError, FindingUnknown):
        raise Trouble(f"There is no finding {finding}.", "hangu audit findings DIR") from None
