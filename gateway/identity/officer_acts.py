"""What the officers did, read from the audit log itself, newest first.

The auditor reads the acts of the other two offices, the security administrator those of the
auditor: nobody watches over their own office.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session as OrmSession

from audit.tables import audit_event
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.registry import Registry
from gateway.identity.roll import Entry

PAGE = 50
"""Acts on one page."""

WATCHES: Mapping[str, frozenset[str]] = {
    "auditor": frozenset({"system_admin", "security_admin"}),
    "security_admin": frozenset({"auditor"}),
}
"""Which office reads the acts of which others."""

NOISE = frozenset({"decision.allowed", "session.confirmed"})
"""Entries that stand for no act of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerAct:
    """One entry. `position` is where it stands in the log; `at` is RFC 3339 in UTC."""

    position: int
    at: str
    event: str
    actor: UUID
    object: str
    outcome: str
    reason: str
    details: Mapping[str, Any]


def watched(entries: Sequence[Entry], roles: Collection[str]) -> Sequence[Entry]:
    """Return the officers whose acts somebody with these roles reads."""
    offices = frozenset().union(*(WATCHES.get(role, frozenset()) for role in roles))
    return [each for each in entries if each.roles & offices & OFFICER_ROLES]


def acts(
    registry: Registry,
    who: Collection[UUID],
    *,
    before: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    size: int = PAGE,
) -> Sequence[OfficerAct]:
    """Return the acts of these people below a position of the log, newest first, at most `size`.

    `since` and `until` (exclusive) bound the time. The next page begins before the last
    position returned.
    """
    if not who:
        return ()
    with registry.store.reading() as session:
        statement = select(audit_event.c.id, audit_event.c.body).where(
            or_(*(_holds(session, f'"sub":"person:{each}"') for each in sorted(who))),
            *(~_holds(session, f'"ev":"{event}"') for event in sorted(NOISE)),
        )
        if before is not None:
            statement = statement.where(audit_event.c.id < before)
        if since is not None:
            statement = statement.where(audit_event.c.created >= since)
        if until is not None:
            statement = statement.where(audit_event.c.created < until)
        newest = statement.order_by(audit_event.c.id.desc()).limit(size)
        return [_act(position, json.loads(body)) for position, body in session.execute(newest)]


def _holds(session: OrmSession, mark: str) -> ColumnElement[bool]:
    """Whether a body holds these bytes, which canonical JSON writes in one way only."""
    body, sought = audit_event.c.body, mark.encode()
    if session.get_bind().dialect.name == "sqlite":
        return func.instr(body, sought) > 0
    return func.pg_catalog.position(body, literal(sought)) > 0


def _act(position: int, body: Mapping[str, Any]) -> OfficerAct:
    return OfficerAct(
        position=position,
        at=body["ts"],
        event=body["ev"],
        actor=UUID(body["sub"].removeprefix("person:")),
        object=body.get("obj", ""),
        outcome=body["out"],
        reason=body.get("why", ""),
        details=body.get("d", {}),
    )
