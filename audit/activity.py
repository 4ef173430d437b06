"""How much of what happened when: the figures behind the charts and the first page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Literal

from sqlalchemy import Engine, case, func, select

from audit.index_tables import audit_hour
from audit.vocabulary import SEALERS, Outcome

By = Literal["service", "unit"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour or a day: when it began, how many entries, how many of them refusals."""

    start: datetime
    entries: int
    denied: int


@dataclass(frozen=True, slots=True)
class Share:
    """How many refusals fell upon a service or a unit; empty: upon none."""

    name: str
    denied: int


def by_hour(read: Engine, *, since: datetime, until: datetime) -> Sequence[Slot]:
    """Every hour that begins in `since` <= t < `until`, quiet ones included.

    The sealer's own heartbeats and keys are not activity and are left out.
    """
    first, end = -(-(since - _EPOCH) // _HOUR), -(-(until - _EPOCH) // _HOUR)
    column = audit_hour.c
    denied = case((column.outcome == Outcome.DENIED, column.entries), else_=0)
    query = (
        select(column.hour, func.sum(column.entries), func.sum(denied))
        .where(column.hour >= first, column.hour < end, column.event.not_in(SEALERS))
        .group_by(column.hour)
    )
    with read.connect() as connection:
        found = {hour: (int(entries), int(no)) for hour, entries, no in connection.execute(query)}
    return [Slot(_EPOCH + hour * _HOUR, *found.get(hour, (0, 0))) for hour in range(first, end)]


def by_day(read: Engine, *, since: date, days: int, zone: tzinfo) -> Sequence[Slot]:
    """Each of `days` local days from `since` on. A day belongs to the zone's own clock."""
    starts = [
        datetime.combine(since + timedelta(days=n), datetime.min.time(), tzinfo=zone)
        for n in range(days + 1)
    ]
    hours = by_hour(read, since=starts[0], until=starts[-1])
    return [
        Slot(
            start,
            sum(each.entries for each in hours if start <= each.start < end),
            sum(each.denied for each in hours if start <= each.start < end),
        )
        for start, end in pairwise(starts)
    ]


def refusals(read: Engine, by: By, *, since: datetime, until: datetime) -> Sequence[Share]:
    """Refusals by service or unit, most first."""
    column = audit_hour.c
    which = column[by]
    first, end = (since - _EPOCH) // _HOUR, -(-(until - _EPOCH) // _HOUR)
    query = (
        select(which, func.sum(column.entries))
        .where(column.hour >= first, column.hour < end, column.outcome == Outcome.DENIED)
        .group_by(which)
    )
    with read.connect() as connection:
        found = [Share(name, int(denied)) for name, denied in connection.execute(query)]
    return sorted(found, key=lambda share: (-share.denied, share.name))
