"""What the sealer found that must not be: kept until somebody owns up to it, and for ever after.

Health is red while there is one that nobody has owned up to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, func, insert, select, update

from audit.ledger import Ledger
from audit.record import Actor, Json
from audit.tables import audit_alarm

WORDS = 200
"""Characters that are kept of what is the matter."""
AT_ONCE = 500
"""Ids that one query names."""


class Kind(StrEnum):
    """What is the matter."""

    MISSING = "missing"  # it was durable, and gone before it was sealed
    UNANNOUNCED = "unannounced"  # it was sealed, but the gateway never gave its word for it
    DISAGREED = "disagreed"  # a request or hold that is not what the officers' entries say


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing found. `eid` names the (first) entry, or the request or hold.

    `leaf` is the entry's hash, empty where it is none; `count` how many entries it is about;
    `seen` when somebody owned up to it.
    """

    kind: str
    eid: str
    leaf: bytes
    count: int
    words: str
    found: datetime
    seen: datetime | None = None
    seen_by: str | None = None


def add(connection: Connection, found: Sequence[Alarm]) -> None:
    """Keep what was found. The sealer's part, in its own transaction."""
    if found:
        kept = ("kind", "eid", "leaf", "count", "found")
        rows = [
            {name: getattr(each, name) for name in kept} | {"words": each.words[:WORDS]}
            for each in found
        ]
        connection.execute(insert(audit_alarm), rows)


def known(connection: Connection, kind: Kind, eids: Sequence[str]) -> set[str]:
    """Those of `eids` about which this was found before."""
    alarm = audit_alarm.c
    return {
        str(eid)
        for some in portions(eids)
        for eid in connection.execute(
            select(alarm.eid).where(alarm.kind == kind, alarm.eid.in_(some))
        ).scalars()
    }


def unowned(connection: Connection) -> Mapping[str, int]:
    """How many entries, requests and holds nobody has owned up to, by kind."""
    alarm = audit_alarm.c
    query = select(alarm.kind, func.sum(alarm.count)).where(alarm.seen.is_(None))
    return {str(kind): int(count) for kind, count in connection.execute(query.group_by(alarm.kind))}


def every(read: Engine) -> list[Alarm]:
    """Everything that was ever found, the newest first."""
    query = select(audit_alarm).order_by(audit_alarm.c.found.desc(), audit_alarm.c.eid)
    with read.connect() as connection:
        return [Alarm(**row) for row in connection.execute(query).mappings()]


def own_up(ledger: Ledger, *, actor: Actor, now: datetime, note: str) -> int:
    """Say that what was found is known and looked into; return how many alarms there were.

    Health is red until then. They stay on the list and in the log.
    """
    seen = (
        update(audit_alarm)
        .where(audit_alarm.c.seen.is_(None))
        .values(seen=now, seen_by=actor.subject[:80])
        .returning(audit_alarm.c.eid)
    )
    with ledger.begin() as tx:
        eids = sorted(tx.session.execute(seen).scalars())
        details: dict[str, Json] = {"count": len(eids), "note": note, "eids": eids[:100]}
        tx.record("audit.missing_seen", actor=actor, now=now, details=details)
    return len(eids)


def portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids in the portions that one query takes."""
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
