"""Days and moments at the terminal: in the zone's time zone, which is always named."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from gateway.office import Office

LAST_SECOND = timedelta(seconds=1)


class Day(click.ParamType[date]):
    """A day as YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """Read a day, or say how one is written."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a mere day
        except ValueError:
            self.fail(f"{value!r} is no day; write YYYY-MM-DD, as 2026-11-01.", param, ctx)


def begin_of(day: date, office: Office) -> datetime:
    """The first moment of `day` in the zone's time zone, UTC."""
    return datetime.combine(day, time(), ZoneInfo(office.settings.zone.timezone)).astimezone(UTC)


def end_of(day: date, office: Office) -> datetime:
    """The last second of `day` in the zone's time zone, UTC: shown, it is still that day."""
    return begin_of(day + timedelta(days=1), office) - LAST_SECOND


def shown(moment: datetime, office: Office) -> str:
    """A moment in the zone's time zone, with its name."""
    name = office.settings.zone.timezone
    return f"{moment.astimezone(ZoneInfo(name)):%Y-%m-%d %H:%M} {name}"
