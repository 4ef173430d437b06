"""One-time codes of a person's authenticator: taken once, counted when wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import roles, totp
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Totp

REST = timedelta(hours=1)
"""How long the factor of an office's last holder takes no code after one more wrong one."""

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
    if factor.failures >= totp.MAX_FAILURES and factor.rests_until is None:
        return "factor_disabled"
    if factor.rests_until is not None and now < factor.rests_until:
        return "factor_resting"
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
        .values(last_step=matched, failures=0, rests_until=None),
    )
    return None if taken == 1 else "replayed_code"


def count(factor: Totp | None, cause: str) -> None:
    """Count a guess against the factor; `shut` follows after the transaction."""
    if factor is not None and cause in COUNTED:
        factor.failures += 1


def shut(registry: Registry, person_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Disable a factor after a hundred guesses in a row; the last of an office only rests.

    A transaction of its own, after the one that counted, for the officers are locked first; until
    then such a factor takes no code. Whoever knows the password of an office's last holder could
    otherwise leave the office without anybody: theirs takes one guess an hour instead.

    Source: NIST SP 800-63B-4, 3.2.2.
    """
    with registry.store.reading() as session:
        if not _is_due(session.get(Totp, person_id), now):
            return
    with registry.ledger.begin() as tx:
        person = roles.locked_person(tx.session, person_id)
        factor = locked(tx, person_id)
        if factor is None or not _is_due(factor, now):
            return
        try:
            roles.refuse_if_last(tx.session, person, roles.held_by(tx.session, person_id))
        except roles.LastOfficer:
            factor.rests_until = now + REST
            tx.record("factor.spared", actor=actor, now=now, object=actor.subject)
        else:
            factor.disabled_at = now
            tx.record("factor.disabled", actor=actor, now=now, object=actor.subject)


def _is_due(factor: Totp | None, now: datetime) -> bool:
    if factor is None or factor.failures < totp.MAX_FAILURES or factor.disabled_at is not None:
        return False
    return factor.rests_until is None or factor.rests_until <= now


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
    factor.disabled_at = factor.rests_until = None
