"""How sessions end: a session takes its services' child sessions with it, at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true, update

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import tokens, turns
from gateway.identity.statements import changed
from gateway.identity.tables import Session
from gateway.identity.tables_fresh import ReplacedToken


class Why(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    CHOSEN = "chosen"
    """The person, or an officer, ended it from a list."""
    REPLACED = "replaced"
    """The same browser signed in again."""
    IDLE = "idle"
    LIFE = "life"
    DISABLED = "disabled"
    ROLES = "roles"
    ENROLLED = "enrolled"
    """The person's password and code factor were set anew."""
    PASSWORD = "password"  # noqa: S105 - a reason
    """The person changed the password, and with it ended the other sessions."""
    FACTOR = "factor"
    """A factor was added, replaced or removed, and with it ended the other sessions."""
    PASSKEY = "passkey"
    """A role asks for a passkey, and the session was opened without one."""
    CASE = "case"
    """The emergency it was opened for is over."""
    GUESSED = "guessed"
    """Too many wrong codes where a fresh one was asked for."""
    DISOWNED = "disowned"
    """The person said that a sign-in was not theirs."""


def digest_or_none(token: str | None) -> bytes | None:
    """Return the hash of a session's token, for what asks for one that may be missing."""
    return None if token is None else tokens.digest(token)


def held(tx: Transaction, token_hash: bytes) -> bytes | None:
    """Return the present token hash of the session that has this one, or had it before.

    A fresh proof gives a session another token. Whoever ends it by the one they know must not
    be told that it is over while it lives on under the next: so the person's turn is waited
    for, and no proof comes between until the transaction ends.
    """
    replaced = select(ReplacedToken.session_id).where(ReplacedToken.token_hash == token_hash)
    known = select(Session.id, Session.person_id).where(
        or_(Session.token_hash == token_hash, Session.id.in_(replaced))
    )
    row = tx.session.execute(known).one_or_none()
    if row is None:
        return None
    turns.take(tx.session, row.person_id)
    present = select(Session.token_hash).where(Session.id == row.id)
    return tx.session.execute(present).scalar_one_or_none()


def belongs_to(token_hash: bytes) -> ColumnElement[bool]:
    """The session of a token hash, and its children."""
    return or_(Session.token_hash == token_hash, Session.parent_hash == token_hash)


def all_but(keep: bytes | None) -> ColumnElement[bool]:
    """Every session of the zone but `keep` and its children."""
    if keep is None:
        return true()
    foreign = or_(Session.parent_hash.is_(None), Session.parent_hash != keep)
    return (Session.token_hash != keep) & foreign


def others_of(person_id: UUID, *, keep: bytes | None) -> ColumnElement[bool]:
    """Every session of a person but `keep` and its children."""
    return (Session.person_id == person_id) & all_but(keep)


def end(
    tx: Transaction, which: ColumnElement[bool], *, why: Why, actor: Actor, now: datetime
) -> int:
    """End the live sessions among `which`, recording each; return how many there were."""
    rows = tx.session.execute(
        select(Session.id, Session.token_hash, Session.person_id, Session.service)
        .where(which, Session.ended_at.is_(None))
        .order_by(Session.id)
        .with_for_update()
    ).all()
    _mark(tx, [row.id for row in rows], why=why, now=now)
    for row in rows:
        tx.record(
            "session.ended",
            actor=actor,
            now=now,
            object=f"person:{row.person_id}",
            service=row.service,
            reason=why,
            details={"session": tokens.reference(row.token_hash)},
        )
    return len(rows)


def _mark(tx: Transaction, ids: Sequence[UUID], *, why: Why, now: datetime) -> None:
    if ids:
        changed(
            tx.session,
            update(Session)
            .where(Session.id.in_(ids))
            .values(ended_at=now, ended_why=why, mac=None),
        )
