"""The search: entries that fit a query, newest first, page by page, and how many there are.

The index of words says which blocks of 256 entries can hold a match; only those are read,
newest first, until the page is full. A search never reads more than `MOST_READ` entries at a
time: it then says how far back it looked, and goes on from there when asked. Pages are found
by entry number, so what is written meanwhile neither moves nor repeats anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from audit.entry import Entry, Reader
from audit.index_row import BLOCK, COLUMNS, IndexRow, marks_of, parsed, texts
from audit.index_tables import audit_block, audit_hour, audit_index
from audit.indexer import Reach, reach
from audit.query import Query, events_of, holds, may_hold
from audit.stored import stored_bytes
from audit.tables import audit_event

PAGE = 50
MOST_READ = 200_000
"""Entries that one look reads at most."""
MOST_WORDED = 40_000
"""The same where words are asked for: then the entries themselves are read."""
MOST_COUNTED = 10_000
"""A count is exact up to here."""
_BLOCKS = (2, 6, 24, 64)
"""Blocks read at a time: few at first, for most pages are full soon."""
_HOURLY = frozenset({"event", "outcome", "service", "unit"})


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
            look = _Look(connection, query, start=start, end=end, rising=rising)
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
            if _is_hourly(query) and goes.first == 0:
                return Count(_hourly_count(connection, query), exact=True)
            look = _Look(connection, query, start=goes.first, end=goes.size, rising=False)
            found = look.count(most + 1)
        if found > most:
            return Count(most, exact=False, back_to=look.at)
        return Count(found, exact=look.stopped_at is None, back_to=look.stopped_at or 0)


class _Look:
    """One walk over the blocks that can hold matches, downwards or upwards."""

    def __init__(
        self, connection: Connection, query: Query, *, start: int, end: int, rising: bool
    ) -> None:
        self._connection = connection
        self._query = query
        self._start, self._end = start, end
        self._rising = rising
        self._where = _conditions(query)
        self.stopped_at: int | None = None
        self.at = end

    def rows(self, limit: int) -> list[IndexRow]:
        """The first `limit` rows that fit, in the order of the walk."""
        seq = audit_index.c.seq
        chosen = [audit_index.c[name] for name in COLUMNS]
        found: list[IndexRow] = []
        for span in self._spans():
            statement = select(*chosen).where(span, *self._where)
            ordered = statement.order_by(seq.asc() if self._rising else seq.desc())
            if not self._by_words:
                ordered = ordered.limit(limit - len(found))
            found += [
                IndexRow(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
                for row in self._worded(ordered)
            ]
            if len(found) >= limit:
                self.stopped_at = None
                return found[:limit]
        return found

    def count(self, limit: int) -> int:
        """How many rows fit; counting ends soon after `limit`."""
        total = 0
        for span in self._spans():
            if self._by_words:
                statement = select(audit_index.c.seq).where(span, *self._where)
                total += sum(1 for _ in self._worded(statement))
            else:
                statement = select(func.count()).select_from(audit_index)
                total += self._connection.execute(statement.where(span, *self._where)).scalar_one()
            if total >= limit:
                self.stopped_at = None
                break
        return total

    @property
    def _by_words(self) -> bool:
        return bool(self._query.words or self._query.without)

    def _worded(self, statement: Any) -> Iterator[Any]:  # noqa: ANN401 - a select of what is asked
        """The rows of `statement` whose entries hold the wanted words, and no unwanted ones."""
        if not self._by_words:
            yield from self._connection.execute(statement)
            return
        rows = self._connection.execute(statement).all()
        for chunk in (rows[at : at + BLOCK] for at in range(0, len(rows), BLOCK)):
            bodies = self._bodies([row.seq for row in chunk])
            yield from (row for row in chunk if self._fits(bodies.get(row.seq, b"")))

    def _bodies(self, seqs: Sequence[int]) -> dict[int, bytes]:
        event = audit_event.c
        query = select(event.seq, event.body).where(event.seq.in_(seqs))
        return {row.seq: stored_bytes(row.body) for row in self._connection.execute(query)}

    def _fits(self, body: bytes) -> bool:
        if not may_hold(body, self._query.words):
            return False
        found = list(texts(parsed(body)))
        return all(holds(found, term) for term in self._query.words) and not any(
            holds(found, term) for term in self._query.without
        )

    def _spans(self) -> Iterator[ColumnElement[bool]]:
        """Conditions on the entry's number, in the order of the walk; ends when enough was read.

        One run of blocks at a time, each by the same statement: with many runs in one condition
        SQLite reads the whole table instead.
        """
        read, sizes = 0, iter(_BLOCKS)
        size = next(sizes)
        most = MOST_WORDED if self._by_words else MOST_READ
        low, high = self._start // BLOCK, (self._end - 1) // BLOCK
        while low <= high and self._start < self._end:
            if read >= most:
                self.stopped_at = low * BLOCK if self._rising else (high + 1) * BLOCK
                return
            blocks = self._blocks(low, high, size)
            if not blocks:
                return
            read += len(blocks) * BLOCK
            size = next(sizes, size)
            for first, last in _runs(blocks):
                start, end = max(self._start, first * BLOCK), min(self._end, last * BLOCK)
                self.at = start
                yield audit_index.c.seq.between(start, end - 1)
            if self._rising:
                low = blocks[-1] + 1
            else:
                high = blocks[-1] - 1

    def _blocks(self, low: int, high: int, limit: int) -> list[int]:
        """The next blocks that can hold a match."""
        number = audit_block.c.number
        query = (
            select(number)
            .where(number >= low, number <= high, *self._block_conditions())
            .order_by(number.asc() if self._rising else number.desc())
            .limit(limit)
        )
        return list(self._connection.execute(query).scalars())

    def _block_conditions(self) -> Iterator[ColumnElement[bool]]:
        block, query = audit_block.c, self._query
        if query.since is not None:
            yield block.last_at >= milliseconds(query.since)
        if query.until is not None:
            yield block.first_at < milliseconds(query.until)
        for name, values in query.include.items():
            if name == "class_uid":
                continue
            wanted = events_of(values) if name == "event" else values
            yield or_(false(), *(and_(true(), *self._held(value)) for value in wanted))
        for term in query.words:
            yield from self._held(term)

    def _held(self, value: str) -> Iterator[ColumnElement[bool]]:
        """Conditions for a block to hold every word of `value`."""
        marks = audit_block.c.marks
        for mark in sorted(marks_of(value)):
            if self._connection.dialect.name == "postgresql":
                yield func.position(literal(mark).op("IN")(marks)) > 0
            else:
                yield func.instr(marks, literal(mark)) > 0


def _runs(blocks: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring blocks together, in the order they came: (first, last + 1) of each run."""
    runs: list[tuple[int, int]] = []
    for number in blocks:
        if runs and number == runs[-1][1]:
            runs[-1] = (runs[-1][0], number + 1)
        elif runs and number == runs[-1][0] - 1:
            runs[-1] = (number, runs[-1][1])
        else:
            runs.append((number, number + 1))
    return runs


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    column = audit_index.c
    found: list[ColumnElement[bool]] = []
    if query.since is not None:
        found.append(column.at >= milliseconds(query.since))
    if query.until is not None:
        found.append(column.at < milliseconds(query.until))
    found += [column[name].in_(_typed(name, values)) for name, values in query.include.items()]
    for name, values in query.exclude.items():
        out = column[name].not_in(_typed(name, values))
        found.append(or_(column[name].is_(None), out))
    return found


def _typed(name: str, values: Sequence[str]) -> Sequence[str | int]:
    if name == "event":
        return events_of(values)
    return [int(value) for value in values] if name == "class_uid" else values


def _ends(
    rows: Sequence[IndexRow],
    *,
    more: bool,
    rising: bool,
    look: _Look,
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


def _is_hourly(query: Query) -> bool:
    plain = not (query.since or query.until or query.words or query.without)
    return plain and query.include.keys() | query.exclude.keys() <= _HOURLY


def _hourly_count(connection: Connection, query: Query) -> int:
    column = audit_hour.c
    where = [column[name].in_(_typed(name, values)) for name, values in query.include.items()]
    where += [column[name].not_in(_typed(name, values)) for name, values in query.exclude.items()]
    statement = select(func.coalesce(func.sum(column.entries), 0)).where(*where)
    return int(connection.execute(statement).scalar_one())


def milliseconds(moment: datetime) -> int:
    """A moment as the index keeps it."""
    return round((moment - _EPOCH).total_seconds() * 1000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
