"""What a sealed account may do while it is open: shut out, end, invite again. Nothing else.

No roles, no rules, no data, no log: the four acts bring an office back to work, or stop harm.
The fourth, closing a service, is the catalogue's (`gateway.access.catalogue.Catalogue.shut`).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import links, notices, people, returning, roles, sessions
from gateway.identity.break_glass_refusals import AccountSealed, EntryRefused
from gateway.identity.current import BREAK_GLASS, OFFICER_ROLES, Current
from gateway.identity.integrity import refusing
from gateway.identity.registry import Registry
from gateway.identity.returning import LinkNeedsTwo
from gateway.identity.roles import PersonUnknown
from gateway.identity.tables import Enrolment, PersonRole, State
from gateway.identity.tables_break_glass import Opening, SealedAccount
from gateway.vault import attested


def require_case(by: Current) -> str:
    """Return the case of a session under an emergency. Raises EntryRefused for any other."""
    if by.case is None or BREAK_GLASS not in by.roles:
        raise EntryRefused
    return by.case


def disable(
    registry: Registry, person_id: UUID, *, reason: str, by: Current, actor: Actor, now: datetime
) -> None:
    """Shut a person out. Raises EntryRefused, PersonUnknown, LastOfficer, AccountSealed."""
    _require(registry, person_id, by)
    people.disable(registry, person_id, actor=actor, now=now, reason=reason)


def end_sessions(
    registry: Registry, person_id: UUID, *, by: Current, actor: Actor, now: datetime
) -> int:
    """End a person's sessions; how many. Raises EntryRefused, PersonUnknown, AccountSealed."""
    _require(registry, person_id, by)
    return sessions.end_all(registry, person_id, actor=actor, now=now)


@refusing(EntryRefused)
def invite(registry: Registry, person_id: UUID, *, by: Current, actor: Actor, now: datetime) -> str:
    """Return a new enrolment link's token, and tell the person.

    Whoever was shut out comes back without roles and clearance, as everywhere.

    Raises:
        EntryRefused, PersonUnknown, PersonLocked, AccountSealed.
        LinkNeedsTwo: it is one officer too many.
    """
    _require(registry, person_id, by)
    with registry.ledger.begin() as tx:
        person = roles.locked_person(tx.session, person_id)
        if person.state == State.DISABLED:
            token = returning.restore_in(registry, tx, person_id, actor=actor, now=now)
        else:
            if roles.held_by(tx.session, person_id) & OFFICER_ROLES:
                _refuse_second_officer(registry, tx, person_id, by)
            links.refuse_if_locked(tx.session, person_id)
            token = links.issue_in(registry, tx, person_id, actor=actor, now=now)
        notices.tell(tx, person_id, "break_glass_link", now=now)
    return token


def _refuse_second_officer(
    registry: Registry, tx: Transaction, person_id: UUID, by: Current
) -> None:
    """Refuse a link for a second office of one opening, and for the two who opened it.

    A link makes its bearer the person, so that one account would hold all three offices; and
    the two have just shown that they have their factors.
    """
    opening = tx.session.scalars(
        select(Opening).where(
            Opening.account_id == by.person_id,
            Opening.opened_at.is_not(None),
            Opening.closed_at.is_(None),
        )
    ).one_or_none()
    if opening is None or opening.opened_at is None:
        raise EntryRefused
    attested.require(opening)
    since = opening.opened_at + min(registry.limits.enrolment_life, links.LONGEST)
    another = (
        select(Enrolment.id)
        .join(PersonRole, PersonRole.person_id == Enrolment.person_id)
        .where(
            Enrolment.person_id != person_id,
            Enrolment.expires >= since,  # hence made since the opening
            PersonRole.role.in_(OFFICER_ROLES),
        )
    )
    opened_it = person_id in {opening.proposed_by, opening.confirmed_by}
    if opened_it or tx.session.execute(another).first() is not None:
        raise LinkNeedsTwo


def _require(registry: Registry, person_id: UUID, by: Current) -> None:
    require_case(by)
    if people.by_id(registry, person_id) is None:
        raise PersonUnknown(person_id)
    with registry.store.reading() as session:
        if session.get(SealedAccount, person_id) is not None:
            raise AccountSealed(person_id)
