"""A fresh proof before what weighs heavily: one more code or a passkey, bound to the very act.

A proof belongs to a session and an act, and holds for minutes: whoever finds a desk unlocked,
or has stolen a cookie, may look but not act; and the proof for one act opens no other. Each
proof gives the session a new token, and the old one is dead; open services go on. Wrong codes
count as at sign-in; the fifth in a row ends the session.
Source: OWASP ASVS 5.0, 7.2.4, 7.5.1, 7.5.3; NIST SP 800-63B-4, 2.2.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import codes, ending, passkeys, phishing, proofs, recovery, tokens, turns
from gateway.identity.current import Current
from gateway.identity.integrity import refusing
from gateway.identity.passkeys import Ceremony, Site
from gateway.identity.registry import Registry
from gateway.identity.second_step import MAX_CODES
from gateway.identity.statements import changed
from gateway.identity.tables import Session, Ticket
from gateway.identity.tables_fresh import ReplacedToken
from gateway.refusals import Refused

KEPT = timedelta(hours=1)
"""How long a proof's row stays after its last use."""


class ProofRefused(Refused):
    """The code is wrong or was used before: wait for the next one."""

    code: ClassVar[str] = "proof_refused"


class ProofTwice(Refused):
    """Another tab was confirming something at this very moment: once more, with the next code."""

    code: ClassVar[str] = "proof_twice"


class ProofsOver(Refused):
    """Too many wrong codes: the session is over."""

    code: ClassVar[str] = "proofs_over"


@dataclass(frozen=True, slots=True)
class _Held:
    row: Session
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The session's new token."""

    token: str = field(repr=False)


@refusing(ProofRefused)
def prove(
    registry: Registry, current: Current, *, act: str, code: str, actor: Actor, now: datetime
) -> Renewed:
    """Confirm an act with a code of one's authenticator, or with a recovery code.

    Raises:
        ProofRefused: a wrong code, or one that was used before; or a role asks for the passkey
            that the person has, and a code could have been passed on by a false page.
        ProofTwice: the session has had another token meanwhile; the code was not looked at.
        ProofsOver: that was the fifth, or the session has ended meanwhile.
        Busy: a recovery code, and too many hashes are being computed.
    """
    whose = current.person_id
    if recovery.clean(code) is None:

        def check(tx: Transaction) -> str | None:
            if phishing.forbids_codes(registry, tx.session, whose):
                return "passkey_required"
            factor = codes.locked(tx, whose)
            cause = codes.fault(registry, tx, factor, code, now=now)
            if cause is not None:
                codes.count(factor, cause)
            return cause

        return _prove(registry, current, act, check, actor=actor, now=now)
    found = recovery.matching(registry, whose, code)

    def check_recovery(tx: Transaction) -> str | None:
        if phishing.forbids_codes(registry, tx.session, whose):
            return "passkey_required"
        cause = recovery.fault(registry, tx, whose, found, now=now)
        if cause is None:
            recovery.used(tx, whose, actor=actor, now=now)
        else:
            recovery.count(tx, whose, cause, actor=actor, now=now)
        return cause

    return _prove(registry, current, act, check_recovery, actor=actor, now=now)


def passkey_options(
    registry: Registry, site: Site, current: Current, *, act: str, now: datetime
) -> str:
    """Return what the browser is to be asked to confirm an act, as JSON."""
    ceremony = _ceremony(current, act)
    return passkeys.request_options(registry, site, ceremony, now=now, person_id=current.person_id)


def prove_with_passkey(
    registry: Registry,
    site: Site,
    current: Current,
    *,
    act: str,
    answer: str,
    actor: Actor,
    now: datetime,
) -> Renewed:
    """Confirm an act with a passkey. Raises ProofRefused, ProofsOver."""
    ceremony, whose = _ceremony(current, act), current.person_id

    def check(tx: Transaction) -> str | None:
        return passkeys.prove(registry, tx, site, ceremony, answer, now=now, person_id=whose).fault

    return _prove(registry, current, act, check, actor=actor, now=now)


def ways(registry: Registry, current: Current) -> frozenset[str]:
    """Return what a person may confirm an act with: `totp`, `recovery`, `passkey`."""
    whose = current.person_id
    with registry.store.reading() as session:
        if phishing.forbids_codes(registry, session, whose):
            return frozenset({"passkey"})
        codes_left = recovery.view(session, whose)
        found = {
            "totp": codes.is_usable(session, whose),
            "recovery": codes_left is not None and codes_left.left > 0,
            "passkey": passkeys.number_of(session, whose) > 0,
        }
    return frozenset(way for way, is_there in found.items() if is_there)


