"""The past as rules see it: read from the index, and from bodies where details are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from audit.index_row import BLOCK, COLUMNS, IndexRow, parsed
from audit.index_tables import audit_block, audit_index
from audit.review.engine import Firing
from audit.review.matching import events_of
from audit.review.rule import DAY, Rule
from audit.stored import stored_bytes
from audit.tables import audit_event

MOST = 100_000
"""Entries that one rule looks at in one round, the newest: a rule is no reason to stand still."""
MOST_ACTORS = 200
"""Actors that are worth naming in a query; of more, all are read."""
_SHARE = 95


class Past:
    """Fulfils `audit.review.matching.Memory` with one connection, for one round."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._details: dict[int, Mapping[str, Any]] = {}

    def details(self, seq: int) -> Mapping[str, Any]:
        """From the body."""
        if seq not in self._details:
            body = self._connection.execute(
                select(audit_event.c.body).where(audit_event.c.seq == seq)
            ).scalar()
            found = {} if body is None else parsed(stored_bytes(body)).get("d")
            self._details[seq] = found if isinstance(found, dict) else {}
        return self._details[seq]

    def was_quiet(self, row: IndexRow, span: int) -> bool:
        """From the newest earlier entry of the actor."""
        column = audit_index.c
        query = select(func.max(column.at)).where(
            column.actor == row.actor, column.seq < row.seq, column.at <= row.at
        )
        before = self._connection.execute(query).scalar()
        return before is not None and before < row.at - span

    def is_new(self, row: IndexRow, field: str, span: int) -> bool:
        """From the actor's earlier entries; the first entry of all is not new but unknown."""
        value = getattr(row, field)
        if value is None:
            return False
        column = audit_index.c
        earlier = (column.actor == row.actor) & (column.seq < row.seq) & (column.at <= row.at)
        same = select(column.seq).where(earlier, column[field] == value, column.at >= row.at - span)
        other = select(column.seq).where(earlier, column[field].is_not(None))
        run = self._connection.execute
        return run(same.limit(1)).first() is None and run(other.limit(1)).first() is not None

    def rows(self, where: Sequence[ColumnElement[bool]], *, most: int = MOST) -> list[IndexRow]:
        """The newest entries that fit, in the order of the log."""
        column = audit_index.c
        query = select(*(column[name] for name in COLUMNS)).where(*where)
        found = self._connection.execute(query.order_by(column.seq.desc()).limit(most)).all()
        return [IndexRow(**row._mapping) for row in reversed(found)]  # noqa: SLF001 - public

    def around(
        self, rule: Rule, *, since: int, until: int, below: int, actors: Sequence[str] = ()
    ) -> list[IndexRow]:
        """The entries of the rule's events with `since` <= at <= `until`, numbers under `below`.

        `actors` narrows it to those that a rule grouped by actor is about.
        """
        column = audit_index.c
        where = [
            column.event.in_(events_of(rule)),
            column.at.between(since, until),
            column.seq >= self._first_of(since),
            column.seq < below,
        ]
        if actors and len(actors) <= MOST_ACTORS:
            where.append(column.actor.in_(actors))
        return self.rows(where)

    def exceeds_usual(self, rule: Rule, firing: Firing) -> bool:
        """Whether a firing is more than the actor's own usual; True for rules that do not ask."""
        if rule.usual is None:
            return True
        column = audit_index.c
        start = firing.first_at - rule.usual.days * DAY
        query = select(column.at).where(
            column.actor == firing.key[0],
            column.event.in_(events_of(rule)),
            column.at >= start,
            column.at < firing.first_at,
            column.seq >= self._first_of(start),
        )
        days = Counter((at - start) // DAY for at in self._connection.execute(query).scalars())
        counts = sorted(days[number] for number in range(rule.usual.days))
        usual = counts[-(-len(counts) * _SHARE // 100) - 1]
        return len(firing.seqs) > rule.usual.times * usual

    def _first_of(self, since: int) -> int:
        """A number below which no entry is as young as `since`."""
        query = select(func.min(audit_block.c.number)).where(audit_block.c.last_at >= since)
        number = self._connection.execute(query).scalar()
        return 0 if number is None else int(number) * BLOCK
