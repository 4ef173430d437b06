"""What whoever owns the database can write past the gateway, and what the sealer says to it."""

from __future__ import annotations

import json
from typing import Any

from kept_log import (
    AUDITOR,
)
from sealed_log import SealedLog
from sqlalchemy import insert, select

from audit import alarms
from audit.record import Event, compose
from audit.tables import audit_event


def found(log: SealedLog, kind: str) -> list[alarms.Alarm]:
    """The alarms of a kind, the oldest first."""
    return [each for each in alarms.every(log.store.read) if each.kind == kind][::-1]


def inserted(log: SealedLog, **changes: object) -> str:
    """A sound entry, written by whoever owns the database, past the gateway; return its id."""
    made = compose(
        Event(
            name="unit.created", actor=AUDITOR.actor, at=log.now, zone="intranet", object="unit:x"
        )
    )
    values = {"eid": made.eid, "body": made.body, "leaf": made.leaf, "created": log.now}
    with log.as_root() as connection:
        connection.execute(insert(audit_event).values(**{**values, **changes}))
    return made.eid


def bodies(log: SealedLog, name: str) -> list[dict[str, Any]]:
    """The sealed entries of one event."""
    with log.store.reading() as session:
        rows = session.execute(select(audit_event.c.body).order_by(audit_event.c.seq)).scalars()
        said = [json.loads(body) for body in rows]
    return [each for each in said if each["ev"] == name]
