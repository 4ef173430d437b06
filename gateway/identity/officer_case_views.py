"""Cases of two officers as the officers see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from gateway.identity import roles
from gateway.identity.officer_case_refusals import CaseUnknown
from gateway.identity.officer_cases import confirmers
from gateway.identity.registry import Registry
from gateway.identity.tables import Person
from gateway.identity.tables_officers import OfficerCase

SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case. `state`: open, confirmed, refused, withdrawn, lapsed.

    `confirmers` are the offices that may confirm it; `role` is the office it gives, `document`
    what a reset's first officer was shown.
    """

    id: UUID
    kind: str
    state: str
    person_id: UUID
    person: str
    login: str
    role: str
    document: str
    forget_password: bool
    reason: str
    opened_by_id: UUID
    opened_by: str
    opened_at: datetime
    lapses_at: datetime
    closed_by: str
    closed_at: datetime | None
    confirmers: frozenset[str]
    loses: frozenset[str]
    """What the person holds now, and gives up for an office."""


def newest(registry: Registry, *, now: datetime) -> Sequence[CaseView]:
    """Return the newest cases, the open ones first."""
    statement = (
        select(OfficerCase)
        .order_by(OfficerCase.state != "open", OfficerCase.opened_at.desc(), OfficerCase.id)
        .limit(SHOWN)
    )
    with registry.store.reading() as session:
        return [_view(session, row, now) for row in session.scalars(statement)]


def one(registry: Registry, case_id: UUID, *, now: datetime) -> CaseView:
    """Return a case. Raises CaseUnknown."""
    with registry.store.reading() as session:
        row = session.get(OfficerCase, case_id)
        if row is None:
            raise CaseUnknown(case_id)
        return _view(session, row, now)


def _view(session: OrmSession, row: OfficerCase, now: datetime) -> CaseView:
    person = session.get_one(Person, row.person_id)
    held = roles.held_by(session, row.person_id)
    return CaseView(
        id=row.id,
        kind=row.kind,
        state="lapsed" if row.state == "open" and now >= row.lapses_at else row.state,
        person_id=row.person_id,
        person=person.name,
        login=person.login,
        role=row.role or "",
        document=row.document or "",
        forget_password=row.forget_password,
        reason=row.reason,
        opened_by_id=row.opened_by,
        opened_by=session.get_one(Person, row.opened_by).name,
        opened_at=row.opened_at,
        lapses_at=row.lapses_at,
        closed_by="" if row.closed_by is None else session.get_one(Person, row.closed_by).name,
        closed_at=row.closed_at,
        confirmers=confirmers(row.kind, held),
        loses=held if row.kind == "office" else frozenset(),
    )
