"""`hangu sign-in-rules`: how people sign in to a zone, and what is done against guessing."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.console import table
from gateway.cli.office import opened
from gateway.cli.zone import ZoneCommand, takes_zone
from gateway.identity.written import Written, written


@click.command("sign-in-rules", cls=ZoneCommand, short_help="Rules of sign-in, as in force.")
@takes_zone
def sign_in_rules(directory: Path) -> None:
    """Print the ways to sign in, the limits on guessing, passwords and sessions of the zone DIR.

    They are made from the settings: print them for an assessment, with the deviations.
    """
    with opened(directory) as office:
        rules = written(office.registry.limits)
    _ways(rules)
    table("Roles that must use a passkey", ("role",), [(each,) for each in rules.passkey_roles])
    _limits(rules)
    profile = rules.profile
    table(
        f"Passwords: {profile.name}, {rules.password_min} characters or more ({profile.source})",
        ("deviation from", "because"),
        [(each.rule, each.text) for each in rules.deviations],
    )


def _ways(rules: Written) -> None:
    table(
        "Ways to sign in",
        ("way", "strength", "NIST SP 800-63B-4", "can be phished"),
        [
            (way.code, way.strength, f"AAL{way.aal}", "yes" if way.can_be_phished else "no")
            for way in rules.ways
        ],
    )


def _limits(rules: Written) -> None:
    table(
        "Against guessing",
        ("lane", "failures without a wait", "longest wait", "closed after"),
        [
            (lane.kind, lane.free, str(lane.longest), lane.closed_after or "never")
            for lane in rules.lanes
        ],
    )
    kinds = (("staff", rules.staff), ("officers", rules.officers))
    table(
        "Sessions",
        ("who", "idle", "longest", "at once"),
        [(who, str(idle), str(life), "any number") for who, (idle, life) in kinds],
    )
