"""Sessions: finding one from its token, keeping it awake, ending it, listing a person's.

A session is a row; there is nothing to trust in a cookie but the 256 bits that find it.
Whether it lives is computed from the row, its parent, its person and the limits of now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update

from audit.record import Actor
from gateway.identity import ending, integrity, tokens, turns
from gateway.identity.current import Current, find_live, find_row
from gateway.identity.ending import Why
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Session
from gateway.store.brake import WritesHeld
from gateway.vault.attested import ForgedRow

__all__ = [
    "Current",
    "SessionView",
    "Why",
    "end",
    "end_all",
    "end_by_ref",
    "end_everybodys",
    "find",
    "find_row",
    "of_person",
    "open_now",
    "present",
    "touch",
]

TOUCH_EVERY = timedelta(seconds=60)
"""Least time between two writes of a session's last use."""

HISTORY = 50
"""Sessions shown to their person, newest first."""

_TOUCH = "the last use of a session, at most once a minute"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session, live or over, as its person may see it. `services` are its live children."""

    ref: str
    created: datetime
    last_seen: datetime
    address: str | None
    user_agent: str | None
    strength: int
    amr: tuple[str, ...]
    services: tuple[str, ...]
    ended_at: datetime | None
    ended_why: str | None


def find(
    registry: Registry, token: str, *, now: datetime, service: str | None = None
) -> Current | None:
    """Return whose live session a token is; None for anything else whatever.

    `service` None asks for a session of the gateway itself, a slug for that service's child.
    """
    try:
        with registry.store.read.connect() as connection:
            return find_live(
                connection,
                token,
                service=service,
                limits=registry.limits,
                vault=registry.vault,
                now=now,
                seen=registry.seen,
            )
    except ForgedRow as forged:  # nobody of this zone opened it, or gave that standing
        integrity.report(registry, forged, now=now)
        return None


def present(
    registry: Registry, token: str, *, now: datetime, service: str | None = None
) -> Current | None:
    """Return whose live session a token is, as `find`, and keep it awake: somebody uses it."""
    current = find(registry, token, now=now, service=service)
    if current is not None:
        touch(registry, token, seen=current.last_seen, now=now)
    return current


def touch(registry: Registry, token: str, *, seen: datetime, now: datetime) -> bool:
    """Keep a live session and its parent awake; tell whether that needed a write.

    `seen` is the session's `last_seen` as it was just found. While nothing may be written,
    use keeps no session awake: what is open can be read until it ends of silence.
    """
    digest = tokens.digest(token)
    if digest is None or now - seen < TOUCH_EVERY:
        return False
    parent = select(Session.parent_hash).where(Session.token_hash == digest).scalar_subquery()
    statement = (
        update(Session)
        .where(
            or_(Session.token_hash == digest, Session.token_hash == parent),
            Session.ended_at.is_(None),
            Session.last_seen <= now - TOUCH_EVERY,
        )
        .values(last_seen=now)
    )
    try:
        with registry.ledger.begin(unaudited_because=_TOUCH) as tx:
            return changed(tx.session, statement) > 0
    except WritesHeld:
        return False


def end(
    registry: Registry,
    token: str,
    *,
    actor: Actor,
    now: datetime,
    why: Why = Why.SIGNED_OUT,
    parent_too: bool = False,
) -> bool:
    """End a session with its children; tell whether it was live until now.

    `parent_too`: a child's token ends the whole sign-in and not the one service alone.
    """
    digest = tokens.digest(token)
    if digest is None:
        return False
    with registry.ledger.begin() as tx:
        own = ending.held(tx, digest)
        if own is None:
            return False
        above = select(Session.parent_hash).where(Session.token_hash == own)
        parent = tx.session.execute(above).scalar() if parent_too else None
        which = ending.belongs_to(parent or own)
        return ending.end(tx, which, why=why, actor=actor, now=now) > 0


def end_by_ref(
    registry: Registry, person_id: UUID, ref: str, *, actor: Actor, now: datetime
) -> bool:
    """End that one of a person's sessions which `ref` names; False if there is no such live one."""
    with registry.ledger.begin() as tx:
        turns.take(tx.session, person_id)
        hashes = tx.session.execute(
            select(Session.token_hash).where(
                Session.person_id == person_id, Session.ended_at.is_(None)
            )
        ).scalars()
        wanted = [found for found in hashes if tokens.reference(found) == ref]
        ended = 0
        for token_hash in wanted:
            which = ending.belongs_to(token_hash)
            ended += ending.end(tx, which, why=Why.CHOSEN, actor=actor, now=now)
        return ended > 0


def end_all(
    registry: Registry,
    person_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    except_token: str | None = None,
    why: Why = Why.CHOSEN,
) -> int:
    """End a person's sessions, but `except_token` and its children; return how many."""
    keep = None if except_token is None else tokens.digest(except_token)
    with registry.ledger.begin() as tx:
        which = ending.others_of(person_id, keep=keep)
        return ending.end(tx, which, why=why, actor=actor, now=now)


def end_everybodys(
    registry: Registry, *, actor: Actor, now: datetime, except_token: str | None = None
) -> int:
    """End every session of the zone, but `except_token` and its children; return how many.

    For the day on which tokens may be in strange hands (OWASP ASVS 5.0, 7.4.5).
    """
    with registry.ledger.begin() as tx:
        which = ending.all_but(ending.digest_or_none(except_token))
        return ending.end(tx, which, why=Why.CHOSEN, actor=actor, now=now)


def open_now(registry: Registry) -> tuple[int, int]:
    """Return how many people are signed in, and in how many sessions (services not counted)."""
    live = (Session.ended_at.is_(None), Session.service.is_(None))
    counts = select(func.count(Session.person_id.distinct()), func.count()).where(*live)
    with registry.store.reading() as session:
        people, sessions = session.execute(counts).one()
        return people, sessions


def of_person(registry: Registry, person_id: UUID) -> Sequence[SessionView]:
    """Return a person's newest sessions: those that are live and the history of sign-ins.

    Whether one without `ended_at` has meanwhile run out is for the sweep to write down.
    """
    newest = (
        select(Session)
        .where(Session.person_id == person_id, Session.service.is_(None))
        .order_by(Session.created.desc(), Session.id)
        .limit(HISTORY)
    )
    children = select(Session.parent_hash, Session.service).where(
        Session.person_id == person_id,
        Session.service.is_not(None),
        Session.ended_at.is_(None),
    )
    with registry.store.reading() as session:
        opened: dict[bytes | None, set[str]] = {}
        for parent, service in session.execute(children):
            opened.setdefault(parent, set()).add(service or "")
        rows = session.execute(newest).scalars().all()
        return [_view(row, opened.get(row.token_hash, set())) for row in rows]


def _view(row: Session, services: set[str]) -> SessionView:
    return SessionView(
        ref=tokens.reference(row.token_hash),
        created=row.created,
        last_seen=row.last_seen,
        address=row.address,
        user_agent=row.user_agent,
        strength=row.strength,
        amr=tuple(row.amr.split()),
        services=tuple(sorted(services)),
        ended_at=row.ended_at,
        ended_why=row.ended_why,
    )
