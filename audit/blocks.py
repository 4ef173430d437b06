"""Which blocks of 256 entries a search must read: those that its times and words leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import ColumnElement, Connection, and_, false, func, literal, or_, select, true

from audit.index_row import marks_of
from audit.index_tables import audit_block
from audit.query import Query, events_of
from audit.sieve import Alternatives, passing

_LOOK = 128
"""Blocks that are asked for their marks at a time."""


class Blocks:
    """The blocks `low` <= number <= `high` that can hold a match, in the order of the walk."""

    def __init__(
        self, connection: Connection, query: Query, *, low: int, high: int, rising: bool
    ) -> None:
        self._connection = connection
        self._rising = rising
        self._times = list(_time_conditions(query))
        self._asked = list(_asked(query))
        self._low, self._high = self._within(low, high)
        passed = passing(connection, self._asked, low=self._low, high=self._high)
        self._passed = None if passed is None else iter(passed if rising else reversed(passed))

    def next(self, limit: int) -> list[int]:
        """Up to `limit` blocks more; none, there are no more."""
        if self._passed is None:
            found = self._holding(audit_block.c.number.between(self._low, self._high), limit)
            if found and self._rising:
                self._low = found[-1] + 1
            elif found:
                self._high = found[-1] - 1
            return found
        found = []
        while len(found) < limit and (some := list(islice(self._passed, min(_LOOK, limit * 2)))):
            found += self._holding(audit_block.c.number.in_(some), len(some))
        return found

    def _within(self, low: int, high: int) -> tuple[int, int]:
        """The part of the range that the query's times leave."""
        if not self._times:
            return low, high
        number = audit_block.c.number
        # The limit keeps PostgreSQL from walking along the numbers to find the first and last.
        timely = select(number).where(*self._times).limit(1 << 31).subquery()
        ends = select(func.min(timely.c.number), func.max(timely.c.number))
        first, last = self._connection.execute(ends).one()
        return (low, low - 1) if first is None else (max(low, first), min(high, last))

    def _holding(self, where: ColumnElement[bool], limit: int) -> list[int]:
        number = audit_block.c.number
        query = (
            select(number)
            .where(where, *self._times, *map(self._held, self._asked))
            .order_by(number.asc() if self._rising else number.desc())
            .limit(limit)
        )
        return list(self._connection.execute(query).scalars())

    def _held(self, group: Alternatives) -> ColumnElement[bool]:
        """A block holds every mark of one of the alternatives."""
        return or_(false(), *(and_(true(), *map(self._has, sorted(marks))) for marks in group))

    def _has(self, mark: bytes) -> ColumnElement[bool]:
        marks = audit_block.c.marks
        if self._connection.dialect.name == "postgresql":
            return func.position(literal(mark).op("IN")(marks)) > 0
        return func.instr(marks, literal(mark)) > 0


def _time_conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    block = audit_block.c
    if query.since is not None:
        yield block.last_at >= milliseconds(query.since)
    if query.until is not None:
        yield block.first_at < milliseconds(query.until)


def _asked(query: Query) -> Iterator[Alternatives]:
    """What words a block must have: of each filter one value's, and all that are asked for."""
    for name, values in query.include.items():
        if name != "class_uid":
            wanted: Sequence[str] = events_of(values) if name == "event" else values
            yield [marks_of(value) for value in wanted]
    for term in query.words:
        yield [marks_of(term)]


def milliseconds(moment: datetime) -> int:
    """A moment as the index keeps it."""
    return round((moment - _EPOCH).total_seconds() * 1000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
