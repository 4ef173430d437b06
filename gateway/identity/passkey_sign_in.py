"""Signing in with a passkey alone: the key says who is here, and that it is they.

Nothing is typed, so nothing can be guessed, and a false page gets nothing to pass on: the
browser signs for the address it sees (Web Authentication level 3, 13.4.9).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import passkeys, throttle, tokens
from gateway.identity.current import RESISTANT
from gateway.identity.opening import (
    SYSTEM,
    Browser,
    NewSession,
    Proof,
    SignInRefused,
    open_session,
)
from gateway.identity.passkeys import Ceremony, Proved, Site
from gateway.identity.registry import Registry
from gateway.identity.tables import Person, State

ONLY = "only"
"""The purpose of a challenge that is the whole sign-in."""

_SPENT = "that a challenge was answered; the outcome is recorded, or counted if it repeats"


def options(registry: Registry, site: Site, browser_token: str, *, now: datetime) -> str:
    """Return what the browser is to be asked, as JSON; its answer counts from it alone."""
    return passkeys.request_options(registry, site, _ceremony(browser_token), now=now)


def check(
    registry: Registry,
    site: Site,
    *,
    browser_token: str,
    answer: str,
    browser: Browser,
    now: datetime,
) -> NewSession:
    """Check the answer and open a session of strength 3.

    Raises:
        SignInRefused: whatever was wrong; the log knows.
    """
    opened: NewSession | None = None
    with registry.ledger.begin(unaudited_because=_SPENT) as tx:
        proved = passkeys.prove(registry, tx, site, _ceremony(browser_token), answer, now=now)
        person = None if proved.row is None else _active(tx, proved.row.person_id)
        if proved.fault is None and proved.row is not None and person is not None:
            proof = Proof(amr=f"{passkeys.amr_of(proved.row)} user", strength=RESISTANT)
            opened = open_session(registry, tx, person.id, person.unit, proof, browser, now=now)
        else:
            _record(registry, tx, proved, browser, now=now)
    if opened is None:
        raise SignInRefused
    return opened


def _ceremony(browser_token: str) -> Ceremony:
    digest = tokens.digest(browser_token)
    return Ceremony(ONLY, "" if digest is None else digest.hex())


def _active(tx: Transaction, person_id: UUID) -> Person | None:
    active = select(Person).where(Person.id == person_id, Person.state == State.ACTIVE)
    return tx.session.execute(active).scalar_one_or_none()


def _record(
    registry: Registry, tx: Transaction, proved: Proved, browser: Browser, *, now: datetime
) -> None:
    """Put the refusal on record; of a stranger's that repeat, the first of each minute."""
    event, reason = "sign_in.refused", "passkey"
    known = proved.row is not None
    subject = f"person:{proved.row.person_id}" if proved.row is not None else SYSTEM
    actor = Actor(subject=subject, address=browser.address)
    place = throttle.place_of(browser.address)
    if known or registry.tally.is_first(event, reason, actor=actor, place=place, now=now):
        tx.record(
            event,
            actor=actor,
            now=now,
            outcome="failure",
            reason=reason,
            details={"cause": proved.fault or "not_active"},
        )
