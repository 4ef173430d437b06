"""Suppressions: what is not asked about until a day. Findings are kept all the same."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from audit.ledger import Transaction
from audit.record import Actor
from audit.review.queue import (
    BadDecision,
    FindingMoved,
    FindingUnknown,
    checked_reason,
    one,
    say,
)
from audit.review.tables import review_finding, review_suppression

MOST_FIELDS = 3
"""Fields by which a suppression may say what it means."""
LONGEST = timedelta(days=90)
"""A suppression ends after this long at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """What is not asked about any more until a day. `fields` are 1 to 3 of a rule's group."""

    id: UUID
    rule: str
    fields: Mapping[str, str]
    reason: str
    at: datetime
    by: str
    until: datetime
    ended_at: datetime | None
    covers: int = 0


def suppress(
    tx: Transaction,
    finding: UUID,
    fields: Sequence[str],
    *,
    until: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
) -> UUID:
    """No longer ask about what a finding's rule finds with these values; return its id.

    Args:
        tx: the transaction.
        finding: the finding that shows what is meant.
        fields: 1 to 3 of its group's fields; their values are those of the finding.
        until: the end, at most 90 days from now.
        reason: why, 5 to 500 characters.
        actor: who suppresses.
        now: the present.

    Raises:
        FindingUnknown.
        BadDecision: `fields`, `until`, `reason`, or `level`: what is critical is always asked.
    """
    known = one(tx.session.connection(), finding)
    reason, names = checked_reason(reason), list(dict.fromkeys(fields))
    if known.level == "critical":
        raise BadDecision("level")
    if not 1 <= len(names) <= MOST_FIELDS or any(name not in known.key for name in names):
        raise BadDecision("fields")
    if not now < until <= now + LONGEST:
        raise BadDecision("until")
    made, values = uuid.uuid4(), {name: known.key[name] for name in names}
    connection = tx.session.connection()
    connection.execute(
        insert(review_suppression).values(
            id=made,
            rule=known.rule,
            fields=values,
            reason=reason,
            at=now,
            by=actor.subject,
            until=until,
        )
    )
    say(
        tx,
        "review.suppressed",
        known,
        actor,
        now,
        {"suppression": str(made), "fields": values, "until": until.isoformat(), "reason": reason},
    )
    return made


def end_suppression(tx: Transaction, suppression: UUID, *, actor: Actor, now: datetime) -> None:
    """Ask again from now on. Raises FindingUnknown, FindingMoved: it has ended."""
    column = review_suppression.c
    statement = update(review_suppression).where(
        column.id == suppression, column.ended_at.is_(None), column.until > now
    )
    connection = tx.session.connection()
    if not connection.execute(statement.values(ended_at=now)).rowcount:
        known = select(column.id).where(column.id == suppression)
        gone = connection.execute(known).first() is None
        raise FindingUnknown(suppression) if gone else FindingMoved(suppression)
    tx.record("review.ended_suppression", actor=actor, now=now, object=f"suppression:{suppression}")


def suppressions(connection: Connection) -> Sequence[Suppression]:
    """Every suppression, newest first, with how many findings it covers."""
    column = review_finding.c
    counted = select(column.suppressed_by, func.count()).group_by(column.suppressed_by)
    covers = dict(tuple(row) for row in connection.execute(counted))
    query = select(review_suppression).order_by(review_suppression.c.at.desc())
    return [
        Suppression(**row._mapping, covers=covers.get(row.id, 0))  # noqa: SLF001 - public
        for row in connection.execute(query)
    ]
