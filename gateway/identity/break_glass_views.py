"""Reading sealed accounts: their state, their openings, and what was done under each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session as OrmSession

from audit.tables import audit_event
from gateway.identity.break_glass_refusals import OpeningUnknown
from gateway.identity.break_glass_rules import waits
from gateway.identity.registry import Registry
from gateway.identity.tables import Person
from gateway.identity.tables_break_glass import Opening, SealedAccount

SHOWN = 100
ACTS_SHOWN = 500
_AFTER = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningView:
    """One opening. `state`: waiting, open, over (awaits review), reviewed, refused, lapsed."""

    id: UUID
    account_id: UUID
    account: str
    case: str
    state: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    user: str
    user_id: UUID
    minutes: int
    reason: str
    opened_at: datetime | None
    ends_by: datetime | None
    entered_at: datetime | None
    closed_at: datetime | None
    closed_why: str
    reviewed_by: str
    finding: str
    part: frozenset[UUID]
    """Proposer, confirmer and user: none of them reviews."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A sealed account. `state`: sealed, or that of the opening that is not settled."""

    id: UUID
    login: str
    prepared_at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One entry of the log under an opening."""

    at: str
    event: str
    object: str
    outcome: str


def accounts(registry: Registry, *, now: datetime) -> Sequence[AccountView]:
    """Return every sealed account."""
    with registry.store.reading() as session:
        rows = session.execute(
            select(SealedAccount, Person)
            .join(Person, Person.id == SealedAccount.person_id)
            .order_by(SealedAccount.prepared_at)
        ).all()
        unsettled = {
            row.account_id: row
            for row in session.scalars(select(Opening).where(Opening.settled_at.is_(None)))
        }
        return [
            AccountView(
                id=person.id,
                login=person.login,
                prepared_at=account.prepared_at,
                state=_account_state(unsettled.get(person.id), now),
            )
            for account, person in rows
        ]


def openings(registry: Registry, *, now: datetime) -> Sequence[OpeningView]:
    """Return the newest openings and proposals."""
    newest = select(Opening).order_by(Opening.proposed_at.desc(), Opening.id).limit(SHOWN)
    with registry.store.reading() as session:
        return [_view(session, row, now) for row in session.scalars(newest)]


def opening(registry: Registry, opening_id: UUID, *, now: datetime) -> OpeningView:
    """Return one. Raises OpeningUnknown."""
    with registry.store.reading() as session:
        row = session.get(Opening, opening_id)
        if row is None:
            raise OpeningUnknown(opening_id)
        return _view(session, row, now)


def acts(registry: Registry, opening_id: UUID) -> Sequence[Act]:
    """Return what the log holds under an opening, oldest first."""
    with registry.store.reading() as session:
        row = session.get(Opening, opening_id)
        if row is None:
            raise OpeningUnknown(opening_id)
        mark = json.dumps({"case": row.case}, separators=(",", ":"))[1:-1].encode()
        body = audit_event.c.body
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        place = (
            func.instr(body, mark) if is_sqlite else func.pg_catalog.position(body, literal(mark))
        )
        until = (row.settled_at or row.proposed_at + _AFTER) + timedelta(seconds=1)
        found = session.scalars(
            select(body)
            .where(audit_event.c.created.between(row.proposed_at, until), place > 0)
            .order_by(audit_event.c.id)
            .limit(ACTS_SHOWN)
        )
        return [_act(json.loads(each)) for each in found]


def _act(body: Mapping[str, Any]) -> Act:
    return Act(at=body["ts"], event=body["ev"], object=body.get("obj", ""), outcome=body["out"])


def _account_state(row: Opening | None, now: datetime) -> str:
    state = "sealed" if row is None else _state(row, now)
    return "sealed" if state == "lapsed" else state


def _state(row: Opening, now: datetime) -> str:
    if row.opened_at is None:
        return "waiting" if waits(row, now) else row.closed_why or "lapsed"
    if row.settled_at is not None:
        return "reviewed"
    is_over = row.closed_at is not None or row.ends_by is None or row.ends_by <= now
    return "over" if is_over else "open"


def _view(session: OrmSession, row: Opening, now: datetime) -> OpeningView:
    return OpeningView(
        id=row.id,
        account_id=row.account_id,
        account=_login(session, row.account_id),
        case=row.case,
        state=_state(row, now),
        proposed_by=_name(session, row.proposed_by),
        proposed_at=row.proposed_at,
        confirmed_by=_name(session, row.confirmed_by),
        user=_name(session, row.user_id),
        user_id=row.user_id,
        minutes=row.minutes,
        reason=row.reason,
        opened_at=row.opened_at,
        ends_by=row.ends_by,
        entered_at=row.entered_at,
        closed_at=row.closed_at,
        closed_why=row.closed_why or "",
        reviewed_by=_name(session, row.reviewed_by),
        finding=row.finding,
        part=frozenset(filter(None, (row.proposed_by, row.confirmed_by, row.user_id))),
    )


def _name(session: OrmSession, person_id: UUID | None) -> str:
    person = None if person_id is None else session.get(Person, person_id)
    return "" if person is None else person.name


def _login(session: OrmSession, person_id: UUID) -> str:
    person = session.get(Person, person_id)
    return "" if person is None else person.login
