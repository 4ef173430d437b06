"""Roles of people: the three officers are three natural persons, and there is always one left.

Who holds an office holds nothing else: no second office, and no business role (三员分立).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor, Json
from gateway.identity import ending, epoch, standing
from gateway.identity.apart import kept_apart
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.registry import Registry
from gateway.identity.tables import Person, PersonRole, State, Totp
from gateway.refusals import Refused
from gateway.vault.columns import reseal
from policies.vocabulary import is_role


class RoleRefused(Refused):
    """A role's name is 1 to 40 of `a-z0-9_-`, beginning with a letter."""

    code: ClassVar[str] = "role_not_allowed"


class OfficersExclusive(Refused):
    """Who holds one of the three offices holds no second one, and no other role."""

    code: ClassVar[str] = "officers_exclusive"


class LastOfficer(Refused):
    """Nobody else active holds that officer's role: hand it over first."""

    code: ClassVar[str] = "last_officer"


class PersonUnknown(Refused):
    """There is no such person."""

    code: ClassVar[str] = "person_unknown"


def checked(roles: Iterable[str]) -> frozenset[str]:
    """Return role names that one person may hold. Raises RoleRefused, OfficersExclusive."""
    wanted = frozenset(roles)
    for role in sorted(wanted):
        if not is_role(f"role:{role}"):
            raise RoleRefused(role)
    if wanted & OFFICER_ROLES and len(wanted) > 1:
        raise OfficersExclusive(*sorted(wanted))
    return wanted


def lock_officers(session: OrmSession) -> None:
    """Lock everybody who holds an office, in one order: before any other lock on people.

    Else two officers could remove each other at once, or wait for each other for ever.
    """
    officers = (
        select(Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role.in_(OFFICER_ROLES))
        .order_by(Person.id)
        .with_for_update(of=Person)
    )
    session.execute(officers).all()


def locked_person(session: OrmSession, person_id: UUID) -> Person:
    """Return a person for a change, after locking the officers.

    Raises:
        PersonUnknown, StandingBroken.
    """
    lock_officers(session)
    person = session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise PersonUnknown(person_id)
    standing.require(session, person_id)
    return person


def active_officers(session: OrmSession) -> Sequence[UUID]:
    """Return everybody active in one of the three offices."""
    statement = (
        select(Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role.in_(OFFICER_ROLES), Person.state == State.ACTIVE)
        .order_by(Person.id)
    )
    return session.scalars(statement).all()


def held_by(session: OrmSession, person_id: UUID) -> frozenset[str]:
    """Return the names of a person's roles."""
    statement = select(PersonRole.role).where(PersonRole.person_id == person_id)
    return frozenset(session.execute(statement).scalars())


def refuse_if_last(session: OrmSession, person: Person, lost: Collection[str]) -> None:
    """Refuse to take the last active holder's office. Raises LastOfficer.

    Who cannot sign in, since the factor is disabled, does not count as somebody left; nor does
    whom the database names an officer and this zone does not.
    """
    if person.state != State.ACTIVE:
        return
    for role in sorted(OFFICER_ROLES.intersection(lost)):
        another = (
            select(Person.id)
            .join(PersonRole, PersonRole.person_id == Person.id)
            .outerjoin(Totp, Totp.person_id == Person.id)
            .where(
                PersonRole.role == role,
                Person.state == State.ACTIVE,
                Person.id != person.id,
                Totp.disabled_at.is_(None),
            )
        )
        left = set(session.scalars(another)) - set(standing.forged(session))
        if not left:
            raise LastOfficer(role)


def add(session: OrmSession, person_id: UUID, roles: Iterable[str], *, zone: str) -> None:
    """Give roles to a person."""
    session.add_all(PersonRole(person_id=person_id, role=r, zone=zone) for r in sorted(roles))


def set_roles(
    registry: Registry, person_id: UUID, roles: Iterable[str], *, actor: Actor, now: datetime
) -> None:
    """Give a person exactly these roles. A change ends the person's sessions.

    Raises:
        PersonUnknown, RoleRefused, OfficersExclusive, LastOfficer, DutiesUnited.
    """
    wanted = checked(roles)
    with registry.ledger.begin() as tx:
        set_in(registry, tx, person_id, wanted, actor=actor, now=now)


def set_in(
    registry: Registry,
    tx: Transaction,
    person_id: UUID,
    wanted: frozenset[str],
    *,
    actor: Actor,
    now: datetime,
    clearance: int | None = None,
    reason: str = "",
) -> bool:
    """As `set_roles`, within a transaction, with a clearance; tell whether anything changed."""
    person = locked_person(tx.session, person_id)
    held = held_by(tx.session, person_id)
    was, becomes = person.clearance, person.clearance if clearance is None else clearance
    if (held, was) == (wanted, becomes):
        return False
    refuse_if_last(tx.session, person, held - wanted)
    with kept_apart(tx, now=now):
        drop(tx.session, person_id, held - wanted)
        add(tx.session, person_id, wanted - held, zone=registry.zone)
        person.clearance = becomes
        reseal(person)  # another version, so that the old standing never comes back
        epoch.bump(tx)
    details: dict[str, Json] = {"gained": sorted(wanted - held), "lost": sorted(held - wanted)}
    if becomes != was:
        details |= {"clearance": becomes, "was": was}
    tx.record(
        "person.roles_changed",
        actor=actor,
        now=now,
        object=f"person:{person_id}",
        details=details,
        personal={"reason": reason} if reason else {},
    )
    everything = ending.others_of(person_id, keep=None)
    ending.end(tx, everything, why=ending.Why.ROLES, actor=actor, now=now)
    return True


def drop(session: OrmSession, person_id: UUID, roles: Collection[str]) -> None:
    """Take roles away, at once: the database itself refuses an office beside another role."""
    held = select(PersonRole).where(PersonRole.person_id == person_id, PersonRole.role.in_(roles))
    for row in session.scalars(held):
        session.delete(row)
    session.flush()
