"""What two officers decide together: a factor reset in person, and who gets an office.

    open (one officer) → confirm (another officer, in another office) | refuse | withdraw | lapse

A reset is confirmed while the person is present: the link that follows lives for minutes and is
shown once, to the officer who confirmed. It replaces the factors and leaves the password, unless
the person has forgotten that, too. Nobody is two of opener, confirmer and the person concerned.
Source: GB/T 22239-2019, 8.1.5; NIST SP 800-63B-4, 4.2; OWASP ASVS 5.0, 6.4.3, 6.4.4, 6.4.6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import links, notices, roles
from gateway.identity.agreement import OpenerLeft, in_office, record_left
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.integrity import refusing
from gateway.identity.officer_case_refusals import (
    CaseOfficers,
    CasePerson,
    CaseTerms,
    CaseUnknown,
    OfficeNeedsTwo,
    OfficeUnnumbered,
)
from gateway.identity.officer_case_rows import close, open_case, require, waiting
from gateway.identity.registry import Registry
from gateway.identity.tables import Password, State
from gateway.identity.tables_break_glass import SealedAccount
from gateway.identity.tables_officers import OfficerCase

SYSTEM, SECURITY, AUDITOR = "system_admin", "security_admin", "auditor"
LINK_LIFE = timedelta(minutes=15)
"""Of a reset's link: the person is there, with the new device in hand."""


class Document(StrEnum):
    """By what the first officer knew the person, who stood before them."""

    ID_CARD = "id_card"
    STAFF_CARD = "staff_card"
    PASSPORT = "passport"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmed case. `token` is that of a reset's link, None for an office."""

    person_id: UUID
    expires: datetime | None = None
    token: str | None = field(default=None, repr=False)


def openers(kind: str, offices: frozenset[str]) -> frozenset[str]:
    """The offices that may open a case about somebody who holds `offices`.

    A reset is the system administrator's act; that of an officer is done by the other two.
    """
    if kind == "office":
        return frozenset({SECURITY})
    return frozenset({SECURITY}) if SYSTEM in offices else frozenset({SYSTEM})


def confirmers(kind: str, offices: frozenset[str]) -> frozenset[str]:
    """The offices that may confirm it; never the one that opened it."""
    if kind == "office":
        return frozenset({SYSTEM})
    return frozenset({AUDITOR}) if offices & {SYSTEM, SECURITY} else frozenset({SECURITY})


