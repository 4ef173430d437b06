"""What two officers agree on stands only while both of them are in office.

Between the first word and the second there are hours. Whoever proposed may have left the office
since, or been shut out because somebody else used their account: then nothing comes of it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import roles, standing
from gateway.identity.tables import Person, State
from gateway.refusals import Refused


class OpenerLeft(Refused):
    """Whoever proposed it is no longer active in that office."""

    code: ClassVar[str] = "opener_left"


def in_office(session: OrmSession, person_id: UUID, offices: Collection[str]) -> bool:
    """Tell whether a person is active in one of the offices now, and this zone put them there."""
    person = session.get(Person, person_id)
    if person is None or person.state != State.ACTIVE:
        return False
    held = roles.held_by(session, person_id)
    return not held.isdisjoint(offices) and not standing.broken(session, [person_id])


def subject_in_office(session: OrmSession, subject: str, office: str) -> bool:
    """As `in_office`, of a subject as the log names it: `person:<uuid>`; nobody else has one."""
    kind, _, rest = subject.partition(":")
    try:
        return kind == "person" and in_office(session, UUID(rest), {office})
    except ValueError:
        return False


def record_left(
    tx: Transaction, what: str, opener: str, *, about: str, actor: Actor, now: datetime
) -> None:
    """Put on record that the second officer could not confirm; the caller raises OpenerLeft."""
    tx.record(
        "agreement.refused",
        actor=actor,
        now=now,
        outcome="denied",
        object=about,
        reason=OpenerLeft.code,
        details={"what": what, "opener": opener},
    )
