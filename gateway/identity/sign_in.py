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
from gateway.identity import (
    attempts,
    counting,
    devices,
    logins,
    passwords,
    tables,
    throttle,
    tokens,
    turns,
)
from gateway.identity.hashing import Busy
from gateway.identity.lane_keys import Lanes
from gateway.identity.opening import NewSession, SignInRefused
from gateway.identity.pending_step import StepOver
from gateway.identity.registry import Registry
from gateway.identity.second_step import check_code
from gateway.identity.tables import Password, Person, State
from gateway.identity.tables_guards import Tried
from gateway.identity.throttle import Reservation, Throttled

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
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt: what was typed, from where, and in which lanes it counts."""

    login: str
    index: bytes
    address: str | None
    user_agent: str | None
    known_device: bool
    lanes: Lanes

    @property
    def actor(self) -> Actor:
        return Actor(subject=_SYSTEM, address=self.address)

    @property
    def personal(self) -> dict[str, str]:
        return {"login": self.login[:TYPED]}


def check_password(
    registry: Registry,
    *,
    login: str,
    password: str,
    address: str | None,
    now: datetime,
    user_agent: str | None = None,
    device: str | None = None,
) -> PendingSignIn:
    """Check the first factor and return the step that asks for the second.

    `device` is the cookie by which the browser may be known (`devices`).

    Raises:
        SignInRefused: unknown name, wrong password, or a person who may not sign in.
        Throttled: too many failures for this name or address; `retry_after` says how long.
        Busy: too many passwords are being checked.
    """
    attempt = _attempt(registry, login, address, user_agent, device, now)
    counted = counting.count(
        registry, attempt.lanes, actor=attempt.actor, now=now, personal=attempt.personal
    )
    found = _credential(registry, attempt.index)
    cause = _verdict(registry, found, password, counted)
    step: PendingSignIn | None = None
    grown = None if cause or found is None else _grown(registry, found, password)
    with registry.ledger.begin() as tx:
        if found is not None and cause is None and not _stands(tx, found):
            cause = "changed_meanwhile"
        if found is None or cause is not None:
            _refuse(tx, attempt, found, cause or "unknown_name", now=now)
        else:
            step = _open_step(registry, tx, found, grown, attempt, counted, now=now)
    if step is None:
        raise SignInRefused
    return step


_OUTCOMES = {"not_active": Tried.REFUSED}


def _attempt(
    registry: Registry,
    login: str,
    address: str | None,
    user_agent: str | None,
    cookie: str | None,
    now: datetime,
) -> _Try:
    vault = registry.vault
    index = vault.blind("person.login", logins.normal(login))
    with registry.store.reading() as session:
        known = devices.recognise(session, vault, cookie, login_index=index, now=now)
    lane = None if known is None else known.lane
    return _Try(
        login=login,
        index=index,
        address=address,
        user_agent=user_agent,
        known_device=known is not None,
        lanes=Lanes.of(vault, login_index=index, address=address, device=lane),
    )


def _note(
    tx: Transaction, attempt: _Try, found: _Credential | None, outcome: Tried, now: datetime
) -> UUID:
    return attempts.note(
        tx.session,
        None if found is None else found.person_id,
        outcome,
        known_device=attempt.known_device,
        address=attempt.address,
        user_agent=attempt.user_agent,
        now=now,
    )


def _credential(registry: Registry, index: bytes) -> _Credential | None:
    """Return the person and sealed hash of a login name, by one statement either way."""
    statement = (
        select(
            Person.id,
            Person.state,
            Person.unit,
            Password.hash_sealed,
            Password.row_version,
            Password.changed_at,
        )
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
    counted: Reservation,
) -> str | None:
    """Return why the password does not count, or None. The hash is computed in any case."""
    try:
        right = registry.hasher.verify(_encoded(registry, found), passwords.normal(password))
    except Busy:
        with registry.ledger.begin(unaudited_because=_NOT_TRIED) as tx:
            throttle.refund(tx.session, counted, counted.lanes)
        raise
    if found is None:
        return "unknown_name"
    if found.sealed is None or found.state != State.ACTIVE:
        return "not_active"
    return None if right else "wrong_password"


def _stands(tx: Transaction, found: _Credential) -> bool:
    """Tell whether the password that was just checked is still the person's.

    Checking it takes a while: who changed it meanwhile has shut out whoever knew the old one.
    """
    turns.take(tx.session, found.person_id)
    present = select(Password.changed_at).where(Password.person_id == found.person_id)
    return tx.session.execute(present.with_for_update()).scalar() == found.changed_at


def _refuse(
    tx: Transaction, attempt: _Try, found: _Credential | None, cause: str, *, now: datetime
) -> None:
    _note(tx, attempt, found, _OUTCOMES.get(cause, Tried.PASSWORD), now)
    tx.record(
        "sign_in.refused",
        actor=attempt.actor,
        now=now,
        outcome="failure",
        reason="credentials",
        details={"cause": cause},
        personal=attempt.personal,
    )


def _open_step(
    registry: Registry,
    tx: Transaction,
    found: _Credential,
    grown: str | None,
    attempt: _Try,
    counted: Reservation,
    *,
    now: datetime,
) -> PendingSignIn:
    token = tokens.new()
    expires = now + registry.limits.step_life
    throttle.refund(tx.session, counted, counted.shared)
    if grown is not None:
        _replace_hash(tx, found, grown)
    tx.session.add(
        tables.PendingSignIn(
            token_hash=tokens.digest_of_new(token),
            person_id=found.person_id,
            expires=expires,
            name_lane=counted.lane,
            familiar=attempt.lanes.place,
            attempt_id=_note(tx, attempt, found, Tried.HALF, now),
        )
    )
    subject = f"person:{found.person_id}"
    actor = Actor(subject=subject, unit=found.unit, address=attempt.address)
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


def _replace_hash(tx: Transaction, found: _Credential, grown: str) -> None:
    row = tx.session.get(Password, found.person_id, with_for_update=True)
    if row is not None and row.row_version == found.version:
        row.hash = grown  # the same password: its age stays
