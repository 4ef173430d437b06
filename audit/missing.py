"""Entries that were durable, and gone before they were sealed: found and entered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from audit import alarms
from audit.alarms import Alarm, Kind
from audit.announcements import Said
from audit.leaves import missing
from audit.record import Record
from audit.tables import audit_event

log = logging.getLogger("hangu.sealer")


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking: leaves that need no more watching, and what is gone."""

    settled: Sequence[bytes]
    gone: Sequence[Said]


def find(connection: Connection, overdue: Sequence[Said]) -> Looked:
    """Look for what should be in the table by now.

    Gone is what was reported durable and is not there with the leaf that was announced. What
    nobody reported durable and is not there was never acknowledged: its writer died.
    """
    ids = [said.eid for said in overdue]
    known = alarms.known(connection, Kind.MISSING, ids)
    event = audit_event.c
    present: dict[str, tuple[bytes, int | None]] = {}
    for some in alarms.portions(ids):
        rows = connection.execute(
            select(event.eid, event.leaf, event.seq).where(event.eid.in_(some))
        )
        present |= {row.eid: (row.leaf, row.seq) for row in rows}
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
    words = "it was durable, and gone before it was sealed"
    alarms.add(
        connection,
        [
            Alarm(kind=Kind.MISSING, eid=said.eid, leaf=said.leaf, count=1, words=words, found=now)
            for said in gone
        ],
    )
    return [missing(zone=zone, eid=said.eid, leaf=said.leaf, now=now) for said in gone]
