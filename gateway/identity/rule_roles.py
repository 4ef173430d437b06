"""What the rules of the review know of the office: its clock, and who holds which role."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from audit.review.matching import Surroundings
from gateway.identity.roll import Roll


def surroundings(roll: Roll, timezone: str) -> Surroundings:
    """Return it; roles are those of today, read anew after each change of the office."""
    return Surroundings(
        zone=ZoneInfo(timezone),
        roles=lambda: {each.subject: each.roles for each in roll.entries()},
    )
