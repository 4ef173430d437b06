"""One-time tickets: how a session reaches the host of one service without sharing a cookie."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import update

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import tokens
from gateway.identity.current import SessionRow, ends_at, find_row, require_whole
from gateway.identity.integrity import refusing
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Session, Ticket
from gateway.refusals import Refused
from gateway.vault import attested

LIFE = timedelta(seconds=60)
_OPENS_NOTHING = "a ticket opens nothing by itself; its redemption is recorded"


class TicketRefused(Refused):
    """The ticket was used, is too old, or belongs to another service or an ended session."""

    code: ClassVar[str] = "ticket_refused"


class SessionOver(Refused):
    """There is no live session behind that token (any more)."""

    code: ClassVar[str] = "session_over"


@refusing(SessionOver)
def issue(registry: Registry, session_token: str, service: str, *, now: datetime) -> str:
    """Return a ticket, good for 60 s and one use, for one service.

    Raises:
        SessionOver: the token is not that of a live session of the gateway itself.
    """
    digest = tokens.digest(session_token)
    with registry.ledger.begin(unaudited_because=_OPENS_NOTHING) as tx:
        if digest is None or _parent(registry, tx, digest, now=now) is None:
            raise SessionOver
        ticket = tokens.new()
        tx.session.add(
            Ticket(
                token_hash=tokens.digest_of_new(ticket),
                session_hash=digest,
                service=service,
                expires=now + LIFE,
            )
        )
    return ticket


@refusing(TicketRefused)
def redeem(
    registry: Registry, ticket: str, service: str, *, now: datetime, address: str | None = None
) -> str:
    """Turn a ticket into the token of a child session confined to `service`.

    Raises:
        TicketRefused: nothing was opened. A second or parallel use is on record.
    """
    digest = tokens.digest(ticket)
    if digest is None:
        raise TicketRefused
    with registry.ledger.begin() as tx:
        token = _spend(registry, tx, digest, service, address=address, now=now)
    if token is None:
        raise TicketRefused
    return token


def _spend(
    registry: Registry,
    tx: Transaction,
    digest: bytes,
    service: str,
    *,
    address: str | None,
    now: datetime,
) -> str | None:
    found = tx.session.get(Ticket, digest)
    if found is None:
        return None
    if found.used_at is None:
        attested.require(found)
    taken = changed(
        tx.session,
        update(Ticket)
        .where(
            Ticket.token_hash == digest,
            Ticket.service == service,
            Ticket.used_at.is_(None),
            Ticket.expires > now,
        )
        .values(used_at=now, mac=None),
    )
    parent = _parent(registry, tx, found.session_hash, now=now)
    if taken != 1 or parent is None:
        actor = Actor(subject="system:sign_in", address=address)
        tx.record(
            "ticket.refused",
            actor=actor,
            now=now,
            outcome="denied",
            service=service,
            reason="session_over" if parent is None else "used_or_expired",
            details={"session": tokens.reference(found.session_hash), "for": found.service},
        )
        return None
    return _open_child(tx, parent, service, address=address, now=now)


def _open_child(
    tx: Transaction, parent: SessionRow, service: str, *, address: str | None, now: datetime
) -> str:
    token = tokens.new()
    digest = tokens.digest_of_new(token)
    tx.session.add(
        Session(
            token_hash=digest,
            person_id=parent.person_id,
            parent_hash=parent.token_hash,
            service=service,
            created=now,
            last_seen=now,
            amr=parent.amr,
            strength=parent.strength,
        )
    )
    actor = Actor(
        subject=f"person:{parent.person_id}",
        session=tokens.reference(parent.token_hash),
        unit=parent.unit,
        address=address,
    )
    tx.record(
        "session.opened_for_service",
        actor=actor,
        now=now,
        service=service,
        details={"session": tokens.reference(digest)},
    )
    return token


def _parent(
    registry: Registry, tx: Transaction, digest: bytes, *, now: datetime
) -> SessionRow | None:
    row = find_row(tx.session.connection(), digest)
    ends = None if row is None else ends_at(row, service=None, limits=registry.limits)
    if row is None or ends is None or ends <= now:
        return None
    require_whole(row, registry.vault)
    return row
