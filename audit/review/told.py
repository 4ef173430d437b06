"""What the log says of the review. The review's tables are copies of it, and answer to it.

Whoever writes the database can write a sign-off that nobody gave, decide a finding or switch a
rule off; but the leaf of it would be missing, or say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from audit.index_tables import audit_index
from audit.indexer import reach
from audit.record import Json, bounded, canonical
from audit.tables import audit_event

MOST_BEHIND = 100_000
"""Entries that the index may not know yet, and that are looked through instead."""
_MARK = b'"review.'


@dataclass(frozen=True, slots=True)
class Told:
    """One entry. `seq` is None as long as it is not sealed."""

    seq: int | None
    body: dict[str, Any]

    @property
    def event(self) -> str:
        """What was done."""
        return str(self.body["ev"])

    @property
    def subject(self) -> str:
        """Who did it."""
        return str(self.body["sub"])

    @property
    def id(self) -> str:
        """What it was done to, without its kind."""
        return str(self.body.get("obj", "")).partition(":")[2]

    @property
    def details(self) -> dict[str, Any]:
        """What the entry says of it."""
        found = self.body.get("d")
        return found if isinstance(found, dict) else {}

    def says(self, **values: Json) -> bool:
        """Whether the details hold exactly these values, as an entry would keep them."""
        details = self.details
        return all(
            canonical(details.get(name)) == canonical(bounded(value))
            for name, value in values.items()
        )


def knows_all(connection: Connection) -> bool:
    """Whether `told` finds everything: not while the index is being made anew."""
    return reach(connection).behind <= MOST_BEHIND


def told(connection: Connection, *events: str) -> Iterator[Told]:
    """Return the entries of some events in the order of the log, what is not sealed yet last."""
    goes, seq, column = reach(connection), audit_index.c.seq, audit_event.c
    known = (
        select(column.seq, column.body)
        .join(audit_index, seq == column.seq)
        .where(audit_index.c.event.in_(events), seq >= goes.first, seq < goes.size)
        .order_by(seq)
    )
    tail = (
        select(column.seq, column.body)
        .where(or_(column.seq >= goes.size, column.seq.is_(None)))
        .order_by(column.id)
        .limit(2 * MOST_BEHIND)
    )
    for query in (known, tail):
        for row in connection.execute(query):
            found = _read(row.body)
            if found is not None and found["ev"] in events:
                yield Told(row.seq, found)


def _read(body: object) -> dict[str, Any] | None:
    """An entry of the review; None for any other, and for what is no entry."""
    if not isinstance(body, bytes | memoryview) or _MARK not in bytes(body):
        return None
    try:
        found = json.loads(bytes(body), parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    is_entry = isinstance(found, dict) and {"ev", "sub", "ts"} <= found.keys()
    return found if is_entry else None


def _refused(word: str) -> None:
    raise ValueError(word)
