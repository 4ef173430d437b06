"""Erasing personal values: the value and its salt go, the entry and every proof stay.

What stays in the entry is a salted commitment, from which nothing can be guessed once the
salt is gone. What was erased, and for which request, is an entry itself, so that the verifier
tells an erasure from a theft. Source: reference design, section 3.7.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, or_, select

from audit.ledger import Ledger
from audit.record import Actor, timestamp
from audit.stored import stored_bytes
from audit.tables import audit_event, audit_secret

EVENT = "retention.erased"
AT_ONCE = 500
"""Entries of one transaction and one record of it."""
_MARK = f'"ev":"{EVENT}"'.encode()


@dataclass(frozen=True, slots=True)
class Values:
    """Whose personal values a request means: how many entries, how many values."""

    entries: int
    values: int


def found(connection: Connection, target: str) -> Values:
    """Count what an erasure of `target` would erase.

    Args:
        connection: to the log.
        target: `person:<id>` (what the person did, and what was done about them), or
            `entry:<id or number>`.
    """
    eids = list(_entries(connection, target))
    values = 0
    for some in _slices(eids):
        query = select(audit_secret.c.eid).where(audit_secret.c.eid.in_(some))
        values += len(connection.execute(query).all())
    return Values(len(eids), values)


def erase(
    ledger: Ledger,
    read: Engine,
    target: str,
    *,
    until: datetime,
    request: str,
    actor: Actor,
    now: datetime,
    tell: Callable[[int], None] = lambda _done: None,
) -> int:
    """Erase the personal values of `target`; return of how many entries.

    Each transaction erases and says so; killed in between, the next call finds what is left.

    Args:
        ledger: the log's.
        read: an engine that cannot write.
        target: as in `found`.
        until: entries of later than this keep their values: nobody agreed on those.
        request: the request that two officers agreed on.
        actor: who carries it out.
        now: the present.
        tell: told how many entries are done.
    """
    with read.connect() as connection:
        eids = list(_entries(connection, target, until=timestamp(until)))
    for done, some in enumerate(_slices(eids), 1):
        with ledger.begin() as tx:
            statement = delete(audit_secret).where(audit_secret.c.eid.in_(some))
            tx.session.connection().execute(statement)
            tx.record(
                EVENT,
                actor=actor,
                now=now,
                object=target,
                details={"request": request, "entries": list(some)},
            )
        tell(min(done * AT_ONCE, len(eids)))
    return len(eids)


def missing(connection: Connection) -> Iterator[tuple[int, str, str]]:
    """Yield (number, entry id, field) of every committed value that is not kept any more."""
    event = audit_event.c
    query = select(event.seq, event.eid, event.body).where(event.seq.is_not(None))
    result = connection.execute(query.order_by(event.seq).execution_options(yield_per=2000))
    for rows in result.partitions():
        stated = [row for row in rows if b'"c":{' in stored_bytes(row.body)]
        kept: set[tuple[str, str]] = set()
        for some in _slices([str(row.eid) for row in stated]):
            secret = audit_secret.c
            pairs = select(secret.eid, secret.field).where(secret.eid.in_(some))
            kept |= {(str(row.eid), str(row.field)) for row in connection.execute(pairs)}
        for row in stated:
            for field in _committed(stored_bytes(row.body)):
                if (str(row.eid), field) not in kept:
                    yield row.seq, str(row.eid), field


def recorded(connection: Connection) -> set[str]:
    """Return the ids of the entries whose values were erased, as the sealed log itself says."""
    sealed = select(audit_event.c.body).where(audit_event.c.seq.is_not(None))
    return {eid for said in _records(connection, sealed) for eid in said["entries"]}


def of_request(connection: Connection, request: str) -> list[str]:
    """Return the ids of the entries that were erased for one request."""
    records = _records(connection, select(audit_event.c.body))
    return [eid for said in records if said.get("request") == request for eid in said["entries"]]


def _records(connection: Connection, query: Select[tuple[bytes]]) -> Iterator[dict[str, Any]]:
    for row in connection.execute(query.execution_options(yield_per=2000)):
        body = stored_bytes(row.body)
        if _MARK in body:
            said = json.loads(body).get("d", {})
            yield {"entries": [], **said}


def _entries(connection: Connection, target: str, *, until: str = "9") -> Iterator[str]:
    """The entries of `target` up to a time that have personal values, oldest first."""
    event = audit_event.c
    query = (
        select(event.eid, event.body).distinct().join(audit_secret, audit_secret.c.eid == event.eid)
    )
    kind, _, name = target.partition(":")
    if kind == "entry":
        number = event.seq == int(name) if name.isascii() and name.isdecimal() else event.seq < 0
        for row in connection.execute(query.where(or_(event.eid == name, number))):
            if json.loads(row.body)["ts"] <= until:
                yield str(row.eid)
        return
    mark = json.dumps(target).encode()
    for row in connection.execute(query.order_by(event.eid)):
        if mark not in stored_bytes(row.body):
            continue
        body = json.loads(row.body)
        if target in {body.get("sub"), body.get("obj")} and body["ts"] <= until:
            yield str(row.eid)


def _committed(body: bytes) -> Sequence[str]:
    try:
        found_fields = json.loads(body).get("c")
    except (ValueError, AttributeError):
        return ()  # the verifier says what is wrong with it
    return list(found_fields) if isinstance(found_fields, dict) else ()


def _slices(eids: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(eids), AT_ONCE):
        yield eids[at : at + AT_ONCE]
