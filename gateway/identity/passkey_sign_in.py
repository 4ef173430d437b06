"""Signing in with a passkey alone: the key says who is here, and that it is they.

Nothing is typed, so nothing can be guessed, and a false page gets nothing to pass on: the
browser signs for the address it sees (Web Authentication level 3, 13.4.9). Attempts have lanes
all the same, for each costs a signature and a record: a known browser one of its own, all
others those of their address and of all strangers.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import counting, devices, lane_keys, passkeys, throttle, tokens
from gateway.identity.current import RESISTANT
from gateway.identity.lane_keys import Strangers
from gateway.identity.opening import (
    SYSTEM,
    Browser,
    NewSession,
    Proof,
    SignInRefused,
    open_session,
)
from gateway.identity.passkeys import Ceremony, Proved, Site
from gateway.identity.profiles import PROFILES
from gateway.identity.registry import Registry
from gateway.identity.tables import Person, State
from gateway.identity.throttle import Reservation

ONLY = "only"
"""The purpose of a challenge that is the whole sign-in."""

_SPENT = "that a challenge was answered; the outcome is recorded, or counted if it repeats"


def lane_of(device: UUID) -> str:
    """The lane of passkeys at a known device: wrong passwords typed there do not close it."""
    return f"passkey {device}"


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
        Throttled: too many failures at this device, from this address, or of all strangers.
    """
    opened: NewSession | None = None
    owner, counted = _count(registry, browser, now=now)
    with registry.ledger.begin(unaudited_because=_SPENT) as tx:
        proved = passkeys.prove(registry, tx, site, _ceremony(browser_token), answer, now=now)
        person = None if proved.row is None else _active(tx, proved.row.person_id)
        if proved.fault is None and proved.row is not None and person is not None:
            proof = Proof(amr=f"{passkeys.amr_of(proved.row)} user", strength=RESISTANT)
            opened = open_session(registry, tx, person.id, person.unit, proof, browser, now=now)
            if owner is None:
                throttle.refund(tx.session, counted, counted.lanes)
            else:
                throttle.settle_lane(tx.session, counted.lane)
        else:
            if proved.row is not None and proved.row.person_id != owner:
                _count_against(registry, tx, proved.row.person_id, now=now)
            _record(registry, tx, proved, browser, now=now)
    if opened is None:
        raise SignInRefused
    return opened


def _count(
    registry: Registry, browser: Browser, *, now: datetime
) -> tuple[UUID | None, Reservation]:
    """Count the attempt; return whose browser it is, if it is known. Raises Throttled."""
    with registry.store.reading() as session:
        found = devices.anybodys(session, registry.vault, browser.device, now=now)
    owner, lane = (None, None) if found is None else (found[0], lane_of(found[1].id))
    lanes = Strangers.at(registry.vault, browser.address, device=lane)
    actor = Actor(subject=SYSTEM, address=browser.address)
    return owner, counting.count(registry, lanes, actor=actor, now=now)


def _count_against(registry: Registry, tx: Transaction, whose: UUID, *, now: datetime) -> None:
    """Count a stranger's failure with a person's key as a wrong password of a stranger's."""
    index = tx.session.execute(select(Person.login_index).where(Person.id == whose)).scalar_one()
    pace = PROFILES[registry.limits.password_profile].pace
    name = lane_keys.name_key(registry.vault, index)
    throttle.count_against(tx.session, name, now=now, pace=pace)


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
    place = lane_keys.place_of(browser.address)
    if known or registry.tally.is_first(event, reason, actor=actor, place=place, now=now):
        tx.record(
            event,
            actor=actor,
            now=now,
            outcome="failure",
            reason=reason,
            details={"cause": proved.fault or "not_active"},
        )
