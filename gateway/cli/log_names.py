"""Names beside the ids that the log keeps, for whoever reads it at the terminal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.identity.roll import Roll
from gateway.office import Office

Named = Callable[[str], str]


def named(office: Office) -> Named:
    """Return what puts a person's name before their id; other words stay as they are."""
    people = {each.subject: each.name for each in Roll(office.registry).entries()}
    return lambda subject: f"{people[subject]} {subject}" if subject in people else subject


def clock(office: Office) -> Callable[[datetime], str]:
    """Return what writes a moment in the zone's time zone, which the table's head names."""
    zone = ZoneInfo(office.settings.zone.timezone)
    return lambda moment: f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
