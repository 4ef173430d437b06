"""Requests as rows: found, locked in one order, checked, recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.access import grants
from gateway.access.grants import Why
from gateway.access.refusals import ServiceUnknown
from gateway.access.request_refusals import (
    NotForOfficers,
    PersonGone,
    ReasonNeeded,
    RequestSettled,
    RequestUnknown,
)
from gateway.access.tables import ServiceRow
from gateway.access.tables_requests import AccessRequest, State
from gateway.identity import roles as offices
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.tables import Person
from gateway.identity.tables import State as Life

REASON_MIN, REASON_MAX = 10, 500
"""Characters of a reason, blanks at both ends aside."""

_NO_BUSINESS = OFFICER_ROLES | {"break_glass"}


def checked_reason(text: str) -> str:
    """Return a reason in one line. Raises ReasonNeeded."""
    found = " ".join(text.split())
    if not REASON_MIN <= len(found) <= REASON_MAX:
        raise ReasonNeeded
    return found


def living(session: OrmSession, person_id: UUID) -> Person:
    """Lock and return a person who may do business. Raises PersonGone, NotForOfficers."""
    person = session.get(Person, person_id, with_for_update=True)
    if person is None or person.state != Life.ACTIVE:
        raise PersonGone(person_id)
    if not _NO_BUSINESS.isdisjoint(offices.held_by(session, person_id)):
        raise NotForOfficers(person_id)
    return person


def service_of(session: OrmSession, slug: str, zone: str) -> ServiceRow:
    """Return a service of this zone. Raises ServiceUnknown."""
    service = session.get(ServiceRow, slug)
    if service is None or service.zone != zone:
        raise ServiceUnknown(slug)
    return service


def locked(session: OrmSession, request_id: UUID) -> AccessRequest:
    """Return a request for a change, its person locked before it."""
    whose = select(AccessRequest.person_id).where(AccessRequest.id == request_id)
    person_id = session.scalar(whose)
    if person_id is None:
        raise RequestUnknown(request_id)
    session.get(Person, person_id, with_for_update=True)
    return session.get_one(AccessRequest, request_id, with_for_update=True)


def refuse_settled(row: AccessRequest) -> None:
    """Raises RequestSettled unless the request waits for its answer."""
    if row.state != State.OPEN:
        raise RequestSettled(row.id)


def open_one(session: OrmSession, person_id: UUID, slug: str) -> UUID | None:
    """Return the open request of a person for a service."""
    return session.scalar(
        select(AccessRequest.id).where(
            AccessRequest.person_id == person_id,
            AccessRequest.service == slug,
            AccessRequest.state == State.OPEN,
        )
    )


def end_earlier(tx: Transaction, row: AccessRequest, *, actor: Actor, now: datetime) -> None:
    """A grant that is renewed gives way to the new one."""
    earlier = tx.session.scalars(
        select(AccessRequest)
        .where(
            AccessRequest.person_id == row.person_id,
            AccessRequest.service == row.service,
            AccessRequest.state == State.GRANTED,
        )
        .with_for_update()
    ).all()
    for each in earlier:
        grants.end(tx, each, why=Why.RENEWED, actor=actor, now=now)


def record(
    tx: Transaction,
    event: str,
    row: AccessRequest,
    actor: Actor,
    now: datetime,
    *,
    personal: dict[str, str] | None = None,
) -> None:
    """Record what became of a request."""
    tx.record(
        event,
        actor=actor,
        now=now,
        object=f"person:{row.person_id}",
        service=row.service,
        details={
            "request": str(row.id),
            "writes": row.writes,
            "until": row.asked_until.isoformat(timespec="seconds"),
        },
        personal=personal or {},
    )
