"""Roles of people: the three officers are three natural persons, and there is always one left."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import ending, epoch
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Person, PersonRole, State
from gateway.refusals import Refused
from policies.vocabulary import is_role


class RoleRefused(Refused):
    """A role's name is 1 to 40 of `a-z0-9_-`, beginning with a letter."""

    code: ClassVar[str] = "role_not_allowed"


class OfficersExclusive(Refused):
    """No person may be two of system administrator, security administrator and auditor."""

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
    if len(wanted & OFFICER_ROLES) > 1:
        raise OfficersExclusive(*sorted(wanted & OFFICER_ROLES))
    return wanted


def locked_person(session: OrmSession, person_id: UUID) -> Person:
    """Return a person for a change, after locking everybody who holds an officer's role.

    All in one order: else two officers could disable each other at once.
    """
    officers = (
        select(Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role.in_(OFFICER_ROLES))
        .order_by(Person.id)
        .with_for_update(of=Person)
    )
    session.execute(officers).all()
    person = session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise PersonUnknown(person_id)
    return person


def held_by(session: OrmSession, person_id: UUID) -> frozenset[str]:
    """Return the names of a person's roles."""
    statement = select(PersonRole.role).where(PersonRole.person_id == person_id)
    return frozenset(session.execute(statement).scalars())


def refuse_if_last(session: OrmSession, person: Person, lost: Collection[str]) -> None:
    """Refuse to take the last active holder's office. Raises LastOfficer."""
    if person.state != State.ACTIVE:
        return
    for role in sorted(OFFICER_ROLES.intersection(lost)):
        another = (
            select(Person.id)
            .join(PersonRole, PersonRole.person_id == Person.id)
            .where(PersonRole.role == role, Person.state == State.ACTIVE, Person.id != person.id)
        )
        if session.execute(another).first() is None:
            raise LastOfficer(role)


def add(session: OrmSession, person_id: UUID, roles: Iterable[str], *, zone: str) -> None:
    """Give roles to a person."""
    session.add_all(PersonRole(person_id=person_id, role=r, zone=zone) for r in sorted(roles))


def set_roles(
    registry: Registry, person_id: UUID, roles: Iterable[str], *, actor: Actor, now: datetime
) -> None:
    """Give a person exactly these roles. A change ends the person's sessions.

    Raises:
        PersonUnknown, RoleRefused, OfficersExclusive, LastOfficer.
    """
    wanted = checked(roles)
    with registry.ledger.begin() as tx:
        person = locked_person(tx.session, person_id)
        held = held_by(tx.session, person_id)
        if held != wanted:
            refuse_if_last(tx.session, person, held - wanted)
            _change(registry, tx, person_id, lost=held - wanted, gained=wanted - held)
            _record(tx, person_id, held=held, wanted=wanted, actor=actor, now=now)


def _change(
    registry: Registry,
    tx: Transaction,
    person_id: UUID,
    *,
    lost: frozenset[str],
    gained: frozenset[str],
) -> None:
    # The old office goes first: the database itself refuses two at once.
    changed(
        tx.session,
        delete(PersonRole).where(PersonRole.person_id == person_id, PersonRole.role.in_(lost)),
    )
    add(tx.session, person_id, gained, zone=registry.zone)


def _record(
    tx: Transaction,
    person_id: UUID,
    *,
    held: frozenset[str],
    wanted: frozenset[str],
    actor: Actor,
    now: datetime,
) -> None:
    epoch.bump(tx)
    tx.record(
        "person.roles_changed",
        actor=actor,
        now=now,
        object=f"person:{person_id}",
        details={"gained": sorted(wanted - held), "lost": sorted(held - wanted)},
    )
    everything = ending.others_of(person_id, keep=None)
    ending.end(tx, everything, why=ending.Why.ROLES, actor=actor, now=now)
