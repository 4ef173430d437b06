"""The coverage map: which entries were reviewed, which wait, and which wait too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from sqlalchemy import Connection, func, select

from audit.blocks import milliseconds
from audit.index_row import BLOCK
from audit.index_tables import audit_block, audit_index
from audit.indexer import reach
from audit.query import Query
from audit.review.signed import STANDARD, Signoff, filter_hash, signoffs

DUE = timedelta(hours=36)
"""Hours after the end of a day until its entries should have been signed off."""


WHOLE = frozenset({filter_hash(STANDARD), filter_hash(Query())})
"""The filters that leave nothing out that anybody would decide about."""


class Cover(StrEnum):
    """How far a day is reviewed."""

    EMPTY = "empty"
    WHOLE = "whole"
    SECOND = "second"  # all of it, but acts of the reviewer wait for a second one
    PART = "part"  # some of it under a filter that leaves things out, which covers nothing
    WAITS = "waits"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the office. Entries are counted by number; `gaps` are the ranges not covered.

    `partly` is whether somebody signed for something in the gaps under a narrower filter.
    """

    day: date
    entries: int
    reviewed: int
    cover: Cover
    gaps: Sequence[tuple[int, int]]
    partly: bool


def days(
    connection: Connection, *, since: date, count: int, zone: tzinfo, now: datetime
) -> Sequence[Day]:
    """Each of `count` days from `since` on, by the office's clock."""
    goes, signed = reach(connection), signoffs(connection)
    found = []
    for number in range(count):
        day = since + timedelta(days=number)
        start = datetime.combine(day, time(), zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        low, high = _range(connection, start, end, below=goes.size)
        found.append(_day(day, low, high, signed, is_due=now >= end + DUE))
    return found


def gaps(low: int, high: int, signed: Sequence[Signoff]) -> list[tuple[int, int]]:
    """The parts of `low` <= seq < `high` that no sign-off covers, in order.

    Only a sign-off whose filter leaves nothing out covers what lies between its ends.
    """
    found, at = [], low
    for each in sorted((s for s in signed if s.filter_hash in WHOLE), key=lambda s: s.low):
        if each.high <= at or each.low >= high:
            continue
        if each.low > at:
            found.append((at, each.low))
        at = max(at, each.high)
    if at < high:
        found.append((at, high))
    return found


def _day(day: date, low: int, high: int, signed: Sequence[Signoff], *, is_due: bool) -> Day:
    left = gaps(low, high, signed)
    unread = sum(end - start for start, end in left)
    touching = [each for each in signed if each.low < high and each.high > low]
    partly = any(
        each.low < end and each.high > start
        for each in touching
        if each.filter_hash not in WHOLE
        for start, end in left
    )
    if low >= high:
        cover = Cover.EMPTY
    elif left:
        cover = Cover.OVERDUE if is_due else Cover.PART if partly else Cover.WAITS
    else:
        cover = Cover.SECOND if any(each.waits for each in touching) else Cover.WHOLE
    return Day(
        day=day,
        entries=high - low,
        reviewed=high - low - unread,
        cover=cover,
        gaps=left,
        partly=partly,
    )


def _range(
    connection: Connection, start: datetime, end: datetime, *, below: int
) -> tuple[int, int]:
    """The numbers that belong to a time. An entry late by its own time belongs to its place."""
    since, until = milliseconds(start), milliseconds(end)
    block, column = audit_block.c, audit_index.c
    blocks = connection.execute(
        select(func.min(block.number), func.max(block.number)).where(
            block.last_at >= since, block.first_at < until
        )
    ).one()
    if blocks[0] is None:
        return 0, 0
    query = select(column.seq).where(
        column.seq.between(blocks[0] * BLOCK, min(below, (blocks[1] + 1) * BLOCK) - 1),
        column.at >= since,
        column.at < until,
    )
    low = connection.execute(query.order_by(column.seq).limit(1)).scalar()
    high = connection.execute(query.order_by(column.seq.desc()).limit(1)).scalar()
    return (0, 0) if low is None or high is None else (int(low), int(high) + 1)
