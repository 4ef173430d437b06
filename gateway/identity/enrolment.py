"""Enrolment: by a one-time link a person sets the password and the code factor.

look → begin → finish. `begin` keeps the candidates beside the link and may be repeated;
`finish` proves the factor by its first code and makes everything true in one transaction.
Killed anywhere between, the same link goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import (
    codes,
    devices,
    ending,
    epoch,
    notices,
    passwords,
    recovery,
    totp,
)
from gateway.identity.integrity import refusing
from gateway.identity.links import EnrolmentOver, Found, find, issue_in, refuse_if_locked, was_ours
from gateway.identity.registry import Registry
from gateway.identity.roles import locked_person
from gateway.identity.statements import changed
from gateway.identity.tables import Password, PendingSignIn, State, Unit
from gateway.identity.tables_factors import Passkey
from gateway.identity.totp import TotpOffer
from gateway.refusals import Refused

__all__ = [
    "CodeRefused",
    "Enrolment",
    "EnrolmentNotBegun",
    "EnrolmentOver",
    "TotpOffer",
    "begin",
    "finish",
    "issue",
    "look",
]


class EnrolmentNotBegun(Refused):
    """No password was chosen by this link yet."""

    code: ClassVar[str] = "enrolment_not_begun"


class CodeRefused(Refused):
    """The code is not the one of the new factor at this moment; try the next one."""

    code: ClassVar[str] = "code_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Whom a link is for, and until when. `unit` is a slug."""

    person_id: UUID
    name: str
    login: str
    unit: str
    expires: datetime
    factors_only: bool = False
    """The password stays; only the factors are made anew."""


def issue(registry: Registry, person_id: UUID, *, actor: Actor, now: datetime) -> str:
    """Return a new one-time link: for a lost one, a lost factor, or to bring a person back.

    Until the link is used nothing else changes for an active person. A disabled one is
    invited again and keeps the roles. Raises PersonUnknown, PersonLocked.
    """
    with registry.ledger.begin() as tx:
        person = locked_person(tx.session, person_id)
        refuse_if_locked(tx.session, person_id)
        if person.state == State.DISABLED:
            person.state = State.INVITED
            person.disabled_at = None
            epoch.bump(tx)
            tx.record("person.restored", actor=actor, now=now, object=f"person:{person_id}")
        return issue_in(registry, tx, person_id, actor=actor, now=now)


@refusing(EnrolmentOver)
def look(registry: Registry, token: str, *, now: datetime) -> Enrolment:
    """Return whom the link is for, without changing anything. Raises EnrolmentOver."""
    with registry.store.reading() as session:
        found = find(session, token, now=now, lock=False)
        if found is None:
            raise EnrolmentOver
        return Enrolment(
            person_id=found.person.id,
            name=found.person.name,
            login=found.person.login,
            unit=found.person.unit,
            expires=found.row.expires,
            factors_only=found.row.factors_only,
        )


@refusing(EnrolmentOver)
def begin(
    registry: Registry, token: str, password: str, *, now: datetime, address: str | None = None
) -> TotpOffer:
    """Keep the password and a new secret as candidates; return what the app must be told.

    Each call makes a new secret: one that somebody saw before is worth nothing.

    Raises:
        EnrolmentOver, PasswordRefused, Busy.
    """
    seen = look(registry, token, now=now)
    if seen.factors_only:  # two officers decided that the password stays
        raise EnrolmentOver
    owner = [seen.login, seen.name, seen.unit, *_unit_names(registry, seen.unit)]
    passwords.check_for(registry.limits, password, owner=[*owner, registry.issuer])
    encoded = registry.hasher.hash(passwords.normal(password))
    return _offer(registry, token, seen, encoded, now=now, address=address)


@refusing(EnrolmentOver)
def begin_factors(
    registry: Registry, token: str, *, now: datetime, address: str | None = None
) -> TotpOffer:
    """As `begin`, by a link that leaves the password as it is. Raises EnrolmentOver."""
    seen = look(registry, token, now=now)
    if not seen.factors_only:
        raise EnrolmentOver
    return _offer(registry, token, seen, None, now=now, address=address)


