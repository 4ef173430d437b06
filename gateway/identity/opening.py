"""How a sign-in becomes a session, whichever factors it was made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import ending, tokens
from gateway.identity.arrival import Arriving, arrive
from gateway.identity.registry import Registry
from gateway.identity.tables import PendingSignIn, Session
from gateway.refusals import Refused

USER_AGENT = 256
"""Characters kept of a browser's name."""

SYSTEM = "system:sign_in"


class SignInRefused(Refused):
    """The sign-in details are not valid. One text for every cause; the log knows which."""

    code: ClassVar[str] = "sign_in_refused"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A fresh session's token, whose it is, and the device cookie the browser is to keep."""

    token: str = field(repr=False)
    person_id: UUID
    device: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """The browser that signs in: `previous` is the session it held, `device` its cookie."""

    address: str | None
    user_agent: str | None
    previous: str | None = field(default=None, repr=False)
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was proved: `amr` as the session holds it (RFC 8176), and the strength in rules."""

    amr: str
    strength: int


def open_session(
    registry: Registry,
    tx: Transaction,
    person_id: UUID,
    unit: str,
    proof: Proof,
    browser: Browser,
    *,
    now: datetime,
    pending: PendingSignIn | None = None,
) -> NewSession:
    """Open a session under a token nobody had before; spend the step, end the previous session.

    `pending` is the step with the password, None where no password was asked.
    """
    token = tokens.new()
    digest = tokens.digest_of_new(token)
    actor = Actor(
        subject=f"person:{person_id}",
        session=tokens.reference(digest),
        unit=unit,
        address=browser.address,
    )
    cookie = arrive(
        registry,
        tx,
        person_id,
        Arriving(address=browser.address, user_agent=browser.user_agent, device=browser.device),
        session_ref=actor.session or "",
        amr=proof.amr,
        now=now,
        pending=pending,
    )
    if pending is not None:
        tx.session.delete(pending)
    tx.session.add(
        Session(
            token_hash=digest,
            person_id=person_id,
            created=now,
            last_seen=now,
            amr=proof.amr,
            strength=proof.strength,
            address=browser.address,
            user_agent=browser.user_agent and browser.user_agent[:USER_AGENT],
        )
    )
    details = {"amr": proof.amr.split()}
    tx.record("sign_in.accepted", actor=actor, now=now, details=details)
    _end_previous(tx, browser.previous, actor=actor, now=now)
    return NewSession(token=token, person_id=person_id, device=cookie)


def _end_previous(tx: Transaction, token: str | None, *, actor: Actor, now: datetime) -> None:
    digest = ending.digest_or_none(token)
    own = None if digest is None else ending.held(tx, digest)
    if own is not None:
        which = ending.belongs_to(own)
        ending.end(tx, which, why=ending.Why.REPLACED, actor=actor, now=now)
