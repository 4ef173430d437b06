"""Reading the people: opened rows as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from gateway.identity import logins
from gateway.identity.registry import Registry
from gateway.identity.tables import Person, PersonRole


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """A person as lists and pages show one. `state`: invited, active or disabled."""

    id: UUID
    login: str
    name: str
    unit: str
    roles: frozenset[str]
    clearance: int
    state: str
    created_at: datetime
    disabled_at: datetime | None
    staff_number: str | None = None

    @property
    def subject(self) -> str:
        """The person in rules and records: `person:<uuid>`."""
        return f"person:{self.id}"


def by_id(registry: Registry, person_id: UUID) -> PersonView | None:
    """Return a person; None if there is none."""
    with registry.store.reading() as session:
        return _one(session, session.get(Person, person_id))


def by_login(registry: Registry, login: str) -> PersonView | None:
    """Return the person of a login name in any spelling; None if there is none."""
    index = registry.vault.blind("person.login", logins.normal(login))
    statement = select(Person).where(Person.login_index == index)
    with registry.store.reading() as session:
        return _one(session, session.execute(statement).scalar_one_or_none())


def all_people(registry: Registry) -> Sequence[PersonView]:
    """Return everybody, by login name."""
    with registry.store.reading() as session:
        held: dict[UUID, set[str]] = {}
        for person_id, role in session.execute(select(PersonRole.person_id, PersonRole.role)):
            held.setdefault(person_id, set()).add(role)
        rows = session.execute(select(Person)).scalars()
        views = [_view(row, held.get(row.id, set())) for row in rows]
    return sorted(views, key=lambda view: view.login)


def _one(session: OrmSession, row: Person | None) -> PersonView | None:
    if row is None:
        return None
    held = select(PersonRole.role).where(PersonRole.person_id == row.id)
    return _view(row, set(session.execute(held).scalars()))


def _view(row: Person, held: set[str]) -> PersonView:
    return PersonView(
        id=row.id,
        login=row.login,
        name=row.name,
        unit=row.unit,
        roles=frozenset(held),
        clearance=row.clearance,
        state=row.state,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        staff_number=row.staff_number,
    )