def _offer(
    registry: Registry,
    token: str,
    seen: Enrolment,
    encoded: str | None,
    *,
    now: datetime,
    address: str | None,
) -> TotpOffer:
    secret = totp.new_secret()
    with registry.ledger.begin() as tx:
        found = find(tx.session, token, now=now, lock=True)
        if found is None:
            raise EnrolmentOver
        found.row.hash = encoded
        found.row.secret = secret
        actor = Actor(subject=found.subject, unit=seen.unit, address=address)
        tx.record("enrolment.started", actor=actor, now=now, object=actor.subject)
    return totp.offer(secret, login=seen.login, issuer=registry.issuer)


@refusing(EnrolmentOver)
def finish(
    registry: Registry, token: str, code: str, *, now: datetime, address: str | None = None
) -> UUID:
    """Prove the new factor and make it, the password and the person valid; spend the link.

    A person who was active already loses the old password, all factors and sessions by this.

    Raises:
        EnrolmentOver, EnrolmentNotBegun, CodeRefused.
    """
    refusal: Refused = EnrolmentOver()
    person_id: UUID | None = None
    with registry.ledger.begin() as tx:
        found = find(tx.session, token, now=now, lock=True)
        if found is not None:
            actor = Actor(subject=found.subject, unit=found.person.unit, address=address)
            fault = _try(registry, tx, found, code, actor=actor, now=now)
            refusal = fault or refusal
            person_id = found.person.id if fault is None else None
            if fault is not None:
                _record_refusal(tx, fault.code, actor=actor, now=now)
        elif was_ours(tx.session, token):
            stranger = Actor(subject="system:enrolment", address=address)
            _record_refusal(tx, refusal.code, actor=stranger, now=now)
    if person_id is None:
        raise refusal
    return person_id


def _try(
    registry: Registry,
    tx: Transaction,
    found: Found,
    code: str,
    *,
    actor: Actor,
    now: datetime,
) -> Refused | None:
    encoded, secret, only = found.row.hash, found.row.secret, found.row.factors_only
    if secret is None or (encoded is None and not only):
        return EnrolmentNotBegun()
    back = registry.limits.totp_back_steps
    step = totp.matching_step(secret, code, now, back_steps=back)
    if step is None:
        return CodeRefused()
    person_id = found.person.id
    changed(tx.session, delete(PendingSignIn).where(PendingSignIn.person_id == person_id))
    # Whoever needs a link has lost something: nothing of what they had opens any more.
    changed(tx.session, delete(Passkey).where(Passkey.person_id == person_id))
    recovery.drop_in(tx, person_id)
    _bind(tx.session, person_id, encoded=encoded, secret=secret, step=step, now=now)
    found.person.state = State.ACTIVE
    found.row.used_at = now
    found.row.hash = None
    found.row.secret = None
    everything = ending.others_of(person_id, keep=None)
    ending.end(tx, everything, why=ending.Why.ENROLLED, actor=actor, now=now)
    devices.forget_all(tx.session, person_id)
    epoch.bump(tx)
    event = "person.factors_replaced" if only else "person.enrolled"
    tx.record(event, actor=actor, now=now, object=actor.subject)
    if only:
        notices.tell(tx, person_id, "factors_replaced", now=now)
    return None


def _bind(
    session: OrmSession,
    person_id: UUID,
    *,
    encoded: str | None,
    secret: bytes,
    step: int,
    now: datetime,
) -> None:
    """Put the proven candidates in the place of what the person had."""
    password = session.get(Password, person_id, with_for_update=True)
    if encoded is not None and password is None:
        session.add(Password(person_id=person_id, hash=encoded, changed_at=now))
    elif encoded is not None and password is not None:
        password.hash = encoded
        password.changed_at = now
    codes.bind(session, person_id, secret=secret, step=step, now=now)


def _record_refusal(tx: Transaction, cause: str, *, actor: Actor, now: datetime) -> None:
    tx.record("enrolment.refused", actor=actor, now=now, outcome="failure", reason=cause)


def _unit_names(registry: Registry, slug: str) -> list[str]:
    with registry.store.reading() as session:
        unit = session.get(Unit, slug)
        return [] if unit is None else [unit.name_zh, unit.name_en]
