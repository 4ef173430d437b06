"""Guessing made slow: lanes of failures by name and by address, each with a growing wait.

An attempt is counted before it is checked, so that parallel guesses cannot outrun the
count; a success takes the count back. Unknown names have lanes like known ones. A person
who signed in from a place before has a lane of its own there, so that strangers who guess
at the name slow themselves alone. A lane's key is a keyed digest and names nobody.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from gateway.identity.statements import changed, insert_if_new
from gateway.identity.tables import Familiar, Throttle
from gateway.refusals import Refused
from gateway.vault import Vault

NAME_FREE = 4
ADDRESS_FREE = 100
"""Failures of one address before it waits: a whole office may stand behind one."""

LONGEST = timedelta(minutes=15)
NAME_QUIET = timedelta(hours=24)
ADDRESS_QUIET = timedelta(hours=1)
FAMILIAR_FOR = timedelta(days=90)
_NOWHERE = "?"


class Throttled(Refused):
    """Too many failures: wait `retry_after`. Says nothing about whether the name exists."""

    code: ClassVar[str] = "throttled"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Lanes:
    """The keys, 32 bytes each, that one attempt touches."""

    name: bytes
    familiar: bytes
    address: bytes

    @classmethod
    def of(cls, vault: Vault, *, login: str, address: str | None) -> Lanes:
        """Return the lanes of a normal login name and a network address."""
        place = _place(address)
        return cls(
            name=vault.blind("throttle.name", login),
            familiar=vault.blind("throttle.familiar", f"{login}\n{place}"),
            address=vault.blind("throttle.address", place),
        )


@dataclass(frozen=True, slots=True)
class Reservation:
    """A counted attempt: the name lane it counts in, and how long it must wait (or zero)."""

    lane: bytes
    wait: timedelta


def wait_after(failures: int, free: int = NAME_FREE) -> timedelta:
    """Return the wait after so many failures in a row.

    Zero for the first `free`, then 1 s, 2 s, 4 s and so on, at most 15 min.
    Source: NIST SP 800-63B-4, 3.2.2.
    """
    if failures <= free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - free - 1, 16)), LONGEST)


def reserve(session: Session, lanes: Lanes, *, now: datetime) -> Reservation:
    """Count an attempt in its lanes; if one of them still waits, count nothing and say so."""
    familiar = session.execute(
        select(Familiar.key).where(
            Familiar.key == lanes.familiar, Familiar.last_at > now - FAMILIAR_FOR
        )
    ).scalar()
    own = lanes.name if familiar is None else lanes.familiar
    budgets = {own: (NAME_FREE, NAME_QUIET), lanes.address: (ADDRESS_FREE, ADDRESS_QUIET)}
    keys = sorted(budgets)  # one order for everybody: no deadlock
    for key in keys:
        new = {"key": key, "failures": 0, "last_at": now, "blocked_until": now}
        insert_if_new(session, Throttle, new)
    rows = session.execute(
        select(Throttle.key, Throttle.failures, Throttle.blocked_until)
        .where(Throttle.key.in_(keys))
        .order_by(Throttle.key)
        .with_for_update()
    ).all()
    until = max(row.blocked_until for row in rows)
    if until > now:
        return Reservation(lane=own, wait=until - now)
    for row in rows:
        free, quiet = budgets[row.key]
        failures = 1 if now - row.blocked_until > quiet else row.failures + 1
        _set(session, row.key, failures=failures, now=now, until=now + wait_after(failures, free))
    return Reservation(lane=own, wait=timedelta(0))


def refund(session: Session, keys: Iterable[bytes], *, now: datetime) -> None:
    """Take back the count of an attempt that was not a wrong guess."""
    for key in sorted(keys):
        changed(
            session,
            update(Throttle)
            .where(Throttle.key == key, Throttle.failures > 0)
            .values(failures=Throttle.failures - 1, blocked_until=now),
        )


def settle(session: Session, *, lane: bytes, familiar: bytes, now: datetime) -> None:
    """Forget a lane's failures after a full success, and remember the place."""
    changed(session, delete(Throttle).where(Throttle.key == lane))
    insert_if_new(session, Familiar, {"key": familiar, "last_at": now})
    changed(session, update(Familiar).where(Familiar.key == familiar).values(last_at=now))


def forget(session: Session, *, now: datetime) -> None:
    """Drop lanes that have been quiet and places that were not used: housekeeping."""
    changed(session, delete(Throttle).where(Throttle.blocked_until < now - NAME_QUIET))
    changed(session, delete(Familiar).where(Familiar.last_at < now - FAMILIAR_FOR))


def _set(session: Session, key: bytes, *, failures: int, now: datetime, until: datetime) -> None:
    changed(
        session,
        update(Throttle)
        .where(Throttle.key == key)
        .values(failures=failures, last_at=now, blocked_until=until),
    )


def _place(address: str | None) -> str:
    """Return what counts as one place: an IPv4 address, an IPv6 /64, or all that is neither."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return _NOWHERE
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
