"""Changing one's own password: the old one proves that it is the owner who sits here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from sqlalchemy import delete, select

from audit.record import Actor
from gateway.identity import devices, ending, lane_keys, notices, passwords, throttle
from gateway.identity.current import Current
from gateway.identity.profiles import PROFILES
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Password, PendingSignIn, Person, Unit
from gateway.refusals import Refused

_COUNTED = "the attempt is counted before its outcome is known; the outcome is recorded"


class CurrentPasswordWrong(Refused):
    """The present password is not right. It was counted."""

    code: ClassVar[str] = "current_password_wrong"


class PasswordUnchanged(Refused):
    """The new password is the old one."""

    code: ClassVar[str] = "password_unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What stays as it is: this session by its token, and this browser by its device cookie.

    `others`: the other sessions and browsers stay as well.
    """

    token: str | None = field(repr=False)
    device: str | None = field(default=None, repr=False)
    others: bool = False


def change(
    registry: Registry,
    who: Current,
    *,
    current: str,
    new: str,
    keeping: Keeping,
    actor: Actor,
    now: datetime,
) -> None:
    """Replace the password; other sessions end and other browsers become strangers.

    Raises:
        PasswordRefused: one of its leaves: the zone does not take the new one.
        PasswordUnchanged, CurrentPasswordWrong, Busy.
        Throttled: too many wrong ones.
    """
    unit = _unit_names(registry, who.unit)
    owner = [who.login, who.name, who.unit, *unit, registry.issuer]
    passwords.check_for(registry.limits, new, owner=owner)
    lane = _prove(registry, who, current, actor=actor, now=now)
    if passwords.normal(new) == passwords.normal(current):
        raise PasswordUnchanged
    encoded = registry.hasher.hash(passwords.normal(new))
    with registry.ledger.begin() as tx:
        row = tx.session.get_one(Password, who.person_id, with_for_update=True)
        row.hash = encoded
        row.changed_at = now
        throttle.settle_lane(tx.session, lane)
        pending = delete(PendingSignIn).where(PendingSignIn.person_id == who.person_id)
        changed(tx.session, pending)
        tx.record("password.changed", actor=actor, now=now, object=actor.subject)
        if not keeping.others:
            keep = ending.digest_or_none(keeping.token)
            which = ending.others_of(who.person_id, keep=keep)
            ending.end(tx, which, why=ending.Why.PASSWORD, actor=actor, now=now)
            devices.forget_all(tx.session, who.person_id, but=keeping.device)
        notices.tell(tx, who.person_id, "password_changed", now=now)


def is_due(registry: Registry, who: Current) -> bool:
    """Tell whether the profile wants a new password before this session does anything else.

    Only a session that began after the password had grown too old asks for it: nobody is
    interrupted in the middle of a form.
    """
    oldest = PROFILES[registry.limits.password_profile].max_age
    if oldest is None:
        return False
    statement = select(Password.changed_at).where(Password.person_id == who.person_id)
    with registry.store.reading() as session:
        since = session.execute(statement).scalar()
    return since is not None and since + oldest <= who.created


def _prove(registry: Registry, who: Current, current: str, *, actor: Actor, now: datetime) -> bytes:
    """Check the present password in a lane of the person's own; return the lane."""
    with registry.store.reading() as session:
        index = session.execute(
            select(Person.login_index).where(Person.id == who.person_id)
        ).scalar_one()
        row = session.get(Password, who.person_id)
        stored = None if row is None else (row.hash_sealed, row.row_version)
    lanes = lane_keys.Lanes.of(
        registry.vault, login_index=index, address=actor.address, device=f"own {who.person_id}"
    )
    pace = PROFILES[registry.limits.password_profile].pace
    with registry.ledger.begin(unaudited_because=_COUNTED) as tx:
        counted = throttle.reserve(tx.session, lanes, now=now, pace=pace)
    if counted.wait:
        raise throttle.Throttled(counted.wait)
    sealed, version = stored or (None, None)
    person = None if stored is None else who.person_id
    encoded = registry.open_hash(person, sealed, version)
    if not registry.hasher.verify(encoded, passwords.normal(current)):
        registry.ledger.append(
            "password.change_refused",
            actor=actor,
            now=now,
            object=actor.subject,
            outcome="failure",
            reason="wrong_password",
        )
        raise CurrentPasswordWrong
    return counted.lane


def _unit_names(registry: Registry, slug: str) -> list[str]:
    with registry.store.reading() as session:
        unit = session.get(Unit, slug)
        return [] if unit is None else [unit.name_zh, unit.name_en]
