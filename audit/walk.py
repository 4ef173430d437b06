"""A walk over the index: downwards or upwards through the blocks that can hold a match.

Only blocks with all the words of a query are read, one run of neighbours at a time, until
enough was found or enough was read. Of a person or an event that is rare, the entries
themselves are known and nothing else is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from audit.blocks import Blocks, milliseconds
from audit.index_row import BLOCK, COLUMNS, IndexRow, parsed, texts
from audit.index_tables import audit_index
from audit.query import Query, events_of, holds, may_hold
from audit.stored import stored_bytes
from audit.tables import audit_event

MOST_READ = 200_000
"""Entries that one look reads at most."""
MOST_WORDED = 40_000
"""The same where words are asked for: then the entries themselves are read."""
MOST_RARE = 5_000
"""Entries that are looked up one by one, instead of looking through blocks for them."""
INDEXED = frozenset({"actor", "event"})
"""Filters whose entries the database finds by an index of its own."""
_BLOCKS = (2, 6, 24, 64)
"""Blocks read at a time: few at first, for most pages are full soon."""


class Walk:
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
        dense = max(seqs) - min(seqs) < len(seqs)
        where = event.seq.between(min(seqs), max(seqs)) if dense else event.seq.in_(seqs)
        query = select(event.seq, event.body).where(where)
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
        if self._start >= self._end:
            return
        if (seqs := self._rare()) is not None:
            yield from (audit_index.c.seq.in_(some) for some in _portions(seqs))
            return
        read, sizes = 0, iter(_BLOCKS)
        size = next(sizes)
        most = MOST_WORDED if self._by_words else MOST_READ
        low, high = self._start // BLOCK, (self._end - 1) // BLOCK
        blocks = Blocks(self._connection, self._query, low=low, high=high, rising=self._rising)
        while some := blocks.next(size):
            if read >= most:
                self.stopped_at = (some[0] if self._rising else some[0] + 1) * BLOCK
                return
            read += len(some) * BLOCK
            size = next(sizes, size)
            for first, last in _runs(some):
                start, end = max(self._start, first * BLOCK), min(self._end, last * BLOCK)
                self.at = start
                yield audit_index.c.seq.between(start, end - 1)

    def _rare(self) -> list[int] | None:
        """The only entries that come into question, if an indexed filter leaves that few."""
        seq = audit_index.c.seq
        for name in INDEXED & self._query.include.keys():
            fits = audit_index.c[name].in_(typed(name, self._query.include[name]))
            inside = seq.between(self._start, self._end - 1)
            query = select(seq).where(fits, inside).limit(MOST_RARE + 1)
            found = list(self._connection.execute(query).scalars())
            if len(found) <= MOST_RARE:
                return sorted(found, reverse=not self._rising)
        return None


def _portions(seqs: Sequence[int]) -> Iterator[Sequence[int]]:
    return (seqs[at : at + BLOCK] for at in range(0, len(seqs), BLOCK))


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
    found += [column[name].in_(typed(name, values)) for name, values in query.include.items()]
    for name, values in query.exclude.items():
        out = column[name].not_in(typed(name, values))
        found.append(or_(column[name].is_(None), out))
    return found


def typed(name: str, values: Sequence[str]) -> Sequence[str | int]:
    """The values of a filter as the index's column keeps them."""
    if name == "event":
        return events_of(values)
    return [int(value) for value in values] if name == "class_uid" else values
