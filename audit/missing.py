"""Entries that were durable, and gone before they were sealed: found, entered, owned up to."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from audit.announcements import Said
from audit.leaves import missing
from audit.ledger import Ledger
from audit.record import Actor, Json, Record
from audit.tables import audit_event, audit_missing

_AT_ONCE = 500
"""Ids that one query names."""

log = logging.getLogger("hangu.sealer")


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking: leaves that need no more watching, and what is gone."""

    settled: Sequence[bytes]
    gone: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Missing:
    """One lost entry, as kept for people. `seen` is when somebody owned up to it."""

    eid: str
    leaf: bytes
    found: datetime
    seen: datetime | None
    seen_by: str | None


def find(connection: Connection, overdue: Sequence[Said]) -> Looked:
    """Look for what should be in the table by now.

    Gone is what was reported durable and is not there with the leaf that was announced. What
    nobody reported durable and is not there was never acknowledged: its writer died.
    """
    present: dict[str, tuple[bytes, int | None]] = {}
    known: set[str] = set()
    for ids in _portions([said.eid for said in overdue]):
        event = audit_event.c
        rows = connection.execute(
            select(event.eid, event.leaf, event.seq).where(event.eid.in_(ids))
        )
        present |= {row.eid: (row.leaf, row.seq) for row in rows}
        known |= set(
            connection.execute(
                select(audit_missing.c.eid).where(audit_missing.c.eid.in_(ids))
            ).scalars()
        )
    settled: list[bytes] = []
    gone: list[Said] = []
    for said in overdue:
        leaf, seq = present.get(said.eid, (b"", None))
        if leaf == said.leaf and seq is None:
            continue  # it waits for its number
        settled.append(said.leaf)
        if leaf != said.leaf and said.done is not None and said.eid not in known:
            gone.append(said)
    return Looked(settled, gone)


def enter(
    connection: Connection, gone: Sequence[Said], *, zone: str, now: datetime
) -> list[Record]:
    """Keep what is gone for people to look at; return the log's own entries about it."""
    if not gone:
        return []
    log.critical("%s entries were durable and are gone before they were sealed", len(gone))
    connection.execute(
        insert(audit_missing),
        [{"eid": said.eid, "leaf": said.leaf, "found": now} for said in gone],
    )
    return [missing(zone=zone, eid=said.eid, leaf=said.leaf, now=now) for said in gone]


def every(read: Engine) -> list[Missing]:
    """Every entry that was ever missed, the newest first."""
    query = select(audit_missing).order_by(audit_missing.c.found.desc(), audit_missing.c.eid)
    with read.connect() as connection:
        return [Missing(*row) for row in connection.execute(query)]


def own_up(ledger: Ledger, *, actor: Actor, now: datetime, note: str) -> int:
    """Say that the missing entries are known and looked into; return how many there were.

    Health is red until then. The entries stay on the list and in the log.
    """
    seen = (
        update(audit_missing)
        .where(audit_missing.c.seen.is_(None))
        .values(seen=now, seen_by=actor.subject[:80])
        .returning(audit_missing.c.eid)
    )
    with ledger.begin() as tx:
        eids = sorted(tx.session.execute(seen).scalars())
        details: dict[str, Json] = {"count": len(eids), "note": note, "eids": eids[:100]}
        tx.record("audit.missing_seen", actor=actor, now=now, details=details)
    return len(eids)


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
