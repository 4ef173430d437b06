"""Attempts to sign in, as the owner of the name may see them: when, from where, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session as OrmSession

from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables_guards import Attempt, Report, Tried

SHOWN = 100
"""Attempts shown to their owner, newest first."""

KEPT = timedelta(days=180)
"""How long attempts are kept: as long as GB/T 22239-2019 wants logs (8.1.4.3)."""

TERMINAL = "hangu command"
"""What stands where a browser would name itself if somebody acted at a terminal; the machine's
name follows."""

USER_AGENT = 256
"""Characters kept of a browser's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """An attempt under a person's name.

    `outcome` is one of `Tried`; `session_ref` names the session that it opened, if any.
    """

    id: UUID
    at: datetime
    outcome: str
    known_device: bool
    amr: tuple[str, ...]
    address: str
    user_agent: str
    session_ref: str | None
    disowned_at: datetime | None


def note(
    session: OrmSession,
    person_id: UUID | None,
    outcome: Tried,
    *,
    known_device: bool,
    address: str | None,
    user_agent: str | None,
    now: datetime,
) -> UUID:
    """Write an attempt down; None: under a name that nobody has. Returns its id."""
    row = Attempt(
        id=uuid4(),
        person_id=person_id,
        at=now,
        outcome=outcome,
        known_device=known_device,
        amr="",
        address=address,
        user_agent=user_agent and user_agent[:USER_AGENT],
    )
    session.add(row)
    return row.id


def wrong_code(session: OrmSession, attempt_id: UUID | None) -> None:
    """Mark that the password was right and the second factor wrong."""
    row = None if attempt_id is None else session.get(Attempt, attempt_id)
    if row is not None:
        row.outcome = Tried.CODE


def of_person(registry: Registry, person_id: UUID, *, limit: int = SHOWN) -> Sequence[AttemptView]:
    """Return the newest attempts under a person's name."""
    statement = (
        select(Attempt)
        .where(Attempt.person_id == person_id)
        .order_by(Attempt.at.desc(), Attempt.id)
        .limit(limit)
    )
    with registry.store.reading() as session:
        return [view_of(row) for row in session.execute(statement).scalars()]


def one(registry: Registry, person_id: UUID, attempt_id: UUID) -> AttemptView | None:
    """Return one of a person's own attempts; None if there is no such one of theirs."""
    with registry.store.reading() as session:
        row = session.get(Attempt, attempt_id)
        return None if row is None or row.person_id != person_id else view_of(row)


def last_before(
    registry: Registry, person_id: UUID, session_ref: str
) -> tuple[AttemptView | None, int]:
    """Return the sign-in before the one that opened a session, and the failures since then."""
    statement = (
        select(Attempt)
        .where(
            Attempt.person_id == person_id,
            Attempt.outcome == Tried.ACCEPTED,
            Attempt.session_ref != session_ref,
        )
        .order_by(Attempt.at.desc())
        .limit(1)
    )
    with registry.store.reading() as session:
        row = session.execute(statement).scalar_one_or_none()
        since = None if row is None else row.at
        failures = failures_since(session, person_id, since)
        return (None if row is None else view_of(row)), failures


def failures_since(session: OrmSession, person_id: UUID, since: datetime | None) -> int:
    """Count the attempts that did not succeed, after a moment or (None) ever."""
    statement = select(func.count()).where(
        Attempt.person_id == person_id, Attempt.outcome != Tried.ACCEPTED
    )
    if since is not None:
        statement = statement.where(Attempt.at > since)
    return session.execute(statement).scalar_one()


def forget(session: OrmSession, *, now: datetime) -> None:
    """Drop what is of no more use: attempts at nobody's name, and old ones: housekeeping."""
    reported = select(Report.attempt_id).where(Report.attempt_id.is_not(None))
    old = Attempt.person_id.is_(None) | (Attempt.at < now - KEPT)
    changed(session, delete(Attempt).where(old, Attempt.id.not_in(reported)))


def view_of(row: Attempt) -> AttemptView:
    """The row as a plain value."""
    return AttemptView(
        id=row.id,
        at=row.at,
        outcome=row.outcome,
        known_device=row.known_device,
        amr=tuple(row.amr.split()),
        address=row.address or "",
        user_agent=row.user_agent or "",
        session_ref=row.session_ref,
        disowned_at=row.disowned_at,
    )
