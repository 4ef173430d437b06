"""What a full sign-in leaves behind, whichever factors it was made with.

Every way to a session calls `arrive` within its transaction: it marks the attempt, tells the
person what is out of the ordinary, settles the lanes and makes the browser known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from gateway.identity import attempts, devices, lane_keys, notices, paces, throttle
from gateway.identity.registry import Registry
from gateway.identity.tables import Familiar, PendingSignIn, Person
from gateway.identity.tables_guards import Attempt, Tried

MANY = 3
"""Failures before a success that its person is told of."""

PLACES = 5
"""Places with the right password and no code that are named one by one."""

_HALF = frozenset({Tried.HALF, Tried.CODE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """The browser that has just proved whose it is. `device` is its device cookie, if any."""

    address: str | None
    user_agent: str | None
    device: str | None = field(default=None, repr=False)


def arrive(
    registry: Registry,
    tx: Transaction,
    person_id: UUID,
    browser: Arriving,
    *,
    session_ref: str,
    amr: str,
    now: datetime,
    pending: PendingSignIn | None = None,
) -> str:
    """Settle a full success; return the device cookie that the browser is to keep.

    `pending` is the step with the password, None where no password was asked. `amr` are the
    factors as the session holds them, separated by spaces.
    """
    session, vault = tx.session, registry.vault
    index = session.execute(select(Person.login_index).where(Person.id == person_id)).scalar_one()
    before = _last_accepted(session, person_id)
    lanes = lane_keys.Lanes.of(vault, login_index=index, address=browser.address)
    usual = session.get(Familiar, lanes.place) is not None
    own = None if pending is None else pending.attempt_id
    odd = _failures(session, person_id, before, but=own)
    throttle.settle(
        session,
        lane=None if pending is None else pending.name_lane,
        name=lanes.name,
        place=lanes.place,
        now=now,
    )
    cookie, known = devices.remember(
        session, vault, browser.device, person_id=person_id, login_index=index, now=now
    )
    if before is not None and not (known and usual):
        kind = "sign_in_new_address" if known else "sign_in_new_place"
        words = {} if known else {"device": browser.user_agent or ""}
        notices.tell(tx, person_id, kind, now=now, address=browser.address or "", **words)
    _mark(session, person_id, browser, own, known=known, ref=session_ref, amr=amr, now=now)
    _tell_failures(tx, person_id, odd, now)
    return cookie


def _last_accepted(session: OrmSession, person_id: UUID) -> datetime | None:
    return session.execute(
        select(func.max(Attempt.at)).where(
            Attempt.person_id == person_id, Attempt.outcome == Tried.ACCEPTED
        )
    ).scalar()


def _failures(
    session: OrmSession, person_id: UUID, since: datetime | None, *, but: UUID | None
) -> Sequence[Attempt]:
    """Return what failed under the name since it last signed in, but for this attempt."""
    statement = (
        select(Attempt)
        .where(Attempt.person_id == person_id, Attempt.outcome != Tried.ACCEPTED)
        .order_by(Attempt.at.desc())
        .limit(paces.CLOSED_AFTER)
    )
    if since is not None:
        statement = statement.where(Attempt.at > since)
    if but is not None:
        statement = statement.where(Attempt.id != but)
    return session.execute(statement).scalars().all()


def _mark(
    session: OrmSession,
    person_id: UUID,
    browser: Arriving,
    attempt_id: UUID | None,
    *,
    known: bool,
    ref: str,
    amr: str,
    now: datetime,
) -> None:
    row = None if attempt_id is None else session.get(Attempt, attempt_id)
    if row is None:
        made = attempts.note(
            session,
            person_id,
            Tried.ACCEPTED,
            known_device=known,
            address=browser.address,
            user_agent=browser.user_agent,
            now=now,
        )
        session.flush()
        row = session.get_one(Attempt, made)
    row.outcome = Tried.ACCEPTED
    row.user_agent = row.user_agent or browser.user_agent
    row.session_ref = ref
    row.amr = amr


def _tell_failures(
    tx: Transaction, person_id: UUID, failures: Sequence[Attempt], now: datetime
) -> None:
    """Tell the person of many failures, and of each place that had the right password."""
    if len(failures) >= MANY:
        words = {"count": str(len(failures)), "address": failures[0].address or ""}
        notices.tell(tx, person_id, "sign_in_after_failures", now=now, **words)
    halves = {each.address or "" for each in failures if each.outcome in _HALF}
    for address in sorted(halves)[:PLACES]:
        notices.tell(tx, person_id, "sign_in_half", now=now, address=address)
