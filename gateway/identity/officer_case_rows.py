"""The rows of cases that two officers decide: inserted once, read under a lock, ended once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import roles, standing
from gateway.identity.officer_case_refusals import (
    CaseOfficers,
    CaseOpen,
    CaseOver,
    CaseTerms,
    CaseUnknown,
)
from gateway.identity.tables import Person, State
from gateway.identity.tables_officers import OfficerCase
from gateway.vault import attested

WAITS: Mapping[str, timedelta] = {"reset": timedelta(hours=8), "office": timedelta(hours=72)}
"""How long a second officer may take to confirm, by kind."""
TEXT_MIN, TEXT_MAX = 10, 500
"""Characters of a reason."""


def open_case(tx: Transaction, case: OfficerCase, reason: str, *, by: UUID, now: datetime) -> None:
    """Insert a case; a lapsed one of its kind makes room."""
    text = " ".join(reason.split())
    if not TEXT_MIN <= len(text) <= TEXT_MAX:
        raise CaseTerms
    old = tx.session.scalar(
        select(OfficerCase)
        .where(
            OfficerCase.person_id == case.person_id,
            OfficerCase.kind == case.kind,
            OfficerCase.state == "open",
        )
        .with_for_update()
    )
    if old is not None:
        if now < old.lapses_at:
            raise CaseOpen(old.id)
        close(tx, old, "lapsed", by=None, actor=Actor(subject="system:housekeeping"), now=now)
        tx.session.flush()
    case.opened_by, case.opened_at, case.lapses_at = by, now, now + WAITS[case.kind]
    case.reason = text
    case.state = "open"
    tx.session.add(case)
    try:
        tx.session.flush()
    except IntegrityError:  # somebody was quicker
        raise CaseOpen(case.person_id) from None


def waiting(session: OrmSession, case_id: UUID, now: datetime) -> tuple[OfficerCase, Person]:
    """Return an open case and its person, locked: the officers first, as everywhere."""
    known = session.get(OfficerCase, case_id)
    if known is None:
        raise CaseUnknown(case_id)
    person = roles.locked_person(session, known.person_id)
    case = session.get_one(OfficerCase, case_id, with_for_update=True, populate_existing=True)
    attested.require(case)
    if case.state != "open" or now >= case.lapses_at:
        raise CaseOver(case_id)
    return case, person


def require(session: OrmSession, by: UUID, about: UUID, offices: frozenset[str]) -> None:
    """Raises CaseOfficers unless `by` is active in one of the offices and not concerned."""
    officer = session.get(Person, by)
    held = roles.held_by(session, by)
    if by == about or officer is None or officer.state != State.ACTIVE or not held & offices:
        raise CaseOfficers(by)
    standing.require(session, by)


def close(
    tx: Transaction,
    case: OfficerCase,
    state: str,
    *,
    by: UUID | None,
    actor: Actor,
    now: datetime,
) -> None:
    """End a case and record how."""
    case.state, case.closed_at, case.closed_by = state, now, by
    tx.record(
        "officer_case.ended",
        actor=actor,
        now=now,
        object=f"person:{case.person_id}",
        reason=state,
        details={"case": str(case.id), "kind": case.kind},
    )
