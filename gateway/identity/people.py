"""People: invited, enrolled, disabled, invited again. Nobody is ever deleted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import ending, epoch, links, logins, names, staff_numbers
from gateway.identity import roles as offices
from gateway.identity.apart import kept_apart
from gateway.identity.directory import PersonView, all_people, by_id, by_login
from gateway.identity.factor_views import factors
from gateway.identity.registry import Registry
from gateway.identity.roles import PersonUnknown, set_roles
from gateway.identity.staff_numbers import StaffNumberTaken
from gateway.identity.statements import changed
from gateway.identity.tables import MAX_CLEARANCE, PendingSignIn, Person, State, Unit
from gateway.identity.tables_guards import PersonLock
from gateway.identity.units import UnitUnknown
from gateway.refusals import Refused

__all__ = [
    "PersonUnknown",
    "PersonView",
    "all_people",
    "by_id",
    "by_login",
    "create",
    "disable",
    "factors",
    "set_roles",
]


STAFF_COLUMN = "person.staff_number"
"""Under which name the blind index of staff numbers is made."""


class LoginTaken(Refused):
    """Somebody has that login name already, perhaps somebody disabled."""

    code: ClassVar[str] = "login_taken"


class ClearanceRefused(Refused):
    """A clearance is a whole number from 0 to 4."""

    code: ClassVar[str] = "clearance_not_allowed"


def create(
    registry: Registry,
    *,
    login: str,
    name: str,
    unit: str,
    roles: Iterable[str],
    clearance: int,
    actor: Actor,
    now: datetime,
    staff_number: str | None = None,
) -> tuple[UUID, str]:
    """Invite a person; return the id and the token of a one-time enrolment link.

    Raises:
        LoginRefused, NameRefused, ClearanceRefused, RoleRefused, OfficersExclusive,
        UnitUnknown, LoginTaken, StaffNumberRefused, StaffNumberTaken.
    """
    with registry.ledger.begin() as tx:
        return create_in(
            registry,
            tx,
            login=login,
            name=name,
            unit=unit,
            roles=roles,
            clearance=clearance,
            staff_number=staff_number,
            actor=actor,
            now=now,
        )


def create_in(
    registry: Registry,
    tx: Transaction,
    *,
    login: str,
    name: str,
    unit: str,
    roles: Iterable[str],
    clearance: int,
    staff_number: str | None,
    actor: Actor,
    now: datetime,
) -> tuple[UUID, str]:
    """As `create`, within a transaction."""
    wanted = offices.checked(roles)
    person = _new_person(registry, login=login, name=name, unit=unit, clearance=clearance)
    person.created_at = now
    give_staff_number(registry, person, staff_number)
    if tx.session.get(Unit, unit) is None:
        raise UnitUnknown(unit)
    with kept_apart(tx, now=now):
        _insert(tx.session, person)
        offices.add(tx.session, person.id, wanted, zone=registry.zone)
        epoch.bump(tx)
    tx.record(
        "person.created",
        actor=actor,
        now=now,
        object=f"person:{person.id}",
        details={"unit": unit, "roles": sorted(wanted), "clearance": clearance},
        personal={
            "login": person.login,
            "name": person.name,
            **({"staff_number": person.staff_number} if person.staff_number else {}),
        },
    )
    token = links.issue_in(registry, tx, person.id, actor=actor, now=now)
    return person.id, token


def disable(
    registry: Registry, person_id: UUID, *, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Shut a person out at once: sessions, links and half-made sign-ins end with it.

    `reason` is the officer's own words; they are kept as personal.

    Raises:
        PersonUnknown, LastOfficer.
    """
    with registry.ledger.begin() as tx:
        disable_in(tx, person_id, actor=actor, now=now, reason=reason)


def disable_in(
    tx: Transaction, person_id: UUID, *, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """As `disable`, within a transaction."""
    person = offices.locked_person(tx.session, person_id)
    lock = tx.session.get(PersonLock, person_id)
    if lock is not None:  # for good now: no report opens the account again
        tx.session.delete(lock)
    elif person.state == State.DISABLED:
        return
    held = offices.held_by(tx.session, person_id)
    offices.refuse_if_last(tx.session, person, held)
    person.state = State.DISABLED
    person.disabled_at = now
    links.revoke_in(tx, person_id, now=now)
    changed(tx.session, delete(PendingSignIn).where(PendingSignIn.person_id == person_id))
    epoch.bump(tx)
    tx.record(
        "person.disabled",
        actor=actor,
        now=now,
        object=f"person:{person_id}",
        personal={"reason": reason} if reason else {},
    )
    everything = ending.others_of(person_id, keep=None)
    ending.end(tx, everything, why=ending.Why.DISABLED, actor=actor, now=now)


def _new_person(registry: Registry, *, login: str, name: str, unit: str, clearance: int) -> Person:
    if isinstance(clearance, bool) or clearance not in range(MAX_CLEARANCE + 1):
        raise ClearanceRefused(clearance)
    spelt = logins.checked(login)
    return Person(
        id=uuid4(),
        login=spelt,
        login_index=registry.vault.blind("person.login", spelt),
        name=names.checked(name),
        unit=unit,
        state=State.INVITED,
        clearance=clearance,
    )


def _insert(session: OrmSession, person: Person) -> None:
    """Insert; the index decides between two who choose one login at the same moment."""
    session.add(person)
    try:
        session.flush()
    except IntegrityError as clash:
        raise (StaffNumberTaken if "staff_index" in str(clash.orig) else LoginTaken) from None


def give_staff_number(registry: Registry, person: Person, typed: str | None) -> None:
    """Set the number on a row, or take it away. Raises StaffNumberRefused."""
    number = staff_numbers.checked(typed) if typed else None
    person.staff_number = number
    person.staff_index = None if number is None else registry.vault.blind(STAFF_COLUMN, number)
