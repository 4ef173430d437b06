"""Who holds which role and belongs to which unit, as the policy engine wants it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.identity.tables import Person, PersonRole, State, Unit
from policies.engine import Memberships


def memberships(session: Session) -> Memberships:
    """Return the memberships of all active people, and the tree of units, with prefixed ids.

    Who is not active is not named at all, so that the engine does not know them.
    """
    active = Person.state == State.ACTIVE
    roles = session.execute(
        select(PersonRole.person_id, PersonRole.role, PersonRole.zone)
        .join(Person, Person.id == PersonRole.person_id)
        .where(active)
        .order_by(PersonRole.person_id, PersonRole.role)
    )
    people = session.execute(select(Person.id, Person.unit).where(active).order_by(Person.id))
    units = session.execute(
        select(Unit.slug, Unit.parent).where(Unit.parent.is_not(None)).order_by(Unit.slug)
    )
    return Memberships(
        roles=tuple((f"person:{who}", f"role:{role}", zone) for who, role, zone in roles),
        units=(
            *((f"person:{who}", f"unit:{unit}") for who, unit in people),
            *((f"unit:{child}", f"unit:{parent}") for child, parent in units),
        ),
    )
