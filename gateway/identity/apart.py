"""Duties that nobody may hold together, held where roles and units are given.

The version in force says which (`s, held, …`, `policies.duties`); a change of the rules is
held against them at its publication. Without such a duty this costs one indexed look.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from gateway.identity.tables import Person, PersonRole, State, Unit
from gateway.identity.tables_guards import PersonLock
from gateway.refusals import Refused
from policies import versions
from policies.change import sides
from policies.change.separation import united
from policies.memberships import Memberships
from policies.rules import RuleSet

_LOOKED_AFTER = "kept_apart"


class DutiesUnited(Refused):
    """Somebody would hold both sides of what the rules in force keep apart."""

    code: ClassVar[str] = "duties_united"


@contextmanager
def kept_apart(tx: Transaction, *, now: datetime) -> Iterator[None]:
    """Refuse what is done inside if somebody unites a duty by it who did not before.

    Inside, the zone's epoch is moved: so two such changes are made one after the other. Of
    several within one another the outermost looks, once for them all.

    Raises:
        DutiesUnited: names the duty.
    """
    if _LOOKED_AFTER in tx.session.info or not versions.holds_duties(tx.session):
        yield
        return
    before = _united(tx.session, now)
    tx.session.info[_LOOKED_AFTER] = True
    try:
        yield
    finally:
        del tx.session.info[_LOOKED_AFTER]
    tx.session.flush()
    fresh = sorted(_united(tx.session, now) - before)
    if fresh:
        raise DutiesUnited(fresh[0][1])


def _united(session: Session, now: datetime) -> frozenset[tuple[str, str]]:
    rules = versions.current(session) or RuleSet()
    state = sides.State(rules, _everybody(session))
    found = united(state, since=int(now.timestamp()), duties=rules.duties)
    return frozenset((each.person, each.duty.line) for each in found)


def _everybody(session: Session) -> Memberships:
    """As `memberships`, with those who are invited or locked: what they hold they will use."""
    locked = Person.id.in_(select(PersonLock.person_id))
    living = or_(Person.state != State.DISABLED, locked)
    people = session.execute(select(Person.id, Person.unit).where(living))
    roles = session.execute(
        select(PersonRole.person_id, PersonRole.role, PersonRole.zone)
        .join(Person, Person.id == PersonRole.person_id)
        .where(living)
    )
    tree = session.execute(select(Unit.slug, Unit.parent).where(Unit.parent.is_not(None)))
    return Memberships(
        roles=tuple((f"person:{who}", f"role:{role}", zone) for who, role, zone in roles),
        units=(
            *((f"person:{who}", f"unit:{unit}") for who, unit in people),
            *((f"unit:{child}", f"unit:{parent}") for child, parent in tree),
        ),
    )
