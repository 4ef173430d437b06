"""One-time codes of a person's authenticator: taken once, counted when wrong."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import totp
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Totp

COUNTED = frozenset({"wrong_code", "replayed_code"})
"""Faults that are guesses."""


def locked(tx: Transaction, person_id: UUID) -> Totp | None:
    """Return a person's authenticator, locked for this transaction."""
    statement = select(Totp).where(Totp.person_id == person_id).with_for_update()
    return tx.session.execute(statement).scalar_one_or_none()


def is_usable(session: Session, person_id: UUID) -> bool:
    """Tell whether a person has an authenticator whose codes are taken."""
    factor = session.get(Totp, person_id)
    return factor is not None and factor.disabled_at is None


def fault(
    registry: Registry, tx: Transaction, factor: Totp | None, code: str, *, now: datetime
) -> str | None:
    """Return why a code does not count; None once it is accepted and can never be again."""
    if factor is None or factor.disabled_at is not None or factor.secret is None:
        return "factor_disabled"
    back = registry.limits.totp_back_steps
    matched = totp.matching_step(factor.secret, code, now, back_steps=back)
    if matched is None:
        return "wrong_code"
    taken = changed(
        tx.session,
        update(Totp)
        .where(
            Totp.person_id == factor.person_id,
            Totp.last_step < matched,
            Totp.disabled_at.is_(None),
        )
        .values(last_step=matched, failures=0),
    )
    return None if taken == 1 else "replayed_code"


def count(tx: Transaction, factor: Totp | None, cause: str, *, actor: Actor, now: datetime) -> None:
    """Count a guess against the factor; the hundredth in a row disables it.

    Source: NIST SP 800-63B-4, 3.2.2.
    """
    if factor is None or cause not in COUNTED:
        return
    factor.failures += 1
    if factor.failures >= totp.MAX_FAILURES:
        factor.disabled_at = now
        tx.record("factor.disabled", actor=actor, now=now, object=actor.subject)


def bind(session: Session, person_id: UUID, *, secret: bytes, step: int, now: datetime) -> None:
    """Give a person this authenticator; `step` is that of the code that proved it, now used."""
    factor = session.get(Totp, person_id, with_for_update=True)
    if factor is None:
        factor = Totp(person_id=person_id)
        session.add(factor)
    factor.secret = secret
    factor.last_step = step
    factor.failures = 0
    factor.confirmed_at = now
    factor.disabled_at = None
