"""What sessions were confirmed for. A row counts only with the MAC that this zone gave it.

Whoever can write the database can neither make a proof, nor move one to another act or session,
nor make an old one young: session, act and moment are bound. Wrong codes are counted beside.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import aliased

from audit.ledger import Transaction
from gateway.identity import integrity
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Session
from gateway.identity.tables_fresh import FreshProof
from gateway.vault import attested
from gateway.vault.attested import ForgedRow


def is_fresh(registry: Registry, session_id: UUID, act: str, *, now: datetime) -> bool:
    """Tell whether a session was confirmed for an act within the zone's `fresh_life`."""
    own = select(FreshProof).where(FreshProof.session_id == session_id, FreshProof.act == act)
    at = _newest(registry, own, now)
    return at is not None and now - at < registry.limits.fresh_life


def act_of_service(slug: str) -> str:
    """The act that a proof for a service is bound to."""
    return f"service:{slug}"


def proved_for_service(
    registry: Registry, session_id: UUID, slug: str, now: datetime
) -> datetime | None:
    """Return when a service was last confirmed in a session, or in the one it was opened from."""
    parent = aliased(Session)
    above = (
        select(parent.id)
        .join(Session, Session.parent_hash == parent.token_hash)
        .where(Session.id == session_id)
    )
    either = select(FreshProof).where(
        (FreshProof.session_id == session_id) | FreshProof.session_id.in_(above),
        FreshProof.act == act_of_service(slug),
    )
    return _newest(registry, either, now)


def _newest(registry: Registry, which: Select[FreshProof], now: datetime) -> datetime | None:
    """Return the newest moment that this zone wrote; what it did not write is reported."""
    proved: list[datetime] = []
    forged: list[ForgedRow] = []
    with registry.store.reading() as session:
        for row in session.scalars(which):
            if not attested.fits(row):
                forged.append(ForgedRow(FreshProof.__tablename__, attested.key_of(row)))
            elif row.proved_at is not None:
                proved.append(row.proved_at)
    for each in forged:
        integrity.report(registry, each, now=now)
    return max(proved, default=None)


def failures(tx: Transaction, session_id: UUID) -> int:
    """Return how many wrong codes in a row a session has seen, whatever the acts."""
    counted = select(func.coalesce(func.sum(FreshProof.failures), 0))
    return int(tx.session.execute(counted.where(FreshProof.session_id == session_id)).scalar_one())


def keep(tx: Transaction, session_id: UUID, act: str, *, now: datetime) -> None:
    """Write a proof down, and forget the wrong codes before it. The session is locked."""
    row = _row(tx, session_id, act, now)
    row.proved_at = row.last_at = now
    tx.session.flush()
    of_session = FreshProof.session_id == session_id
    changed(tx.session, update(FreshProof).where(of_session).values(failures=0))


def count(tx: Transaction, session_id: UUID, act: str, *, now: datetime) -> None:
    """Count a wrong code. The session is locked."""
    row = _row(tx, session_id, act, now)
    row.failures += 1
    row.last_at = now


def forget(tx: Transaction, *, before: datetime) -> None:
    """Drop proofs that nobody can use any more: housekeeping."""
    changed(tx.session, delete(FreshProof).where(FreshProof.last_at < before))


def _row(tx: Transaction, session_id: UUID, act: str, now: datetime) -> FreshProof:
    """Return the row of a proof; one that was forged gives way to a new one, never its MAC."""
    row = tx.session.get(FreshProof, (session_id, act))
    if row is not None and not attested.fits(row):
        tx.session.delete(row)
        tx.session.flush()
        row = None
    if row is None:
        row = FreshProof(session_id=session_id, act=act, failures=0, proved_at=None, last_at=now)
        tx.session.add(row)
    return row
