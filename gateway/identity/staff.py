"""Changing what is known of a person: name, unit, staff number. Rights are not changed here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import epoch, names, staff_numbers
from gateway.identity.apart import kept_apart
from gateway.identity.people import give_staff_number
from gateway.identity.registry import Registry
from gateway.identity.roles import locked_person
from gateway.identity.staff_numbers import StaffNumberTaken
from gateway.identity.tables import Person, Unit
from gateway.identity.units import UnitUnknown


def change(
    registry: Registry,
    person_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    name: str | None = None,
    unit: str | None = None,
    staff_number: str | None = None,
) -> bool:
    """Change what is given and differs, in one transaction; tell whether anything did.

    In another unit, the rules of the old one hold no longer, at once. An empty staff number
    takes a wrong one away; None leaves it.

    Raises:
        PersonUnknown, NameRefused, UnitUnknown, StaffNumberRefused, StaffNumberTaken.
    """
    with registry.ledger.begin() as tx:
        person = locked_person(tx.session, person_id)
        differs = False
        if name is not None and names.checked(name) != person.name:
            rename_in(tx, person, name, actor=actor, now=now)
            differs = True
        if unit is not None and unit != person.unit:
            move_in(tx, person, unit, actor=actor, now=now)
            differs = True
        was = person.staff_number or ""
        if staff_number is not None and staff_numbers.normal(staff_number) != was:
            number_in(registry, tx, person, staff_number, actor=actor, now=now)
            differs = True
        return differs


def rename_in(tx: Transaction, person: Person, name: str, *, actor: Actor, now: datetime) -> None:
    """Give a person another name, within a transaction."""
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
    """Put a person into another unit, within a transaction."""
    if tx.session.get(Unit, unit) is None:
        raise UnitUnknown(unit)
    with kept_apart(tx, now=now):
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
    """Give a person a staff number, within a transaction."""
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
