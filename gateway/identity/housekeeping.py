"""What has run out is written down as ended, and what is of no more use is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from audit.record import Actor
from gateway.identity import (
    attempts,
    authenticator,
    challenges,
    devices,
    ending,
    fresh,
    notices,
    throttle,
)
from gateway.identity.current import ends_at, find_row, is_officer
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Enrolment, PendingSignIn, Session, Ticket

BATCH = 500
KEPT = timedelta(days=1)
"""How long a dead link or ticket stays, so that its second use is known for what it is."""

_SYSTEM = Actor(subject="system:housekeeping")
_DEAD = "what has expired opens nothing any more"


def sweep(registry: Registry, *, now: datetime) -> int:
    """End the sessions whose time is over, drop what has expired; return how many ended."""
    ended = _end_expired(registry, now=now)
    registry.tally.flush(registry.ledger, now=now)
    with registry.ledger.begin(unaudited_because=_DEAD) as tx:
        changed(tx.session, delete(PendingSignIn).where(PendingSignIn.expires <= now))
        changed(tx.session, delete(Ticket).where(Ticket.expires <= now - KEPT))
        changed(tx.session, delete(Enrolment).where(Enrolment.expires <= now - KEPT))
        throttle.forget(tx.session, now=now)
        devices.forget_stale(tx.session, now=now)
        attempts.forget(tx.session, now=now)
        notices.forget(tx, now=now)
        fresh.forget(tx, now=now)
        challenges.forget(tx, now=now)
        authenticator.forget(tx, now=now)
    return ended


def _end_expired(registry: Registry, *, now: datetime) -> int:
    shortest = min(registry.limits.officer_idle, registry.limits.staff_idle)
    silent = (
        select(Session.token_hash)
        .where(
            Session.ended_at.is_(None),
            Session.service.is_(None),
            Session.last_seen <= now - shortest,
        )
        .order_by(Session.last_seen)
    )
    with registry.store.reading() as session:
        candidates = session.execute(silent).scalars().all()
    ended = 0
    for start in range(0, len(candidates), BATCH):
        ended += _end_batch(registry, candidates[start : start + BATCH], now=now)
    return ended


def _end_batch(registry: Registry, hashes: Sequence[bytes], *, now: datetime) -> int:
    ended = 0
    with registry.ledger.begin() as tx:
        for token_hash in hashes:
            row = find_row(tx.session.connection(), token_hash)
            ends = None if row is None else ends_at(row, service=None, limits=registry.limits)
            if row is None or (ends is not None and ends > now):
                continue
            oldest = registry.limits.of(officer=is_officer(row))[1]
            why = ending.Why.LIFE if now - row.created >= oldest else ending.Why.IDLE
            which = ending.belongs_to(token_hash)
            ended += ending.end(tx, which, why=why, actor=_SYSTEM, now=now)
    return ended