def _ceremony(current: Current, act: str) -> Ceremony:
    return Ceremony("confirm", f"{current.session_id} {act}")


def _prove(
    registry: Registry,
    current: Current,
    act: str,
    check: Callable[[Transaction], str | None],
    *,
    actor: Actor,
    now: datetime,
) -> Renewed:
    renewed: Renewed | None = None
    refusal: Refused = ProofsOver()
    with registry.ledger.begin() as tx:
        turns.take(tx.session, current.person_id)
        held = _held(tx, current.session_id)
        if held is not None and tokens.reference(held.row.token_hash) != current.session_ref:
            _record(tx, act, "renewed_meanwhile", actor=actor, now=now)
            refusal = ProofTwice()
        elif held is None:
            _record(tx, act, "session_over", actor=actor, now=now)
        elif (cause := check(tx)) is None:
            renewed = _confirm(tx, held, act, actor=actor, now=now)
        else:
            _record(tx, act, cause, actor=actor, now=now)
            refusal = _count(tx, held, act, actor=actor, now=now)
    if renewed is None:
        codes.shut(registry, current.person_id, actor=actor, now=now)
        raise refusal
    return renewed


def forget(tx: Transaction, *, now: datetime) -> None:
    """Drop proofs that nobody can use any more: housekeeping."""
    proofs.forget(tx, before=now - KEPT)
    changed(tx.session, delete(ReplacedToken).where(ReplacedToken.at < now - KEPT))


def _held(tx: Transaction, session_id: UUID) -> _Held | None:
    """Return the live session, locked, and the wrong codes in a row that it has seen.

    Its children are locked with it, in the order in which `ending` locks them.
    """
    named = select(Session.token_hash).where(Session.id == session_id)
    token_hash = tx.session.execute(named).scalar_one_or_none()
    if token_hash is None:
        return None
    family = tx.session.scalars(
        select(Session)
        .where(ending.belongs_to(token_hash), Session.ended_at.is_(None))
        .order_by(Session.id)
        .with_for_update()
    ).all()
    row = next((each for each in family if each.id == session_id), None)
    if row is None:
        return None
    return _Held(row, proofs.failures(tx, session_id))


def _confirm(tx: Transaction, held: _Held, act: str, *, actor: Actor, now: datetime) -> Renewed:
    session_id = held.row.id
    proofs.keep(tx, session_id, act, now=now)
    token = tokens.new()
    old, new = held.row.token_hash, tokens.digest_of_new(token)
    tx.session.add(ReplacedToken(token_hash=old, session_id=session_id, at=now))
    _rename(tx, held.row, old, new)
    tx.record(
        "session.confirmed",
        actor=actor,
        now=now,
        object=actor.subject,
        details={"act": act, "session": tokens.reference(new)},
    )
    return Renewed(token=token)


def _rename(tx: Transaction, row: Session, old: bytes, new: bytes) -> None:
    """Row by row, by the ORM: each of them carries a MAC over these hashes.

    Those that are over carry none, open nothing, and stay as they were.
    """
    row.token_hash = new
    children = select(Session).where(Session.parent_hash == old, Session.ended_at.is_(None))
    for child in tx.session.scalars(children):
        child.parent_hash = new
    unspent = select(Ticket).where(Ticket.session_hash == old, Ticket.used_at.is_(None))
    for ticket in tx.session.scalars(unspent):
        ticket.session_hash = new


def _count(tx: Transaction, held: _Held, act: str, *, actor: Actor, now: datetime) -> Refused:
    """Count a wrong code against the session; the fifth ends it."""
    proofs.count(tx, held.row.id, act, now=now)
    if held.failures + 1 < MAX_CODES:
        return ProofRefused()
    which = ending.belongs_to(held.row.token_hash)
    ending.end(tx, which, why=ending.Why.GUESSED, actor=actor, now=now)
    return ProofsOver()


def _record(tx: Transaction, act: str, cause: str, *, actor: Actor, now: datetime) -> None:
    tx.record(
        "session.confirmation_refused",
        actor=actor,
        now=now,
        outcome="failure",
        reason="code",
        object=actor.subject,
        details={"act": act, "cause": cause},
    )
