"""Replacing one's own authenticator app: a new secret, proved by its first code.

Until then the old one stays; killed anywhere between, nothing has changed. The new secret waits
for minutes, and for the session alone that asked for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import delete, select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import codes, factors, notices, totp, turns
from gateway.identity.current import Current
from gateway.identity.enrolment import CodeRefused
from gateway.identity.factors import Change
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables_factors import TotpDraft
from gateway.identity.totp import TotpOffer
from gateway.refusals import Refused

LIFE = timedelta(minutes=10)
"""How long a new secret waits for its first code."""


class DraftOver(Refused):
    """The new key was not confirmed in time: begin once more."""

    code: ClassVar[str] = "authenticator_over"


def offer(registry: Registry, who: Current, *, actor: Actor, now: datetime) -> TotpOffer:
    """Make a new secret and return what the app must be told. An older one is forgotten."""
    secret = totp.new_secret()
    with registry.ledger.begin() as tx:
        _drop(tx, who)
        tx.session.add(TotpDraft(session_id=who.session_id, secret=secret, expires=now + LIFE))
        tx.record("factor.offered", actor=actor, now=now, object=actor.subject)
    return totp.offer(secret, login=who.login, issuer=registry.issuer)


def confirm(registry: Registry, who: Current, code: str, *, change: Change) -> None:
    """Put the new secret in the place of the old one; what was disabled works again.

    Raises:
        CodeRefused: the code is not the new secret's at this moment.
        DraftOver: there is no new secret, or it waited too long.
    """
    now = change.now
    refusal: Refused | None = None
    with registry.ledger.begin() as tx:
        turns.take(tx.session, who.person_id)
        secret = _waiting(tx, who, now)
        if secret is None:
            raise DraftOver
        back = registry.limits.totp_back_steps
        step = totp.matching_step(secret, code, now, back_steps=back)
        if step is None:
            refusal = CodeRefused()
            tx.record(
                "factor.refused",
                actor=change.actor,
                now=now,
                object=change.actor.subject,
                outcome="failure",
                reason="totp",
                details={"cause": "wrong_code"},
            )
        else:
            codes.bind(tx.session, who.person_id, secret=secret, step=step, now=now)
            _drop(tx, who)
            factors.record(tx, who.person_id, "factor.replaced", "totp", change)
            notices.tell(tx, who.person_id, "totp_replaced", now=now)
    if refusal is not None:
        raise refusal


def forget(tx: Transaction, *, now: datetime) -> None:
    """Drop secrets that nobody proved: housekeeping."""
    changed(tx.session, delete(TotpDraft).where(TotpDraft.expires <= now))


def _waiting(tx: Transaction, who: Current, now: datetime) -> bytes | None:
    waiting = select(TotpDraft).where(
        TotpDraft.session_id == who.session_id, TotpDraft.expires > now
    )
    row = tx.session.execute(waiting).scalar_one_or_none()
    return None if row is None else row.secret


def _drop(tx: Transaction, who: Current) -> None:
    changed(tx.session, delete(TotpDraft).where(TotpDraft.session_id == who.session_id))
