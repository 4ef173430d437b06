"""The search: entries that fit a query, newest first, page by page, and how many there are.

The index of words says which blocks of 256 entries can hold a match; only those are read,
newest first, until the page is full. A search never reads more than `MOST_READ` entries at a
time: it then says how far back it looked, and goes on from there when asked. Pages are found
by entry number, so what is written meanwhile neither moves nor repeats anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select

from audit.entry import Entry, Reader
from audit.index_row import IndexRow
from audit.index_tables import audit_total
from audit.indexer import Reach, reach
from audit.query import Query
from audit.walk import Walk, typed

PAGE = 50
MOST_COUNTED = 10_000
"""A count is exact up to here."""
_TOTALLED = frozenset({"event", "outcome", "service", "unit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the entries that fit, newest first.

    `older` and `newer` are the numbers to go on from (`before`, `after`), None at the end.
    `looked_to` is set if the look ended early: everything from that number on was looked at.
    """

    entries: Sequence[Entry]
    older: int | None
    newer: int | None
    looked_to: int | None
    reach: Reach


@dataclass(frozen=True, slots=True)
class Count:
    """How many entries fit. Not `exact`: at least so many, back to entry `back_to`."""

    entries: int
    exact: bool
    back_to: int = 0


class Search:
    """Looks into the index of one zone's log, and reads what it finds from the entries."""

    def __init__(self, read: Engine, reader: Reader) -> None:
        self._read = read
        self._reader = reader

    def reach(self) -> Reach:
        """How far the index goes."""
        with self._read.connect() as connection:
            return reach(connection)

    def page(
        self,
        query: Query,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = PAGE,
    ) -> Page:
        """Return up to `limit` entries below number `before`, or nearest above `after`.

        Every entry is read from its body, and checked against the tree and the index.
        """
        with self._read.connect() as connection:
            goes = reach(connection)
            rising = after is not None
            start = goes.first if after is None else max(goes.first, after + 1)
            end = goes.size if before is None else min(goes.size, before)
            look = Walk(connection, query, start=start, end=end, rising=rising)
            rows = look.rows(limit + 1)
        more, rows = len(rows) > limit, rows[:limit]
        if rising:
            rows.reverse()
        older, newer = _ends(rows, more=more, rising=rising, look=look, goes=goes, before=before)
        return Page(
            entries=self._reader.entries(rows),
            older=older,
            newer=newer,
            looked_to=look.stopped_at,
            reach=goes,
        )

    def count(self, query: Query, *, most: int = MOST_COUNTED) -> Count:
        """Return how many entries fit; exact up to `most`, and as far as one look reads."""
        with self._read.connect() as connection:
            goes = reach(connection)
            if query == Query():
                return Count(goes.size - goes.first, exact=True)
            if _is_totalled(query) and goes.first == 0:
                return Count(_total(connection, query), exact=True)
            look = Walk(connection, query, start=goes.first, end=goes.size, rising=False)
            found = look.count(most + 1)
        if found > most:
            return Count(most, exact=False, back_to=look.at)
        return Count(found, exact=look.stopped_at is None, back_to=look.stopped_at or 0)


def _ends(
    rows: Sequence[IndexRow],
    *,
    more: bool,
    rising: bool,
    look: Walk,
    goes: Reach,
    before: int | None,
) -> tuple[int | None, int | None]:
    """Where the older and the newer page begin."""
    stopped = look.stopped_at
    if rising:
        older = rows[-1].seq if rows else None
        above = rows[0].seq if more and rows else None
        return older, above if above is not None or stopped is None else stopped - 1
    below = rows[-1].seq if more and rows else None
    newer = None
    if before is not None and before < goes.size:
        newer = rows[0].seq if rows else before - 1
    return below if below is not None else stopped, newer


def _is_totalled(query: Query) -> bool:
    plain = not (query.since or query.until or query.words or query.without)
    return plain and query.include.keys() | query.exclude.keys() <= _TOTALLED


def _total(connection: Connection, query: Query) -> int:
    column = audit_total.c
    where = [column[name].in_(typed(name, values)) for name, values in query.include.items()]
    where += [column[name].not_in(typed(name, values)) for name, values in query.exclude.items()]
    statement = select(func.coalesce(func.sum(column.entries), 0)).where(*where)
    return int(connection.execute(statement).scalar_one())
