"""One-time codes of a person's authenticator: taken once, counted when wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

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


def count(factor: Totp | None, cause: str) -> bool:
    """Count a guess against the factor; tell whether it is one of a hundred, see `shut`."""
    if factor is None or cause not in COUNTED:
        return False
    factor.failures += 1
    return factor.failures >= totp.MAX_FAILURES


def shut(registry: Registry, person_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Disable a factor after a hundred guesses in a row; the last of an office only rests.

    A transaction of its own, after the one that counted, for the officers are locked first; until
    then such a factor takes no code. Whoever knows the password of an office's last holder could
    otherwise leave the office without anybody: theirs takes one guess an hour instead.

    Source: NIST SP 800-63B-4, 3.2.2.
    """
    with registry.ledger.begin() as tx:
        person = roles.locked_person(tx.session, person_id)
        factor = locked(tx, person_id)
        if factor is None or factor.failures < totp.MAX_FAILURES or factor.disabled_at is not None:
            return
        try:
            roles.refuse_if_last(tx.session, person, roles.held_by(tx.session, person_id))
        except roles.LastOfficer:
            factor.rests_until = now + REST
            tx.record("factor.spared", actor=actor, now=now, object=actor.subject)
        else:
            factor.disabled_at = now
            tx.record("factor.disabled", actor=actor, now=now, object=actor.subject)
