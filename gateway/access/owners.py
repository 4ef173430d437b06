"""Who decides on a service: service owners of the unit in charge (谁主管) or of one above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session as OrmSession

from gateway.access.tables import ServiceRow
from gateway.identity.tables import Person, PersonRole, State, Unit

ROLE = "service_owner"
"""The business role without its prefix."""

_UNIT = "unit:"


def of_unit(session: OrmSession, in_charge: str) -> Sequence[UUID]:
    """Return the people who decide for `unit:<slug>`: active, not locked, nearest or above."""
    units = above(session, in_charge.removeprefix(_UNIT))
    statement = living_with(ROLE).where(Person.unit.in_(units)).order_by(Person.id)
    return session.scalars(statement).all()


def decides_for(session: OrmSession, person_id: UUID, in_charge: str) -> bool:
    """Tell whether a person decides for `unit:<slug>` at this moment."""
    units = above(session, in_charge.removeprefix(_UNIT))
    mine = living_with(ROLE).where(Person.id == person_id, Person.unit.in_(units))
    return session.scalar(mine) is not None


def living_with(role: str) -> Select[UUID]:
    """Select the ids of the people who hold a role and can sign in."""
    return (
        select(Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role == role, Person.state == State.ACTIVE)
    )


def above(session: OrmSession, slug: str) -> Sequence[str]:
    """Return a unit's slug and those of all units above it, the nearest first."""
    parents: dict[str, str | None] = {
        row.slug: row.parent for row in session.execute(select(Unit.slug, Unit.parent))
    }
    found: list[str] = []
    unit: str | None = slug
    while unit is not None and unit in parents and unit not in found:
        found.append(unit)
        unit = parents[unit]
    return found


def by_service(session: OrmSession) -> Mapping[str, frozenset[UUID]]:
    """Return for every service the people who decide for it."""
    holders = select(Person.id, Person.unit).where(Person.id.in_(living_with(ROLE)))
    people = session.execute(holders).all()
    found: dict[str, frozenset[UUID]] = {}
    for slug, in_charge in session.execute(select(ServiceRow.slug, ServiceRow.in_charge)):
        units = above(session, in_charge.removeprefix(_UNIT))
        found[slug] = frozenset(who for who, unit in people if unit in units)
    return found


def services_of(session: OrmSession, person_id: UUID) -> Sequence[str]:
    """Return the slugs of the services that a person decides for."""
    return [slug for slug, people in by_service(session).items() if person_id in people]
