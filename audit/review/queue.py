"""The queue of findings: who looks at which, what was decided and why, what is suppressed.

Every change carries the version that was seen, so that two officers never decide over one
another. A suppressed finding is kept like any other; only the queue passes over it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, case, func, insert, select, update

from audit.ledger import Transaction
from audit.record import Actor, Json
from audit.review.finding import OPEN, Disposition, Finding, State, finding_of
from audit.review.tables import review_finding, review_link, review_note

MIN_REASON, MAX_REASON = 5, 500
MAX_NOTE = 2000
PAGE = 50
MOST_AT_ONCE = 500
_DECIDED = (State.RESOLVED, State.CLOSED)
_MOVES: Mapping[str, tuple[State, ...]] = {
    State.NEW: (State.IN_PROGRESS, State.PENDING, State.RESOLVED, State.CLOSED),
    State.IN_PROGRESS: (State.PENDING, State.RESOLVED, State.CLOSED),
    State.PENDING: (State.IN_PROGRESS, State.RESOLVED, State.CLOSED),
    State.RESOLVED: (State.CLOSED, State.IN_PROGRESS),
    State.CLOSED: (State.IN_PROGRESS,),
}


class FindingUnknown(LookupError):
    """There is no such finding."""


class FindingMoved(Exception):
    """Somebody else changed the finding since it was opened."""


class BadDecision(ValueError):
    """A decision lacks something. The argument says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which findings are wanted. `open` leaves out those that are decided or suppressed."""

    states: tuple[str, ...] = OPEN
    rule: str = ""
    owner: str = ""
    level: str = ""
    suppressed: bool = False

    def where(self) -> list[ColumnElement[bool]]:
        """As conditions."""
        column = review_finding.c
        hidden = column.suppressed_by.is_not(None)
        found: list[ColumnElement[bool]] = [hidden if self.suppressed else ~hidden]
        if self.states:
            found.append(column.state.in_(self.states))
        asked = {"rule": self.rule, "owner": self.owner, "level": self.level}
        return [*found, *(column[name] == value for name, value in asked.items() if value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark on a finding."""

    at: datetime
    by: str
    text: str


def listed(
    connection: Connection, wanted: Wanted, *, skip: int = 0, limit: int = PAGE
) -> tuple[Sequence[Finding], int]:
    """A page of findings, the gravest and oldest first, and how many there are in all."""
    column = review_finding.c
    weight = case({"critical": 0, "high": 1, "medium": 2, "low": 3}, value=column.level, else_=4)
    query = select(review_finding).where(*wanted.where())
    rows = connection.execute(
        query.order_by(weight, column.opened_at, column.id).offset(skip).limit(limit)
    )
    found = [finding_of(row) for row in rows]
    count = select(func.count()).select_from(review_finding).where(*wanted.where())
    return found, int(connection.execute(count).scalar_one())


def one(connection: Connection, finding: UUID) -> Finding:
    """A finding. Raises FindingUnknown."""
    row = connection.execute(select(review_finding).where(review_finding.c.id == finding)).first()
    if row is None:
        raise FindingUnknown(finding)
    return finding_of(row)


def seqs_of(connection: Connection, finding: UUID) -> Sequence[int]:
    """The numbers of a finding's entries."""
    query = select(review_link.c.seq).where(review_link.c.finding == finding)
    return list(connection.execute(query.order_by(review_link.c.seq)).scalars())


def notes_of(connection: Connection, finding: UUID) -> Sequence[Note]:
    """What was remarked, oldest first."""
    column = review_note.c
    query = select(column.at, column.by, column.text).where(column.finding == finding)
    return [Note(**row._mapping) for row in connection.execute(query.order_by(column.at))]  # noqa: SLF001 - public


def within(connection: Connection, low: int, high: int) -> Sequence[Finding]:
    """The findings with an entry `low` <= seq < `high`."""
    inside = select(review_link.c.finding).where(review_link.c.seq >= low, review_link.c.seq < high)
    query = select(review_finding).where(review_finding.c.id.in_(inside))
    return [
        finding_of(row) for row in connection.execute(query.order_by(review_finding.c.opened_at))
    ]


