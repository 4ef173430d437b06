"""Sign-in in two stages: the password opens a step, the code turns the step into a session.

Whoever is refused learns nothing: an unknown name, a wrong password and a person who may not
sign in cost the same hash, the same statements and the same record, and read the same.
No argument of `check_code` but a step made by `check_password` leads to a session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import logins, passwords, tables, throttle, tokens
from gateway.identity.hashing import Busy
from gateway.identity.registry import Registry
from gateway.identity.second_step import NewSession, SignInRefused, StepOver, check_code
from gateway.identity.tables import Password, Person, State
from gateway.identity.throttle import Lanes, Throttled

__all__ = [
    "NewSession",
    "PendingSignIn",
    "SignInRefused",
    "StepOver",
    "Throttled",
    "check_code",
    "check_password",
]

TYPED = 256
"""Characters kept of a typed login name."""

_SYSTEM = "system:sign_in"
_COUNTED = "the attempt is counted before its outcome is known; the outcome is recorded"
_NOT_TRIED = "nothing was checked: the count of the attempt is taken back"


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """The token of the step between password and code, and when it is over."""

    token: str = field(repr=False)
    expires: datetime


@dataclass(frozen=True, slots=True)
class _Credential:
    person_id: UUID
    state: str
    unit: str
    sealed: bytes | None
    version: int | None


def check_password(
    registry: Registry, *, login: str, password: str, address: str | None, now: datetime
) -> PendingSignIn:
    """Check the first factor and return the step that asks for the second.

    Raises:
        SignInRefused: unknown name, wrong password, or a person who may not sign in.
        Throttled: too many failures for this name or address; `retry_after` says how long.
        Busy: too many passwords are being checked.
    """
    name = logins.normal(login)
    lanes = Lanes.of(registry.vault, login=name, address=address)
    attempt = {"login": login[:TYPED]}
    actor = Actor(subject=_SYSTEM, address=address)
    lane = _count(registry, lanes, attempt=attempt, actor=actor, now=now)
    found = _credential(registry, name)
    cause = _verdict(registry, found, password, counted=(lane, lanes.address), now=now)
    if cause is not None or found is None:
        registry.ledger.append(
            "sign_in.refused",
            actor=actor,
            now=now,
            outcome="failure",
            reason="credentials",
            details={"cause": cause or "unknown_name"},
            personal=attempt,
        )
        raise SignInRefused
    return _open_step(registry, found, password, lanes, lane=lane, address=address, now=now)


def _count(
    registry: Registry, lanes: Lanes, *, attempt: dict[str, str], actor: Actor, now: datetime
) -> bytes:
    """Count the attempt before anything is checked. Raises Throttled."""
    with registry.ledger.begin(unaudited_because=_COUNTED) as tx:
        reservation = throttle.reserve(tx.session, lanes, now=now)
        if reservation.wait:
            seconds = int(reservation.wait.total_seconds())
            tx.record(
                "sign_in.throttled",
                actor=actor,
                now=now,
                outcome="denied",
                reason="throttled",
                details={"seconds": seconds},
                personal=attempt,
            )
    if reservation.wait:
        raise Throttled(reservation.wait)
    return reservation.lane


def _credential(registry: Registry, name: str) -> _Credential | None:
    """Return the person and sealed hash of a login name, by one statement either way."""
    index = registry.vault.blind("person.login", name)
    statement = (
        select(Person.id, Person.state, Person.unit, Password.hash_sealed, Password.row_version)
        .outerjoin(Password, Password.person_id == Person.id)
        .where(Person.login_index == index)
    )
    with registry.store.reading() as session:
        found = session.execute(statement).one_or_none()
    return None if found is None else _Credential(*found)


def _encoded(registry: Registry, found: _Credential | None) -> str:
    """Return the hash to check against: the person's, or the decoy's."""
    if found is None:
        return registry.open_hash(None, None, None)
    return registry.open_hash(found.person_id, found.sealed, found.version)


def _verdict(
    registry: Registry,
    found: _Credential | None,
    password: str,
    *,
    counted: tuple[bytes, bytes],
    now: datetime,
) -> str | None:
    """Return why the password does not count, or None. The hash is computed in any case."""
    try:
        right = registry.hasher.verify(_encoded(registry, found), passwords.normal(password))
    except Busy:
        with registry.ledger.begin(unaudited_because=_NOT_TRIED) as tx:
            throttle.refund(tx.session, counted, now=now)
        raise
    if found is None:
        return "unknown_name"
    if found.sealed is None or found.state != State.ACTIVE:
        return "not_active"
    return None if right else "wrong_password"


def _open_step(
    registry: Registry,
    found: _Credential,
    password: str,
    lanes: Lanes,
    *,
    lane: bytes,
    address: str | None,
    now: datetime,
) -> PendingSignIn:
    grown = _grown(registry, found, password)
    token = tokens.new()
    expires = now + registry.limits.step_life
    with registry.ledger.begin() as tx:
        throttle.refund(tx.session, [lanes.address], now=now)
        if grown is not None:
            _replace_hash(tx, found, grown, now)
        tx.session.add(
            tables.PendingSignIn(
                token_hash=tokens.digest_of_new(token),
                person_id=found.person_id,
                expires=expires,
                name_lane=lane,
                familiar=lanes.familiar,
            )
        )
        actor = Actor(subject=f"person:{found.person_id}", unit=found.unit, address=address)
        tx.record("sign_in.password_accepted", actor=actor, now=now)
    return PendingSignIn(token=token, expires=expires)


def _grown(registry: Registry, found: _Credential, password: str) -> str | None:
    """Return the hash anew if the parameters changed since; only now is the password known."""
    if not registry.hasher.outgrown(_encoded(registry, found)):
        return None
    try:
        return registry.hasher.hash(passwords.normal(password))
    except Busy:  # the next sign-in will do
        return None


def _replace_hash(tx: Transaction, found: _Credential, grown: str, now: datetime) -> None:
    row = tx.session.get(Password, found.person_id, with_for_update=True)
    if row is not None and row.row_version == found.version:
        row.hash = grown
        row.changed_at = now
