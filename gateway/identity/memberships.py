"""Who holds which role and belongs to which unit, as the policy engine wants it."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.identity import standing
from gateway.identity.tables import Unit
from policies.engine import Memberships

log = logging.getLogger("hangu.identity")


def memberships(session: Session) -> Memberships:
    """Return the memberships of all active people, and the tree of units, with prefixed ids.

    Who is not active is not named at all, so that the engine does not know them; nor is whose
    standing this zone did not give.
    """
    people, roles = [], []
    for row, held in standing.active(session):
        if not standing.fits_row(standing.vault_of(session), row, held):
            log.error("the standing of person:%s was not given by this zone", row.id)
            continue
        people.append((f"person:{row.id}", f"unit:{row.unit}"))
        for role, _, zone in sorted(each.partition("@") for each in held):
            roles.append((f"person:{row.id}", f"role:{role}", zone))
    units = session.execute(
        select(Unit.slug, Unit.parent).where(Unit.parent.is_not(None)).order_by(Unit.slug)
    )
    return Memberships(
        roles=tuple(roles),
        units=(*people, *((f"unit:{child}", f"unit:{parent}") for child, parent in units)),
    )
