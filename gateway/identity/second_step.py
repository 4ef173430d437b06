"""The second stage of a sign-in: one proof, used once, turns a step into a session.

The proof is a code of the authenticator, a recovery code or a passkey. Each is checked under
the lock of the step, counted when wrong, and good for nothing a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import attempts, codes, passkeys, phishing, recovery, tokens, turns
from gateway.identity.integrity import refusing
from gateway.identity.opening import (
    SYSTEM,
    Browser,
    NewSession,
    Proof,
    SignInRefused,
    open_session,
)
from gateway.identity.passkeys import Site
from gateway.identity.pending_step import StepOver, ceremony_of, owner
from gateway.identity.registry import Registry
from gateway.identity.tables import PendingSignIn, Person, State
from gateway.refusals import Refused

MAX_CODES = 5
"""Wrong codes after which a step is dead and the password is asked again."""

AMR = "pwd otp"
"""Authentication method references (RFC 8176), separated by spaces."""

_CODE = Proof(amr=AMR, strength=2)
_RECOVERY = Proof(amr=f"pwd {recovery.AMR}", strength=2)
_PASSKEY = 3


class PasskeyRequired(Refused):
    """A role of this person asks for the passkey that they have; no code takes its place."""

    code: ClassVar[str] = "passkey_required"


@dataclass(frozen=True, slots=True)
class _Step:
    pending: PendingSignIn
    state: str
    unit: str

    @property
    def person_id(self) -> UUID:
        return self.pending.person_id


@dataclass(frozen=True, slots=True)
class _Verdict:
    cause: str | None
    proof: Proof = _CODE


@dataclass(frozen=True, slots=True)
class _Way:
    """How one kind of proof is checked, counted when wrong, and told of when right."""

    check: Callable[[Transaction, _Step], _Verdict]
    count: Callable[[Transaction, _Step, str, Actor], None]
    told: Callable[[Transaction, _Step, Actor], None] = lambda _tx, _step, _actor: None
    is_code: bool = True


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
    """Check a code of the authenticator and open a session.

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
        PasskeyRequired: a role of the person asks for the passkey that they have.
        StepOver: there is no such step any more.
    """
    browser = Browser(address=address, user_agent=user_agent, previous=previous, device=device)

    def check(tx: Transaction, step: _Step) -> _Verdict:
        factor = codes.locked(tx, step.person_id)
        return _Verdict(codes.fault(registry, tx, factor, code, now=now))

    def count(tx: Transaction, step: _Step, cause: str, _actor: Actor) -> None:
        factor = codes.locked(tx, step.person_id)
        codes.count(factor, cause)

    return _take(registry, pending_token, _Way(check, count), browser, now)


@refusing(SignInRefused)
def check_recovery(
    registry: Registry, *, pending_token: str, code: str, browser: Browser, now: datetime
) -> NewSession:
    """Check a recovery code and open a session; the person is told how many are left.

    Raises:
        SignInRefused, PasskeyRequired, StepOver: as `check_code`.
        Busy: too many hashes are being computed.
    """
    whose = owner(registry, pending_token, now=now)
    found = None if whose is None else recovery.matching(registry, whose, code)

    def check(tx: Transaction, step: _Step) -> _Verdict:
        return _Verdict(recovery.fault(registry, tx, step.person_id, found, now=now), _RECOVERY)

    def count(tx: Transaction, step: _Step, cause: str, actor: Actor) -> None:
        recovery.count(tx, step.person_id, cause, actor=actor, now=now)

    def told(tx: Transaction, step: _Step, actor: Actor) -> None:
        recovery.used(tx, step.person_id, actor=actor, now=now)

    return _take(registry, pending_token, _Way(check, count, told), browser, now)


def check_passkey(
    registry: Registry,
    site: Site,
    *,
    pending_token: str,
    answer: str,
    browser: Browser,
    now: datetime,
) -> NewSession:
    """Check a passkey's answer to the step's challenge and open a session.

    Raises:
        SignInRefused, StepOver: as `check_code`.
    """
    ceremony = ceremony_of(pending_token)

    def check(tx: Transaction, step: _Step) -> _Verdict:
        proved = passkeys.prove(
            registry, tx, site, ceremony, answer, now=now, person_id=step.person_id
        )
        if proved.row is None or proved.fault is not None:
            return _Verdict(proved.fault)
        amr = f"pwd {passkeys.amr_of(proved.row)} user"
        return _Verdict(None, Proof(amr=amr, strength=_PASSKEY))

    def count(_tx: Transaction, _step: _Step, _cause: str, _actor: Actor) -> None:
        """Nothing to guess: the five of the step are enough."""

    return _take(registry, pending_token, _Way(check, count, is_code=False), browser, now)


def _take(
    registry: Registry, pending_token: str, way: _Way, browser: Browser, now: datetime
) -> NewSession:
    opened: NewSession | None = None
    refusal: Refused = StepOver()
    with registry.ledger.begin() as tx:
        step = _live_step(tx, pending_token, now)
        if step is None:
            nobody = Actor(subject=SYSTEM, address=browser.address)
            _record_refusal(tx, "no_step", actor=nobody, now=now)
        else:
            actor = Actor(
                subject=f"person:{step.person_id}", unit=step.unit, address=browser.address
            )
            whose = step.person_id
            verdict = _judge(registry, tx, step, way)
            if verdict.cause is not None:
                refusal = _count_failure(tx, step, way, verdict.cause, actor=actor, now=now)
            else:
                way.told(tx, step, actor)
                opened = open_session(
                    registry,
                    tx,
                    step.person_id,
                    step.unit,
                    verdict.proof,
                    browser,
                    now=now,
                    pending=step.pending,
                )
    if opened is None:
        if step is not None:
            codes.shut(registry, whose, actor=actor, now=now)
        raise refusal
    return opened


def _live_step(tx: Transaction, token: str, now: datetime) -> _Step | None:
    digest = tokens.digest(token)
    if digest is None:
        return None
    live = (PendingSignIn.token_hash == digest, PendingSignIn.expires > now)
    whose = tx.session.execute(select(PendingSignIn.person_id).where(*live)).scalar_one_or_none()
    if whose is None:
        return None
    turns.take(tx.session, whose)
    found = tx.session.execute(
        select(PendingSignIn, Person.state, Person.unit)
        .join(Person, Person.id == PendingSignIn.person_id)
        .where(*live)
        .with_for_update(of=PendingSignIn)
    ).one_or_none()
    return None if found is None else _Step(*found)


def _judge(registry: Registry, tx: Transaction, step: _Step, way: _Way) -> _Verdict:
    """Check the proof; once it is accepted it can never be again."""
    if step.state != State.ACTIVE:
        return _Verdict("not_active")
    if way.is_code and phishing.forbids_codes(registry, tx.session, step.person_id):
        return _Verdict("passkey_required")
    return way.check(tx, step)


def _count_failure(
    tx: Transaction, step: _Step, way: _Way, cause: str, *, actor: Actor, now: datetime
) -> Refused:
    """Count a refused proof against the step and the factor; say what to raise."""
    _record_refusal(tx, cause, actor=actor, now=now)
    step.pending.failures += 1
    attempts.wrong_code(tx.session, step.pending.attempt_id)
    way.count(tx, step, cause, actor)
    if step.pending.failures >= MAX_CODES:
        tx.session.delete(step.pending)
        return StepOver()
    return PasskeyRequired() if cause == "passkey_required" else SignInRefused()


def _record_refusal(tx: Transaction, cause: str, *, actor: Actor, now: datetime) -> None:
    tx.record(
        "sign_in.refused",
        actor=actor,
        now=now,
        outcome="failure",
        reason="code",
        details={"cause": cause},
    )