def open_reset(
    registry: Registry,
    person_id: UUID,
    *,
    document: str,
    forget_password: bool,
    reason: str,
    by: UUID,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Open a factor reset for somebody who stands before the officer.

    Raises:
        CaseTerms, PersonUnknown, CasePerson, CaseOfficers, CaseOpen, StandingBroken.
    """
    if document not in {each.value for each in Document}:
        raise CaseTerms
    with registry.ledger.begin() as tx:
        person = roles.locked_person(tx.session, person_id)
        held = roles.held_by(tx.session, person_id)
        if person.state == State.DISABLED or tx.session.get(SealedAccount, person_id) is not None:
            raise CasePerson(person_id)
        if person.state == State.INVITED and not held & OFFICER_ROLES:
            raise CasePerson(person_id)  # one officer gives a new link
        links.refuse_if_locked(tx.session, person_id)
        require(tx.session, by, person_id, openers("reset", held))
        no_password = tx.session.get(Password, person_id) is None
        case = OfficerCase(
            kind="reset",
            person_id=person_id,
            document=document,
            forget_password=forget_password or no_password,
        )
        open_case(tx, case, reason, by=by, now=now)
        tx.record(
            "reset.opened",
            actor=actor,
            now=now,
            object=f"person:{person_id}",
            details={
                "case": str(case.id),
                "document": document,
                "forget_password": case.forget_password,
            },
            personal={"reason": case.reason},
        )
        return case.id


def propose_office(
    registry: Registry,
    person_id: UUID,
    office: str,
    *,
    reason: str,
    by: UUID,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Propose that somebody gets one of the three offices, and gives up every other role.

    Raises:
        CaseTerms, PersonUnknown, CasePerson, OfficeUnnumbered, CaseOfficers, CaseOpen,
        LastOfficer: the person is the last one in another office.
    """
    if office not in OFFICER_ROLES:
        raise OfficeNeedsTwo(office)
    with registry.ledger.begin() as tx:
        person = roles.locked_person(tx.session, person_id)
        held = roles.held_by(tx.session, person_id)
        sealed = tx.session.get(SealedAccount, person_id) is not None
        if sealed or person.state == State.DISABLED or office in held:
            raise CasePerson(person_id)
        if not person.staff_number:
            raise OfficeUnnumbered(person_id)
        require(tx.session, by, person_id, openers("office", held))
        roles.refuse_if_last(tx.session, person, held)
        case = OfficerCase(kind="office", person_id=person_id, role=office, forget_password=False)
        open_case(tx, case, reason, by=by, now=now)
        tx.record(
            "office.proposed",
            actor=actor,
            now=now,
            object=f"person:{person_id}",
            details={"case": str(case.id), "office": office},
            personal={"reason": case.reason},
        )
        return case.id


@refusing(CaseUnknown)
def confirm(
    registry: Registry, case_id: UUID, *, by: UUID, actor: Actor, now: datetime
) -> Confirmed:
    """Confirm as the second officer; of a reset return the link, which is shown once.

    Raises:
        CaseUnknown, CaseOver, CaseOfficers, CasePerson, LastOfficer, StandingBroken.
        OpenerLeft: whoever opened it is in that office no more. It is on record.
    """
    confirmed: Confirmed | None = None
    with registry.ledger.begin() as tx:
        case, person = waiting(tx.session, case_id, now)
        held = roles.held_by(tx.session, person.id)
        require(tx.session, by, person.id, confirmers(case.kind, held))
        if by == case.opened_by:
            raise CaseOfficers(case_id)
        if person.state == State.DISABLED:
            raise CasePerson(person.id)
        if in_office(tx.session, case.opened_by, openers(case.kind, held)):
            case.state, case.closed_at, case.closed_by = "confirmed", now, by
            give = _give_office if case.kind == "office" else _give_link
            confirmed = give(registry, tx, case, actor=actor, now=now)
        else:
            about, opener = f"person:{person.id}", f"person:{case.opened_by}"
            record_left(tx, case.kind, opener, about=about, actor=actor, now=now)
    if confirmed is None:
        raise OpenerLeft(case_id)
    return confirmed


@refusing(CaseUnknown)
def end(registry: Registry, case_id: UUID, *, by: UUID, actor: Actor, now: datetime) -> None:
    """Refuse a case as an officer, or take one's own back.

    Raises:
        CaseUnknown, CaseOver, CaseOfficers: the person concerned does not decide.
    """
    with registry.ledger.begin() as tx:
        case, person = waiting(tx.session, case_id, now)
        if by != case.opened_by:
            require(tx.session, by, person.id, OFFICER_ROLES)
        state = "withdrawn" if by == case.opened_by else "refused"
        close(tx, case, state, by=by, actor=actor, now=now)


def sweep(registry: Registry, *, now: datetime) -> int:
    """Write down as lapsed what nobody confirmed in time; return how many."""
    over = select(OfficerCase.id).where(OfficerCase.state == "open", OfficerCase.lapses_at <= now)
    with registry.store.reading() as session:
        found = session.scalars(over).all()
    for case_id in found:
        with registry.ledger.begin() as tx:
            case = tx.session.get(OfficerCase, case_id, with_for_update=True)
            if case is not None and case.state == "open":
                actor = Actor(subject="system:housekeeping")
                close(tx, case, "lapsed", by=None, actor=actor, now=now)
    return len(found)


def _give_office(
    registry: Registry, tx: Transaction, case: OfficerCase, *, actor: Actor, now: datetime
) -> Confirmed:
    assert case.role is not None
    roles.set_in(registry, tx, case.person_id, frozenset({case.role}), actor=actor, now=now)
    details = {"case": str(case.id), "office": case.role}
    who = f"person:{case.person_id}"
    tx.record("office.confirmed", actor=actor, now=now, object=who, details=details)
    notices.tell(tx, case.person_id, "office_given", now=now, office=case.role)
    return Confirmed(case.person_id)


def _give_link(
    registry: Registry, tx: Transaction, case: OfficerCase, *, actor: Actor, now: datetime
) -> Confirmed:
    tx.record(
        "reset.confirmed",
        actor=actor,
        now=now,
        object=f"person:{case.person_id}",
        details={"case": str(case.id)},
    )
    token = links.issue_in(
        registry,
        tx,
        case.person_id,
        actor=actor,
        now=now,
        life=LINK_LIFE,
        factors_only=not case.forget_password,
    )
    notices.tell(tx, case.person_id, "reset_confirmed", now=now)
    return Confirmed(case.person_id, now + LINK_LIFE, token)
