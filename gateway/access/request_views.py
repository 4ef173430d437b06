"""Reading requests and grants: lists for the person, the owner and the security administrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session as OrmSession

from gateway.access import owners
from gateway.access.request_refusals import RequestUnknown
from gateway.access.tables_requests import AccessRequest, State
from gateway.identity.registry import Registry
from gateway.identity.tables import Person

SHOWN = 200
"""Rows of one list, the newest."""
_PERSON = "person:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request as pages and commands show it. `service` is a slug, `unit` one as well.

    `decided_by` and `ended_by` are names, or subjects of what is no person.
    """

    id: UUID
    person_id: UUID
    name: str
    unit: str
    service: str
    writes: bool
    reason: str
    asked_at: datetime
    asked_until: datetime
    state: str
    decided_at: datetime | None
    decided_by: str
    answer: str
    given_until: datetime | None
    ended_at: datetime | None
    ended_by: str
    ended_why: str

    @property
    def until(self) -> datetime:
        """The end: the one given, else the one asked for."""
        return self.given_until or self.asked_until

    def in_force(self, now: datetime) -> bool:
        """Whether it gives access at `now`."""
        return self.state == State.GRANTED and now < self.until


def mine(registry: Registry, person_id: UUID) -> Sequence[RequestView]:
    """Return a person's own requests, the newest first."""
    with registry.store.reading() as session:
        return _list(session, AccessRequest.person_id == person_id)


def waiting_for(registry: Registry, person_id: UUID) -> Sequence[RequestView]:
    """Return the open requests that a person may decide on, the newest first."""
    with registry.store.reading() as session:
        slugs = owners.services_of(session, person_id)
        return _list(
            session,
            AccessRequest.service.in_(slugs)
            & (AccessRequest.state == State.OPEN)
            & (AccessRequest.person_id != person_id),
        )


def ownerless(registry: Registry) -> Sequence[RequestView]:
    """Return the open requests that nobody may decide on at present."""
    with registry.store.reading() as session:
        found = _list(session, AccessRequest.state == State.OPEN)
        owned = {slug for slug, people in owners.by_service(session).items() if people}
        return [each for each in found if each.service not in owned]


def granted(registry: Registry, person_id: UUID | None, *, now: datetime) -> Sequence[RequestView]:
    """Return the grants in force: of the services a person decides for, or (None) of all."""
    which = (AccessRequest.state == State.GRANTED) & (AccessRequest.given_until > now)
    with registry.store.reading() as session:
        if person_id is not None:
            which &= AccessRequest.service.in_(owners.services_of(session, person_id))
        return _list(session, which)


def everything(registry: Registry, *, waiting: bool) -> Sequence[RequestView]:
    """Return all requests, or those alone that are open or granted."""
    states = (State.OPEN, State.GRANTED) if waiting else tuple(State)
    with registry.store.reading() as session:
        return _list(session, AccessRequest.state.in_(states))


def one(registry: Registry, request_id: UUID) -> RequestView:
    """Return one request. Raises RequestUnknown."""
    with registry.store.reading() as session:
        found = _list(session, AccessRequest.id == request_id)
    if not found:
        raise RequestUnknown(request_id)
    return found[0]


def _list(session: OrmSession, which: ColumnElement[bool]) -> Sequence[RequestView]:
    rows = session.execute(
        select(AccessRequest, Person)
        .join(Person, Person.id == AccessRequest.person_id)
        .where(which)
        .order_by(AccessRequest.asked_at.desc(), AccessRequest.id)
        .limit(SHOWN)
    ).all()
    names: dict[str | None, str] = {None: ""}
    return [_view(session, row, person, names) for row, person in rows]


def _view(
    session: OrmSession, row: AccessRequest, person: Person, names: dict[str | None, str]
) -> RequestView:
    return RequestView(
        id=row.id,
        person_id=row.person_id,
        name=person.name,
        unit=person.unit,
        service=row.service,
        writes=row.writes,
        reason=row.reason,
        asked_at=row.asked_at,
        asked_until=row.asked_until,
        state=row.state,
        decided_at=row.decided_at,
        decided_by=_name(session, row.decided_by, names),
        answer=row.answer,
        given_until=row.given_until,
        ended_at=row.ended_at,
        ended_by=_name(session, row.ended_by, names),
        ended_why=row.ended_why or "",
    )


def _name(session: OrmSession, subject: str | None, names: dict[str | None, str]) -> str:
    """The name behind `person:<uuid>`, looked up once in a list."""
    if subject not in names:
        is_person = subject is not None and subject.startswith(_PERSON)
        found = (
            session.get(Person, UUID(subject.removeprefix(_PERSON)))
            if is_person and subject
            else None
        )
        names[subject] = (subject or "") if found is None else found.name
    return names[subject]
