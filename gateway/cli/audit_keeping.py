"""`hangu audit` for the log's keeping: retention, holds, pruning, erasure, decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from gateway.cli.console import done, note, table
from gateway.cli.days import shown
from gateway.cli.office import opened
from gateway.cli.sealed_log import progress_bar
from gateway.cli.signature import person_signs
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, takes_zone
from gateway.custody import agreeing, carrying, views
from gateway.custody.asked import Kind
from gateway.custody.room import OFFICES, Officer
from gateway.identity import people
from gateway.logkeeping import custody_of, indexer_of
from gateway.office import Office

Command = Callable[..., Any]


def takes_officer(function: Command) -> Command:
    """Add the options that say who acts; the command asks for their sign-in."""
    function = click.option("--as", "login", required=True, help="Sign-in name of the officer.")(
        function
    )
    return click.option(
        "--office",
        "role",
        type=click.Choice(sorted(OFFICES)),
        required=True,
        help="In which of their offices.",
    )(function)


def _officer(office: Office, login: str, role: str) -> Officer:
    return Officer(person_signs(office, login, role=role), role)


@click.command(cls=ZoneCommand)
@takes_zone
def retention(directory: Path) -> None:
    """Show how the log of the zone DIR is kept: size, pruning, holds, requests, the copy."""
    with opened(directory) as office:
        status = views.status(custody_of(office), now=now())
        due = status.due
        facts = [
            ("kept for", f"{status.keep.days} days"),
            ("entries with their content", f"{status.entries:,} from {status.first:,} on"),
            ("size", f"about {status.octets / 1e6:,.1f} MB, {status.a_day:,} entries a day"),
            ("personal values", f"{status.values:,}"),
            ("last pruning", shown(status.last_prune, office) if status.last_prune else "never"),
            ("still to go", f"{status.under_way:,}"),
            ("may go now", f"{due.to - due.first:,}" if due else f"nothing: {status.why_not}"),
            ("copy by syslog", _copy(status)),
        ]
        holds = [
            (
                *(each.id, each.case_ref, shown(each.since, office)),
                "lifted" if each.lifted_at else each.reason,
            )
            for each in status.holds
        ]
        asked = [
            (each.id, each.kind, each.target, each.state, each.proposed_as, each.reason)
            for each in status.requests
        ]
    table("Keeping", ("what", "how"), facts)
    table("Holds", ("id", "case", "keeps since", "reason"), holds)
    table("Requests", ("id", "what", "about", "state", "proposed by the", "reason"), asked)


def _copy(status: views.Status) -> str:
    copy = status.copy
    if copy is None:
        return "no receiver is set up (audit.forward in hangu.toml)"
    return f"{copy.sent:,} sent, {status.copy_waiting:,} wait, {copy.lost:,} lost {copy.problem}"


@click.command(cls=ZoneCommand)
@takes_zone
@click.option("--propose", "reason", help="Propose to prune what may go; the reason, 10 to 500.")
@click.option("--as", "login", help="Who proposes.")
@click.option("--office", "role", type=click.Choice(sorted(OFFICES)), help="In which office.")
def prune(directory: Path, reason: str | None, login: str | None, role: str | None) -> None:
    """Remove the entries of the zone DIR whose pruning two officers have agreed on.

    With --propose it is proposed instead. It may be interrupted and goes on where it was; the
    hash tiles stay, so every old checkpoint and receipt still has its proof.
    """
    with opened(directory) as office:
        custody = custody_of(office)
        if reason is not None:
            if not login or not role:
                raise Trouble("Say who proposes it.", "hangu audit prune … --as LOGIN --office …")
            by = _officer(office, login, role)
            made = agreeing.propose_pruning(custody, reason, by=by, now=now())
            done(f"It is proposed. The other office decides: hangu audit decide DIR {made}")
            return
        before = views.status(custody, now=now()).under_way
        with progress_bar("pruning", before) as tell:
            left = carrying.prune(custody, tell=tell)
    if not before:
        note("Nothing was agreed on, or the sealer has not entered it yet: hangu audit retention")
    elif left:
        note(f"A hold keeps {left:,} that were to go, or their pruning is not published yet.")
    done(f"{before - left:,} entries are gone; the log says so itself.")


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("case")
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Keep from here.")
@click.option("--reason", required=True, help="10 to 500 characters.")
@takes_officer
def hold(directory: Path, case: str, since: datetime, reason: str, login: str, role: str) -> None:
    """Keep everything since a day for CASE, whatever its age. It counts at once."""
    with opened(directory) as office:
        zone = ZoneInfo(office.settings.zone.timezone)
        start = datetime.combine(since.date(), time(), zone)
        by = _officer(office, login, role)
        made = agreeing.place_hold(custody_of(office), case, start, reason, by=by, now=now())
    done(f"Hold {made} keeps everything since {since:%Y-%m-%d}.")


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("hold_id")
@click.option("--reason", required=True, help="10 to 500 characters.")
@takes_officer
def lift(directory: Path, hold_id: str, reason: str, login: str, role: str) -> None:
    """Propose to lift the hold HOLD_ID; the other office decides."""
    with opened(directory) as office:
        by = _officer(office, login, role)
        made = agreeing.propose_lift(custody_of(office), hold_id, reason, by=by, now=now())
    done(f"It is proposed. The other office decides: hangu audit decide DIR {made}")


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("target")
@click.option("--reason", required=True, help="10 to 500 characters; name nobody.")
@takes_officer
def redact(directory: Path, target: str, reason: str, login: str, role: str) -> None:
    """Propose to erase the personal values of TARGET: a sign-in name, or entry:NUMBER.

    The values and their salts go for good; the entries and every proof stay.
    """
    with opened(directory) as office:
        if not target.startswith(("entry:", "person:")):
            found = people.by_login(office.registry, target)
            if found is None:
                raise Trouble(f"Nobody has the sign-in name {target}.", "hangu person list DIR")
            target = found.subject
        by = _officer(office, login, role)
        made = agreeing.propose_erasure(custody_of(office), target, reason, by=by, now=now())
    done(f"It is proposed. The other office decides: hangu audit decide DIR {made}")


@click.command(cls=ZoneCommand)
@takes_zone
@click.argument("request")
@click.option("--refuse", "refuses", is_flag=True, help="Refuse it, or take one's own back.")
@takes_officer
def decide(directory: Path, request: str, login: str, role: str, *, refuses: bool) -> None:
    """Approve REQUEST as the second officer, and carry it out."""
    with opened(directory) as office:
        custody, by = custody_of(office), _officer(office, login, role)
        if refuses:
            agreeing.refuse(custody, request, by=by, now=now())
            done("It is closed; nothing was removed.")
            return
        asked = agreeing.approve(custody, request, by=by, now=now())
        if asked.kind == Kind.ERASE:
            with progress_bar("erasing", int(asked.terms["entries"])) as tell:
                count = carrying.erase(custody, indexer_of(office), now=now(), tell=tell)
            done(f"The personal values of {count:,} entries are erased.")
        elif asked.kind == Kind.PRUNE:
            done("It is approved. The sealer enters it; then: hangu audit prune DIR")
        else:
            done("The hold is lifted.")


COMMANDS = (retention, prune, hold, lift, redact, decide)
