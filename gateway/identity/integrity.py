"""Rows that this zone did not write: refused, recorded once, told to every officer, mended.

Whoever can write the database but has no key can make such a row, and nothing comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from sqlalchemy import delete, select

from audit.record import Actor
from gateway.identity import epoch, notices, standing
from gateway.identity.current import find_row, require_whole
from gateway.identity.registry import Registry
from gateway.identity.roles import PersonUnknown, active_officers, held_by
from gateway.identity.statements import changed, insert_if_new
from gateway.identity.tables import Person, Session
from gateway.identity.tables_officers import Forgery
from gateway.refusals import Refused
from gateway.vault.attested import ForgedRow
from gateway.vault.columns import reseal

P = ParamSpec("P")
T = TypeVar("T")
_SYSTEM = Actor(subject="system:integrity")
PERSON = "person"


def refusing(
    refusal: type[Refused],
) -> Callable[[Callable[Concatenate[Registry, P], T]], Callable[Concatenate[Registry, P], T]]:
    """Mark a use case: a forged row is reported, and answered like something unknown."""

    def mark(use: Callable[Concatenate[Registry, P], T]) -> Callable[Concatenate[Registry, P], T]:
        @wraps(use)
        def watched(registry: Registry, *arguments: P.args, **named: P.kwargs) -> T:
            try:
                return use(registry, *arguments, **named)
            except ForgedRow as forged:
                now: Any = named["now"]
                report(registry, forged, now=now)
                raise refusal from None

        return cast("Callable[Concatenate[Registry, P], T]", watched)

    return mark


def report(registry: Registry, forged: ForgedRow, *, now: datetime) -> bool:
    """Record a forged row and tell every active officer, the first time it is met."""
    with registry.ledger.begin(unaudited_because="it is on record already") as tx:
        key = {"table_name": forged.table, "row_key": forged.key[:80]}
        if not insert_if_new(tx.session, Forgery, {**key, "found_at": now}):
            return False
        tx.record(
            "row.forged",
            actor=_SYSTEM,
            now=now,
            outcome="denied",
            object=f"{forged.table}:{forged.key}",
        )
        for officer in active_officers(tx.session):
            notices.tell(tx, officer, "row_forged", now=now, table=forged.table)
        return True


def sweep(registry: Registry, *, now: datetime) -> int:
    """Look at everybody's standing and at every session that is not ended; return what is new."""
    with registry.store.reading() as session:
        found = [ForgedRow(PERSON, str(each)) for each in standing.broken(session)]
        lost = set(standing_keys(found))
        live = select(Session.token_hash).where(Session.ended_at.is_(None))
        for token_hash in session.scalars(live).all():
            row = find_row(session.connection(), token_hash)
            if row is None or str(row.person_id) in lost:
                continue
            try:
                require_whole(row, registry.vault)
            except ForgedRow as forged:
                found.append(forged)
    return sum(report(registry, each, now=now) for each in found)


def standing_keys(found: Sequence[ForgedRow]) -> Sequence[str]:
    """The keys of the people among forged rows."""
    return [each.key for each in found if each.table == PERSON]


def mend(registry: Registry, person_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Accept a person's standing as it is in the database, after somebody has looked at it.

    Raises:
        PersonUnknown.
    """
    with registry.ledger.begin() as tx:
        person = tx.session.get(Person, person_id, with_for_update=True)
        if person is None:
            raise PersonUnknown(person_id)
        standing.believe(tx.session, [person_id])
        reseal(person)
        changed(
            tx.session,
            delete(Forgery).where(Forgery.table_name == PERSON, Forgery.row_key == str(person_id)),
        )
        epoch.bump(tx)
        tx.record(
            "person.mended",
            actor=actor,
            now=now,
            object=f"person:{person_id}",
            details={
                "roles": sorted(held_by(tx.session, person_id)),
                "state": person.state,
                "unit": person.unit,
                "clearance": person.clearance,
            },
        )
