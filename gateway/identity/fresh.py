"""A fresh proof before what weighs heavily: one more code, bound to the very act.

A proof belongs to a session and an act, and holds for minutes: whoever finds a desk unlocked,
or has stolen a cookie, may look but not act; and the proof for one act opens no other. Each
proof gives the session a new token, and the old one is dead; open services go on. Wrong codes
count as at sign-in; the fifth in a row ends the session.
Source: OWASP ASVS 5.0, 7.2.4, 7.5.1, 7.5.3; NIST SP 800-63B-4, 2.2.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, func, select, update

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import codes, ending, tokens
from gateway.identity.current import Current
from gateway.identity.registry import Registry
from gateway.identity.second_step import MAX_CODES
from gateway.identity.statements import changed, insert_if_new
from gateway.identity.tables import Session, Ticket
from gateway.identity.tables_fresh import FreshProof
from gateway.refusals import Refused

KEPT = timedelta(hours=1)
"""How long a proof's row stays after its last use."""


class ProofRefused(Refused):
    """The code is wrong or was used before: wait for the next one."""

    code: ClassVar[str] = "proof_refused"


class ProofsOver(Refused):
    """Too many wrong codes: the session is over."""

    code: ClassVar[str] = "proofs_over"


@dataclass(frozen=True, slots=True)
class _Held:
    row: Session
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The session's new token."""

    token: str = field(repr=False)


def is_fresh(registry: Registry, current: Current, act: str, *, now: datetime) -> bool:
    """Tell whether a session was confirmed for an act within the zone's `fresh_life`."""
    statement = select(FreshProof.proved_at).where(
        FreshProof.session_id == current.session_id, FreshProof.act == act
    )
    with registry.store.reading() as session:
        proved = session.execute(statement).scalar()
    return proved is not None and now - proved < registry.limits.fresh_life


def prove(
    registry: Registry, current: Current, *, act: str, code: str, actor: Actor, now: datetime
) -> Renewed:
    """Confirm an act with a code of one's authenticator.

    Raises:
        ProofRefused: a wrong code, or one that was used before.
        ProofsOver: that was the fifth, or the session has ended meanwhile.
    """
    renewed: Renewed | None = None
    refusal: Refused = ProofsOver()
    guessed = False
    with registry.ledger.begin() as tx:
        held = _held(tx, current.session_id)
        if held is None:
            _record(tx, act, "session_over", actor=actor, now=now)
        else:
            factor = codes.locked(tx, current.person_id)
            cause = codes.fault(registry, tx, factor, code, now=now)
            if cause is None:
                renewed = _confirm(tx, held, act, actor=actor, now=now)
            else:
                guessed = codes.count(factor, cause)
                _record(tx, act, cause, actor=actor, now=now)
                refusal = _count(tx, held, act, actor=actor, now=now)
    if guessed:
        codes.shut(registry, current.person_id, actor=actor, now=now)
    if renewed is None:
        raise refusal
    return renewed


def forget(tx: Transaction, *, now: datetime) -> None:
    """Drop proofs that nobody can use any more: housekeeping."""
    changed(tx.session, delete(FreshProof).where(FreshProof.last_at < now - KEPT))


def _held(tx: Transaction, session_id: UUID) -> _Held | None:
    """Return the live session, locked, and the wrong codes in a row that it has seen."""
    row = tx.session.execute(
        select(Session)
        .where(Session.id == session_id, Session.ended_at.is_(None))
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return None
    counted = select(func.coalesce(func.sum(FreshProof.failures), 0)).where(
        FreshProof.session_id == session_id
    )
    return _Held(row, int(tx.session.execute(counted).scalar_one()))


def _confirm(tx: Transaction, held: _Held, act: str, *, actor: Actor, now: datetime) -> Renewed:
    session_id = held.row.id
    _row_of(tx, session_id, act, now)
    of_session = FreshProof.session_id == session_id
    changed(tx.session, update(FreshProof).where(of_session).values(failures=0))
    proved = update(FreshProof).where(of_session, FreshProof.act == act)
    changed(tx.session, proved.values(proved_at=now, last_at=now))
    token = tokens.new()
    old, new = held.row.token_hash, tokens.digest_of_new(token)
    _rename(tx, held.row, old, new)
    tx.record(
        "session.confirmed",
        actor=actor,
        now=now,
        object=actor.subject,
        details={"act": act, "session": tokens.reference(new)},
    )
    return Renewed(token=token)


def _rename(tx: Transaction, row: Session, old: bytes, new: bytes) -> None:
    """Row by row, by the ORM: each of them carries a MAC over these hashes."""
    row.token_hash = new
    for child in tx.session.scalars(select(Session).where(Session.parent_hash == old)):
        child.parent_hash = new
    for ticket in tx.session.scalars(select(Ticket).where(Ticket.session_hash == old)):
        ticket.session_hash = new


def _count(tx: Transaction, held: _Held, act: str, *, actor: Actor, now: datetime) -> Refused:
    """Count a wrong code against the session; the fifth ends it."""
    session_id = held.row.id
    _row_of(tx, session_id, act, now)
    counted = update(FreshProof).where(FreshProof.session_id == session_id, FreshProof.act == act)
    changed(tx.session, counted.values(failures=FreshProof.failures + 1, last_at=now))
    if held.failures + 1 < MAX_CODES:
        return ProofRefused()
    which = ending.belongs_to(held.row.token_hash)
    ending.end(tx, which, why=ending.Why.GUESSED, actor=actor, now=now)
    return ProofsOver()


def _row_of(tx: Transaction, session_id: UUID, act: str, now: datetime) -> None:
    new = {"session_id": session_id, "act": act, "failures": 0, "proved_at": None, "last_at": now}
    insert_if_new(tx.session, FreshProof, new)


def _record(tx: Transaction, act: str, cause: str, *, actor: Actor, now: datetime) -> None:
    tx.record(
        "session.confirmation_refused",
        actor=actor,
        now=now,
        outcome="failure",
        reason="code",
        object=actor.subject,
        details={"act": act, "cause": cause},
    )
