"""Break-glass as rows and rules: who may be who in an opening, found, locked, recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor, Json
from gateway.identity import epoch, standing, tokens
from gateway.identity import roles as offices
from gateway.identity.break_glass_refusals import (
    NotSealed,
    OpeningUnknown,
    SamePerson,
    TermsRefused,
    UserRefused,
)
from gateway.identity.current import BREAK_GLASS, OFFICER_ROLES, Current
from gateway.identity.tables import Person, State
from gateway.identity.tables_break_glass import Opening, SealedAccount
from gateway.vault import attested

PROPOSAL_LIFE = timedelta(hours=24)
"""How long a second officer may take to confirm."""
SHORTEST, LONGEST = 15, 240
"""Minutes of an opening."""
TEXT_MIN, TEXT_MAX = 10, 500
OPENERS = frozenset({"security_admin", "system_admin"})
REVIEWER = "security_admin"


class End(StrEnum):
    """Why an opening, or a proposal of one, is over."""

    OFFICER = "officer"
    USER = "user"
    TIMER = "timer"
    REFUSED = "refused"
    LAPSED = "lapsed"


def checked_text(text: str) -> str:
    """Return a reason or finding in one line. Raises TermsRefused."""
    found = " ".join(text.split())
    if not TEXT_MIN <= len(found) <= TEXT_MAX:
        raise TermsRefused
    return found


def waits(row: Opening, now: datetime) -> bool:
    """Tell whether a proposal waits for its second officer."""
    return (
        row.opened_at is None and row.settled_at is None and now < row.proposed_at + PROPOSAL_LIFE
    )


def locked(session: OrmSession, opening_id: UUID) -> Opening:
    """Return an opening for a change. Raises OpeningUnknown, ForgedRow."""
    row = session.get(Opening, opening_id, with_for_update=True)
    if row is None:
        raise OpeningUnknown(opening_id)
    attested.require(row)
    return row


def entered_by(session: OrmSession, code: str, by: Current, now: datetime) -> Opening | None:
    """Return the opening that a code stands for, if it is this person's and unused."""
    digest = tokens.digest(code)
    if digest is None:
        return None
    row = session.scalar(
        select(Opening)
        .where(
            Opening.token_hash == digest,
            Opening.user_id == by.person_id,
            Opening.ends_by > now,
            Opening.closed_at.is_(None),
            Opening.entered_at.is_(None),
        )
        .with_for_update()
    )
    if row is not None:
        attested.require(row)
    return row


def require_officer(
    session: OrmSession, person_id: UUID, *, among: frozenset[str] = OPENERS
) -> None:
    """Raises SamePerson unless the person is active in one of these offices."""
    person = session.get(Person, person_id)
    held = offices.held_by(session, person_id)
    standing.require(session, person_id)
    if person is None or person.state != State.ACTIVE or among.isdisjoint(held):
        raise SamePerson(person_id)


def require_user(session: OrmSession, user_id: UUID, *, officers: set[UUID]) -> None:
    """The person named: active, no officer, no sealed account, and none of the two who open."""
    if user_id in officers:
        raise SamePerson(user_id)
    person = session.get(Person, user_id)
    held = offices.held_by(session, user_id)
    if person is None or person.state != State.ACTIVE or held & (OFFICER_ROLES | {BREAK_GLASS}):
        raise UserRefused(user_id)


def settle_lapsed(tx: Transaction, account: SealedAccount, *, actor: Actor, now: datetime) -> None:
    """A proposal that nobody confirmed in time makes room. Raises NotSealed for all else."""
    row = tx.session.scalar(
        select(Opening)
        .where(Opening.account_id == account.person_id, Opening.settled_at.is_(None))
        .with_for_update()
    )
    if row is None:
        return
    if row.opened_at is not None or waits(row, now):
        raise NotSealed(account.person_id)
    settle(tx, row, End.LAPSED, actor=actor, now=now)


def settle(tx: Transaction, row: Opening, why: End, *, actor: Actor, now: datetime) -> None:
    """End a proposal that never opened anything."""
    row.settled_at = row.closed_at = now
    row.closed_by, row.closed_why = actor.subject, why
    tx.session.flush()
    record(tx, "break_glass.refused", row, actor, now, {"why": why})


def seal(tx: Transaction, account_id: UUID, now: datetime) -> None:
    """Shut the account."""
    account = tx.session.get_one(Person, account_id, with_for_update=True)
    account.state, account.disabled_at = State.DISABLED, now
    epoch.bump(tx)


def record(
    tx: Transaction,
    event: str,
    row: Opening,
    actor: Actor,
    now: datetime,
    details: dict[str, Json],
    personal: dict[str, str] | None = None,
) -> None:
    """Record an act about an opening, with the case it belongs to."""
    tx.record(
        event,
        actor=Actor(
            subject=actor.subject,
            session=actor.session,
            unit=actor.unit,
            address=actor.address,
            case=row.case,
        ),
        now=now,
        object=f"person:{row.account_id}",
        details={"opening": str(row.id), **details},
        personal=personal or {},
    )
