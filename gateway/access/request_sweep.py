"""Tidying among requests: what the clock has ended already is written down as ended.

No decision changes by it, but for people who left: their grants end for good, so that none
comes back to life should the person be invited again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.access import grants
from gateway.access.grants import Why
from gateway.access.request_notices import tell
from gateway.access.tables_requests import AccessRequest, State
from gateway.identity.registry import Registry
from gateway.identity.tables import Person
from gateway.identity.tables import State as Life
from gateway.identity.tables_guards import PersonLock

WARNED_BEFORE = timedelta(days=3)
"""How long before its end a person is told that a grant will end."""
BATCH = 200
SYSTEM = Actor(subject="system:housekeeping")
_NOTICE = "telling a person that a grant will end changes no right"


def sweep(registry: Registry, *, now: datetime) -> int:
    """End what is over and warn of what soon will be; return how many requests ended."""
    with registry.store.reading() as session:
        over = _some(session, _is_over(now))
        soon = _some(session, _ends_soon(now))
    if over:
        with registry.ledger.begin() as tx:
            over = [each for each in over if _end(tx, each, now)]
    if soon:
        with registry.ledger.begin(unaudited_because=_NOTICE) as tx:
            for each in soon:
                _warn(tx, each, now)
    return len(over)


def _is_over(now: datetime) -> ColumnElement[bool]:
    lapsed = (AccessRequest.state == State.OPEN) & (AccessRequest.asked_until <= now)
    expired = (AccessRequest.state == State.GRANTED) & (AccessRequest.given_until <= now)
    waiting = AccessRequest.state.in_((State.OPEN, State.GRANTED))
    # Who is locked while a report is looked into may come back in an hour, and then has it all.
    locked = exists().where(PersonLock.person_id == AccessRequest.person_id)
    return or_(lapsed, expired, waiting & (Person.state != Life.ACTIVE) & ~locked)


def _ends_soon(now: datetime) -> ColumnElement[bool]:
    return (
        (AccessRequest.state == State.GRANTED)
        & AccessRequest.warned_at.is_(None)
        & (AccessRequest.given_until <= now + WARNED_BEFORE)
        # A grant of a day or two needs no warning: its end was told with it.
        & (AccessRequest.given_from <= now - WARNED_BEFORE)
    )


def _some(session: OrmSession, which: ColumnElement[bool]) -> Sequence[UUID]:
    statement = (
        select(AccessRequest.id)
        .join(Person, Person.id == AccessRequest.person_id)
        .where(which)
        .order_by(AccessRequest.id)
        .limit(BATCH)
    )
    return session.scalars(statement).all()


def _end(tx: Transaction, request_id: UUID, now: datetime) -> bool:
    """End one if it is over still; somebody may have withdrawn it meanwhile."""
    found = tx.session.execute(
        select(AccessRequest, Person.state)
        .join(Person, Person.id == AccessRequest.person_id)
        .where(AccessRequest.id == request_id, _is_over(now))
        .with_for_update()
    ).one_or_none()
    if found is None:
        return False
    row, life = found
    if life != Life.ACTIVE:
        grants.end(tx, row, why=Why.PERSON_GONE, actor=SYSTEM, now=now)
        return True
    was_granted = row.state == State.GRANTED
    grants.end(tx, row, why=Why.EXPIRED if was_granted else Why.LAPSED, actor=SYSTEM, now=now)
    kind = "access_ended" if was_granted else "access_lapsed"
    tell(tx, row.person_id, kind, now=now, service=row.service)
    return True


def _warn(tx: Transaction, request_id: UUID, now: datetime) -> None:
    row = tx.session.get_one(AccessRequest, request_id, with_for_update=True)
    if row.state == State.GRANTED and row.warned_at is None:
        row.warned_at = now
        tell(tx, row.person_id, "access_ends_soon", now=now, service=row.service)