def take(tx: Transaction, finding: UUID, *, version: int, actor: Actor, now: datetime) -> None:
    """Become a finding's owner, who works on it. Raises FindingUnknown, FindingMoved."""
    known = one(tx.session.connection(), finding)
    if known.state in _DECIDED:
        raise FindingMoved(finding)
    state = State.IN_PROGRESS if known.state == State.NEW else known.state
    _change(tx, known, version, {"owner": actor.subject, "state": state})
    say(tx, "review.taken", known, actor, now, {"before": known.owner or "", "state": state})


def decide(
    tx: Transaction,
    finding: UUID,
    *,
    version: int,
    state: str,
    disposition: str,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Move a finding to another state.

    Resolving and closing need a disposition and a reason of 5 to 500 characters; leaving or
    reopening needs the reason.

    Raises:
        FindingUnknown, FindingMoved.
        BadDecision: `state`, `disposition` or `reason`.
    """
    known = one(tx.session.connection(), finding)
    reason = checked_reason(reason)
    if state not in _MOVES[known.state]:
        raise BadDecision("state")
    is_decided = state in _DECIDED
    if is_decided and disposition not in set(Disposition):
        raise BadDecision("disposition")
    values: dict[str, Any] = {
        "state": state,
        "owner": known.owner or actor.subject,
        "disposition": disposition if is_decided else None,
        "reason": reason,
        "decided_at": now if is_decided else None,
        "decided_by": actor.subject if is_decided else None,
    }
    _change(tx, known, version, values)
    details: dict[str, Json] = {"before": known.state, "after": state, "reason": reason}
    if is_decided:
        details["disposition"] = disposition
    say(tx, "review.decided", known, actor, now, details)


def decide_all(
    tx: Transaction,
    wanted: Wanted,
    *,
    expected: int,
    disposition: str,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Resolve every finding that fits, if there are as many as the page said; return how many.

    Raises:
        FindingMoved: there are more or fewer by now, or more than 500.
        BadDecision: `disposition` or `reason`.
    """
    connection = tx.session.connection()
    found, count = listed(connection, wanted, limit=MOST_AT_ONCE)
    if not count or count != expected or count > MOST_AT_ONCE:
        raise FindingMoved(count)
    for each in found:
        if each.state in _DECIDED:
            raise FindingMoved(each.id)
        decide(
            tx,
            each.id,
            version=each.version,
            state=State.RESOLVED,
            disposition=disposition,
            reason=reason,
            actor=actor,
            now=now,
        )
    return count


def remark(tx: Transaction, finding: UUID, text: str, *, actor: Actor, now: datetime) -> None:
    """Add a note of up to 2000 characters. Raises FindingUnknown, BadDecision: `note`."""
    known = one(tx.session.connection(), finding)
    text = text.strip()
    if not 1 <= len(text) <= MAX_NOTE:
        raise BadDecision("note")
    values = {"id": uuid.uuid4(), "finding": finding, "at": now, "by": actor.subject, "text": text}
    tx.session.connection().execute(insert(review_note).values(**values))
    say(tx, "review.noted", known, actor, now, {"note": text})


def _change(tx: Transaction, known: Finding, version: int, values: Mapping[str, Any]) -> None:
    column = review_finding.c
    statement = update(review_finding).where(column.id == known.id, column.version == version)
    done = tx.session.connection().execute(statement.values(**values, version=version + 1))
    if not done.rowcount:
        raise FindingMoved(known.id)


def say(
    tx: Transaction,
    event: str,
    known: Finding,
    actor: Actor,
    now: datetime,
    details: Mapping[str, Json],
) -> None:
    """Record what was done to a finding."""
    tx.record(event, actor=actor, now=now, object=f"finding:{known.id}", details=details)


def checked_reason(text: str) -> str:
    """A reason of 5 to 500 characters, on one line. Raises BadDecision."""
    text = " ".join(text.split())
    if not MIN_REASON <= len(text) <= MAX_REASON:
        raise BadDecision("reason")
    return text
