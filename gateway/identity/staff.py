"""Changing what is known of a person: name, unit, staff number. Rights are not changed here."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import epoch, names
from gateway.identity.people import give_staff_number
from gateway.identity.registry import Registry
from gateway.identity.roles import locked_person
from gateway.identity.staff_numbers import StaffNumberTaken
from gateway.identity.tables import Person, Unit
from gateway.identity.units import UnitUnknown
from gateway.refusals import Refused


class NothingChanged(Refused):
    """It is so already; nothing was changed."""

    code: ClassVar[str] = "nothing_changed"


def rename(registry: Registry, person_id: UUID, *, name: str, actor: Actor, now: datetime) -> None:
    """Give a person another name; login and rights stay.

    Raises:
        PersonUnknown, NameRefused, NothingChanged.
    """
    with registry.ledger.begin() as tx:
        person = locked_person(tx.session, person_id)
        if names.checked(name) == person.name:
            raise NothingChanged
        rename_in(tx, person, name, actor=actor, now=now)


def move(registry: Registry, person_id: UUID, *, unit: str, actor: Actor, now: datetime) -> None:
    """Put a person into another unit: rules of the old one hold no longer, at once.

    Raises:
        PersonUnknown, UnitUnknown, NothingChanged.
    """
    with registry.ledger.begin() as tx:
        person = locked_person(tx.session, person_id)
        if unit == person.unit:
            raise NothingChanged
        move_in(tx, person, unit, actor=actor, now=now)


def number(
    registry: Registry, person_id: UUID, *, staff_number: str, actor: Actor, now: datetime
) -> None:
    """Give a person the staff number, once; a wrong one is corrected the same way.

    Raises:
        PersonUnknown, StaffNumberRefused, StaffNumberTaken.
    """
    with registry.ledger.begin() as tx:
        person = locked_person(tx.session, person_id)
        number_in(registry, tx, person, staff_number, actor=actor, now=now)


def rename_in(tx: Transaction, person: Person, name: str, *, actor: Actor, now: datetime) -> None:
    """As `rename`, within a transaction."""
    was, person.name = person.name, names.checked(name)
    epoch.bump(tx)
    tx.record(
        "person.renamed",
        actor=actor,
        now=now,
        object=f"person:{person.id}",
        personal={"was": was, "name": person.name},
    )


def move_in(tx: Transaction, person: Person, unit: str, *, actor: Actor, now: datetime) -> None:
    """As `move`, within a transaction."""
    if tx.session.get(Unit, unit) is None:
        raise UnitUnknown(unit)
    was, person.unit = person.unit, unit
    epoch.bump(tx)
    tx.record(
        "person.moved",
        actor=actor,
        now=now,
        object=f"person:{person.id}",
        details={"unit": unit, "was": was},
    )


def number_in(
    registry: Registry,
    tx: Transaction,
    person: Person,
    staff_number: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """As `number`, within a transaction."""
    give_staff_number(registry, person, staff_number)
    try:
        tx.session.flush()
    except IntegrityError:
        raise StaffNumberTaken from None
    epoch.bump(tx)
    tx.record(
        "person.numbered",
        actor=actor,
        now=now,
        object=f"person:{person.id}",
        personal={"staff_number": person.staff_number or ""},
    )
