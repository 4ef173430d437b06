"""The factors of a person: added, named, removed, and never the last way in.

Every change is told to the person, ends their other sessions and kills half-made sign-ins
(OWASP ASVS 5.0, 6.3.7, 6.5.6 and 7.4.3). That a fresh proof came first is the page's to ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import (
    codes,
    ending,
    names,
    notices,
    passkey_making,
    passkeys,
    phishing,
    recovery,
    turns,
)
from gateway.identity.current import Current
from gateway.identity.passkeys import Malformed, Site
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import PendingSignIn, Totp
from gateway.identity.tables_factors import Passkey
from gateway.refusals import Refused

NAME = 40
"""Longest name of a passkey, characters."""


class PasskeyRefused(Refused):
    """The passkey was not made for this page, this session or this moment: try again."""

    code: ClassVar[str] = "passkey_refused"


class PasskeyTaken(Refused):
    """This passkey is registered already."""

    code: ClassVar[str] = "passkey_taken"


class PasskeyNameRefused(Refused):
    """A passkey's name is 1 to 40 characters, without invisible ones."""

    code: ClassVar[str] = "passkey_name_not_allowed"


class TooManyPasskeys(Refused):
    """A person has at most 10 passkeys: remove one that is not used any more."""

    code: ClassVar[str] = "too_many_passkeys"


class FactorUnknown(Refused):
    """There is no such factor of this person (any more)."""

    code: ClassVar[str] = "factor_unknown"


class LastFactor(Refused):
    """It is the last way to sign in: add another one first."""

    code: ClassVar[str] = "last_factor"


class PasskeyOwed(Refused):
    """A role of this person asks for a passkey, and this is the last one."""

    code: ClassVar[str] = "passkey_owed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes factors, when, and which session of theirs goes on (None: none does)."""

    actor: Actor
    now: datetime
    keep: str | None = field(default=None, repr=False)


def add_passkey(
    registry: Registry, site: Site, who: Current, *, name: str, answer: str, change: Change
) -> UUID:
    """Take a new passkey into a person's own account; return its id.

    Raises:
        PasskeyNameRefused, TooManyPasskeys, PasskeyTaken.
        PasskeyRefused: what the browser sent proves nothing; it is on record.
    """
    called = checked_name(name)
    new = None
    refusal: Refused = PasskeyRefused()
    with registry.ledger.begin() as tx:
        turns.take(tx.session, who.person_id)
        if passkeys.number_of(tx.session, who.person_id) >= passkey_making.MOST:
            raise TooManyPasskeys
        try:
            made = passkey_making.made(registry, tx, site, who, answer, now=change.now)
        except Malformed as cause:
            _refused(tx, str(cause), change)
        else:
            if _is_taken(registry, tx, made.id):
                refusal = PasskeyTaken()
                _refused(tx, "taken", change)
            else:
                new = passkey_making.keep(registry, tx, who.person_id, made, called, now=change.now)
                record(tx, who.person_id, "factor.added", "passkey", change, which=str(new))
                notices.tell(tx, who.person_id, "passkey_added", now=change.now, name=called)
    if new is None:
        raise refusal
    return new


def rename_passkey(
    registry: Registry, person_id: UUID, key_id: UUID, name: str, *, actor: Actor, now: datetime
) -> None:
    """Give a passkey another name. Raises FactorUnknown, PasskeyNameRefused."""
    called = checked_name(name)
    with registry.ledger.begin() as tx:
        row = _own(tx, person_id, key_id)
        if row.name == called:
            return
        row.name = called
        tx.record(
            "factor.renamed",
            actor=actor,
            now=now,
            object=f"person:{person_id}",
            details={"kind": "passkey", "id": str(key_id)},
        )


def remove_passkey(
    registry: Registry, person_id: UUID, key_id: UUID, *, change: Change, even_last: bool = False
) -> None:
    """Remove a passkey; it opens nothing from now on.

    `even_last`: an operator may take the last one, and hands out a link to enrol anew.

    Raises:
        FactorUnknown, LastFactor, PasskeyOwed.
    """
    with registry.ledger.begin() as tx:
        turns.take(tx.session, person_id)
        row = _own(tx, person_id, key_id)
        left = passkeys.number_of(tx.session, person_id) - 1
        if not even_last and left == 0:
            if phishing.applies_to(registry, tx.session, person_id):
                raise PasskeyOwed
            if not codes.is_usable(tx.session, person_id):
                raise LastFactor
        called = row.name
        tx.session.delete(row)
        record(tx, person_id, "factor.removed", "passkey", change, which=str(key_id))
        notices.tell(tx, person_id, "passkey_removed", now=change.now, name=called)


def remove_totp(
    registry: Registry, person_id: UUID, *, change: Change, even_last: bool = False
) -> None:
    """Remove the authenticator app; only while there is a passkey. Else as `remove_passkey`."""
    with registry.ledger.begin() as tx:
        turns.take(tx.session, person_id)
        left = passkeys.number_of(tx.session, person_id)
        if left == 0 and not even_last:
            raise LastFactor
        if changed(tx.session, delete(Totp).where(Totp.person_id == person_id)) == 0:
            raise FactorUnknown
        record(tx, person_id, "factor.removed", "totp", change)
        notices.tell(tx, person_id, "totp_removed", now=change.now)


def remove_recovery(registry: Registry, person_id: UUID, *, change: Change) -> None:
    """Make all recovery codes of a person worthless. Raises FactorUnknown."""
    with registry.ledger.begin() as tx:
        turns.take(tx.session, person_id)
        if not recovery.drop_in(tx, person_id):
            raise FactorUnknown
        record(tx, person_id, "factor.removed", "recovery", change)
        notices.tell(tx, person_id, "recovery_removed", now=change.now)


def checked_name(name: str) -> str:
    """Return a passkey's name without needless blanks. Raises PasskeyNameRefused."""
    try:
        called = names.checked(name)
    except names.NameRefused:
        raise PasskeyNameRefused from None
    if len(called) > NAME:
        raise PasskeyNameRefused
    return called


def record(
    tx: Transaction, person_id: UUID, event: str, kind: str, change: Change, *, which: str = ""
) -> None:
    """Put a change on record; end the other sessions and whatever is half signed in."""
    details = {"kind": kind} | ({"id": which} if which else {})
    subject = f"person:{person_id}"
    tx.record(event, actor=change.actor, now=change.now, object=subject, details=details)
    changed(tx.session, delete(PendingSignIn).where(PendingSignIn.person_id == person_id))
    others = ending.others_of(person_id, keep=ending.digest_or_none(change.keep))
    ending.end(tx, others, why=ending.Why.FACTOR, actor=change.actor, now=change.now)


def _refused(tx: Transaction, cause: str, change: Change) -> None:
    tx.record(
        "factor.refused",
        actor=change.actor,
        now=change.now,
        object=change.actor.subject,
        outcome="failure",
        reason="passkey",
        details={"cause": cause},
    )


def _is_taken(registry: Registry, tx: Transaction, credential: bytes) -> bool:
    index = passkeys.index_of(registry.vault, credential)
    known = select(Passkey.id).where(Passkey.credential_index == index)
    return tx.session.execute(known).first() is not None


def _own(tx: Transaction, person_id: UUID, key_id: UUID) -> Passkey:
    row = tx.session.get(Passkey, key_id, with_for_update=True)
    if row is None or row.person_id != person_id:
        raise FactorUnknown(key_id)
    return row
