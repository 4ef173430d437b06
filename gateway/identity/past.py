"""Whose a token was: of a session that is over, or that has another token by now.

Nothing here opens anything. It tells a person whose work was interrupted from a stranger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased

from audit.record import Actor
from gateway.identity import tokens
from gateway.identity.ending import Why
from gateway.identity.registry import Registry
from gateway.identity.tables import Person, Session, State
from gateway.identity.tables_fresh import ReplacedToken

RECENT = timedelta(days=1)
"""How old a session may be to count; none lives as long."""

MEANWHILE = timedelta(seconds=10)
"""For so long a tab may still have asked with the token before."""

INTERRUPTED = (Why.IDLE, Why.LIFE, Why.REPLACED)
"""Ends that nobody decided on: work may have been under way. Every other end is somebody's word
that the token counts no more, perhaps because it is in strange hands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The person behind a token, live or dead. `session_ref` names the session in the log."""

    person_id: UUID
    unit: str
    session_ref: str

    @property
    def subject(self) -> str:
        """`person:<uuid>`."""
        return f"person:{self.person_id}"

    def acting(self, address: str | None) -> Actor:
        """The person as the log knows them."""
        return Actor(
            subject=self.subject, session=self.session_ref, unit=self.unit, address=address
        )


def owner_of(registry: Registry, token: str, *, service: str | None, now: datetime) -> Owner | None:
    """Return whose token it is or was, for the gateway (None) or a service; None for nobody's.

    A person who may not sign in any more owns nothing, and a token whose session (or the session
    it came from) was signed out, ended by its owner or an officer, or by a lock is nobody's.
    """
    digest = tokens.digest(token)
    if digest is None:
        return None
    replaced = select(ReplacedToken.session_id).where(ReplacedToken.token_hash == digest)
    parent = aliased(Session)
    statement = (
        select(Session.person_id, Session.token_hash, Person.unit)
        .join(Person, Person.id == Session.person_id)
        .where(
            (Session.token_hash == digest) | Session.id.in_(replaced),
            Session.service.is_(None) if service is None else Session.service == service,
            Session.created > now - RECENT,
            Person.state == State.ACTIVE,
            _was_interrupted(Session),
            or_(
                Session.parent_hash.is_(None),
                exists().where(parent.token_hash == Session.parent_hash, _was_interrupted(parent)),
            ),
        )
    )
    with registry.store.reading() as session:
        row = session.execute(statement).one_or_none()
    if row is None:
        return None
    reference = tokens.reference(row.token_hash)
    return Owner(person_id=row.person_id, unit=row.unit, session_ref=reference)


def _was_interrupted(of: type[Session]) -> ColumnElement[bool]:
    """It lives, has run out without anybody having written it down yet, or was interrupted."""
    return or_(of.ended_at.is_(None), of.ended_why.in_(INTERRUPTED))


def was_replaced(registry: Registry, token: str, *, now: datetime) -> bool:
    """Tell whether a live session had this token until seconds ago.

    The token is dead (OWASP ASVS 5.0, 7.2.4); the browser that asked with it was given, or
    is just being given, another.
    """
    digest = tokens.digest(token)
    if digest is None:
        return False
    statement = (
        select(ReplacedToken.at)
        .join(Session, Session.id == ReplacedToken.session_id)
        .where(ReplacedToken.token_hash == digest, Session.ended_at.is_(None))
    )
    with registry.store.reading() as session:
        at = session.execute(statement).scalar()
    return at is not None and now - at < MEANWHILE


def sessions_of(registry: Registry, person_id: UUID, *, now: datetime) -> Sequence[UUID]:
    """Return the person's sessions of the last day at the gateway, live or over."""
    statement = select(Session.id).where(
        Session.person_id == person_id,
        Session.service.is_(None),
        Session.created > now - RECENT,
    )
    with registry.store.reading() as session:
        return session.execute(statement).scalars().all()
