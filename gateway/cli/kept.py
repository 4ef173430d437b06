"""`hangu kept`: the forms that wait for their people, for operators. What they say is sealed."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.access import kept as forms
from gateway.cli.console import done, table
from gateway.cli.office import opened
from gateway.cli.zone import ZoneCommand, now, takes_zone
from gateway.identity import people


@click.group(short_help="Forms kept while their senders sign in again.")
def kept() -> None:
    """Show and sweep the forms that were kept when a session ended in the middle of them."""


@kept.command("list", cls=ZoneCommand)
@takes_zone
def list_kept(directory: Path) -> None:
    """List whose forms wait, for which service, how large, until when; never what they say."""
    with opened(directory) as office:
        logins = {each.id: each.login for each in people.all_people(office.registry)}
        rows = [
            (
                each.id.hex[:8],
                logins.get(each.person_id, "—"),
                each.service or "the gateway",
                each.size,
                f"{each.made_at:%F %T}",
                f"{each.expires:%F %T}",
                "seen" if each.offered_at else "waits",
            )
            for each in forms.waiting(office.registry, now=now())
        ]
    heads = ("form", "person", "for", "bytes", "kept (UTC)", "until (UTC)", "state")
    table("Kept forms", heads, rows)


@kept.command("sweep", cls=ZoneCommand)
@takes_zone
def sweep(directory: Path) -> None:
    """Drop what has expired, was sent or was discarded; a running zone does so by itself."""
    with opened(directory) as office:
        gone = forms.sweep(office.registry, now=now())
    done(f"Forms dropped: {gone}.")
