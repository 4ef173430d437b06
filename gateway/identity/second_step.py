"""The second stage of a sign-in: one code, used once, turns a step into a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import attempts, codes, ending, tokens
from gateway.identity.arrival import Arriving, arrive
from gateway.identity.registry import Registry
from gateway.identity.tables import PendingSignIn, Person, Session, State, Totp
from gateway.refusals import Refused

MAX_CODES = 5
"""Wrong codes after which a step is dead and the password is asked again."""

STRENGTH = 2
AMR = "pwd otp"
"""Authentication method references (RFC 8176), separated by spaces."""

USER_AGENT = 256
"""Characters kept of a browser's name."""

_SYSTEM = "system:sign_in"


class SignInRefused(Refused):
    """The sign-in details are not valid. One text for every cause; the log knows which."""

    code: ClassVar[str] = "sign_in_refused"


class StepOver(Refused):
    """The step is unknown, too old or had too many wrong codes: begin with the password."""

    code: ClassVar[str] = "step_over"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A fresh session's token, whose it is, and the device cookie the browser is to keep."""

    token: str = field(repr=False)
    person_id: UUID
    device: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Browser:
    address: str | None
    user_agent: str | None
    previous: str | None = field(repr=False)
    device: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Step:
    pending: PendingSignIn
    totp: Totp
    state: str
    unit: str


def check_code(
    registry: Registry,
    *,
    pending_token: str,
    code: str,
    address: str | None,
    user_agent: str | None,
    now: datetime,
    previous: str | None = None,
    device: str | None = None,
) -> NewSession:
    """Check the second factor and open a session.

    Args:
        registry: the zone's parts.
        pending_token: from `check_password`.
        code: as typed.
        address: network address of the browser.
        user_agent: the browser's name for itself.
        now: aware time.
        previous: the session token that the browser held so far; it ends.
        device: the cookie by which the browser may be known.

    Raises:
        SignInRefused: a wrong code, one that was used before, or the factor is disabled.
        StepOver: there is no such step any more.
    """
    browser = _Browser(address=address, user_agent=user_agent, previous=previous, device=device)
    opened: NewSession | None = None
    refusal: Refused = StepOver()
    guessed: UUID | None = None
    with registry.ledger.begin() as tx:
        step = _live_step(tx, pending_token, now)
        if step is None:
            nobody = Actor(subject=_SYSTEM, address=address)
            _record_refusal(tx, "no_step", actor=nobody, now=now)
        elif (cause := _fault(registry, tx, step, code, now)) is not None:
            refusal = _count_failure(tx, step, cause, address=address, now=now)
            guessed = step.totp.person_id if codes.count(step.totp, cause) else None
        else:
            opened = _open(registry, tx, step, browser, now)
    if guessed is not None:
        actor = Actor(subject=f"person:{guessed}", address=address)
        codes.shut(registry, guessed, actor=actor, now=now)
    if opened is None:
        raise refusal
    return opened


def _live_step(tx: Transaction, token: str, now: datetime) -> _Step | None:
    digest = tokens.digest(token)
    if digest is None:
        return None
    found = tx.session.execute(
        select(PendingSignIn, Totp, Person.state, Person.unit)
        .join(Totp, Totp.person_id == PendingSignIn.person_id)
        .join(Person, Person.id == PendingSignIn.person_id)
        .where(PendingSignIn.token_hash == digest, PendingSignIn.expires > now)
        .with_for_update(of=(PendingSignIn, Totp))
    ).one_or_none()
    return None if found is None else _Step(*found)


def _fault(
    registry: Registry, tx: Transaction, step: _Step, code: str, now: datetime
) -> str | None:
    """Return why the code does not count; None once it is accepted and can never be again."""
    if step.state != State.ACTIVE:
        return "not_active"
    return codes.fault(registry, tx, step.totp, code, now=now)


def _count_failure(
    tx: Transaction, step: _Step, cause: str, *, address: str | None, now: datetime
) -> Refused:
    """Count a refused code against the step and the factor; say what to raise."""
    actor = Actor(subject=f"person:{step.pending.person_id}", unit=step.unit, address=address)
    _record_refusal(tx, cause, actor=actor, now=now)
    step.pending.failures += 1
    attempts.wrong_code(tx.session, step.pending.attempt_id)
    if step.pending.failures < MAX_CODES:
        return SignInRefused()
    tx.session.delete(step.pending)
    return StepOver()


def _record_refusal(tx: Transaction, cause: str, *, actor: Actor, now: datetime) -> None:
    tx.record(
        "sign_in.refused",
        actor=actor,
        now=now,
        outcome="failure",
        reason="code",
        details={"cause": cause},
    )


def _open(
    registry: Registry, tx: Transaction, step: _Step, browser: _Browser, now: datetime
) -> NewSession:
    """Spend the step, forget the failures, and open the session under a new token."""
    pending = step.pending
    token = tokens.new()
    digest = tokens.digest_of_new(token)
    actor = Actor(
        subject=f"person:{pending.person_id}",
        session=tokens.reference(digest),
        unit=step.unit,
        address=browser.address,
    )
    cookie = arrive(
        registry,
        tx,
        pending.person_id,
        Arriving(address=browser.address, user_agent=browser.user_agent, device=browser.device),
        session_ref=actor.session or "",
        amr=AMR,
        now=now,
        pending=pending,
    )
    tx.session.delete(pending)
    tx.session.add(
        Session(
            token_hash=digest,
            person_id=pending.person_id,
            created=now,
            last_seen=now,
            amr=AMR,
            strength=STRENGTH,
            address=browser.address,
            user_agent=browser.user_agent and browser.user_agent[:USER_AGENT],
        )
    )
    tx.record("sign_in.accepted", actor=actor, now=now, details={"amr": AMR.split()})
    _end_previous(tx, browser.previous, actor=actor, now=now)
    return NewSession(token=token, person_id=pending.person_id, device=cookie)


def _end_previous(tx: Transaction, token: str | None, *, actor: Actor, now: datetime) -> None:
    digest = None if token is None else tokens.digest(token)
    if digest is not None:
        which = ending.belongs_to(digest)
        ending.end(tx, which, why=ending.Why.REPLACED, actor=actor, now=now)
