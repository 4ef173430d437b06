"""Guessing made slow: lanes of failures, each with a growing wait and an end.

A browser that its person has used before has a lane of its own, and so has a place from which
they signed in; whoever guesses from elsewhere shares the lanes of strangers: one for the name,
one for the address, one for all strangers together. So strangers slow strangers, and never
the owner. An attempt is counted before it is checked, so that parallel guesses cannot outrun
the count; a success takes the count back. Unknown names have lanes like known ones. A lane's
key is a keyed digest and names nobody.

A lane of a name, device or place is closed after 100 failures without a success between them
(NIST SP 800-63B-4, 3.2.2): then the password opens nothing there, until the owner signs in
from a device or place of theirs, or a security administrator opens the lane.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import case, delete, literal, or_, select, update
from sqlalchemy.orm import Session

from gateway.identity.lane_keys import Lanes, Strangers
from gateway.identity.paces import (
    ADDRESS,
    CLOSED_AFTER,
    DEVICE,
    ENDING,
    GROWING,
    LONGEST,
    NAME,
    NAME_FREE,
    NAME_QUIET,
    OVERALL,
    PLACE,
    Pace,
    pace_of,
    quiet_of,
)
from gateway.identity.statements import changed, insert_if_new
from gateway.identity.tables import Familiar, Throttle
from gateway.refusals import Refused

KEPT = timedelta(days=30)
"""How long the failures of a quiet lane count towards its end."""

FAMILIAR_FOR = timedelta(days=90)


class Throttled(Refused):
    """Too many failures: wait `retry_after`. Says nothing about whether the name exists."""

    code: ClassVar[str] = "throttled"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Reservation:
    """A counted attempt.

    `lane` is where it counts, `shared` the strangers' lanes that count it as well, `wait` how
    long it must wait (or zero); `closed_now`: this attempt found the lane at its end. `counts`
    says of each lane until when it waited before, and until when by this attempt.
    """

    lane: bytes
    shared: tuple[bytes, ...]
    wait: timedelta
    closed_now: bool = False
    counts: Mapping[bytes, tuple[datetime, datetime]] = field(default_factory=dict)

    @property
    def lanes(self) -> tuple[bytes, ...]:
        """All in which it counts."""
        return (self.lane, *self.shared)


def reserve(
    session: Session, lanes: Strangers, *, now: datetime, pace: Pace = GROWING
) -> Reservation:
    """Count an attempt in its lanes; if one of them still waits, count nothing and say so."""
    kinds, waiting = _kinds(session, lanes, now)
    own = next(iter(kinds))
    shared = tuple(key for key in kinds if key != own)
    rows = _locked(session, kinds, now)
    closed = kinds[own] in ENDING and rows[own].total >= CLOSED_AFTER
    wait = max(_left(rows[key], pace_of(rows[key].kind, pace), now) for key in waiting)
    if closed:
        since = rows[own].closed_at
        shut = update(Throttle).where(Throttle.key == own).values(closed_at=since or now)
        changed(session, shut)
        return Reservation(own, shared, LONGEST, closed_now=since is None)
    if wait:
        return Reservation(own, shared, wait)
    counts = {
        key: (rows[key].blocked_until, _count(session, rows[key], pace_of(kind, pace), now))
        for key, kind in kinds.items()
    }
    return Reservation(own, shared, timedelta(0), counts=counts)


def count_against(session: Session, name: bytes, *, now: datetime, pace: Pace = GROWING) -> None:
    """Count a failure that was found out later in a name's strangers' lane, and in no other."""
    rows = _locked(session, {name: NAME}, now)
    _count(session, rows[name], pace, now)


def refund(session: Session, reserved: Reservation, keys: Iterable[bytes]) -> None:
    """Take back the count of an attempt that was not a wrong guess, in these of its lanes.

    A lane waits again as it did before, and no wait that somebody else's attempt set grows
    shorter: else whoever knows one right password could guess at the others without waiting.
    """
    for key in sorted(keys):
        before, until = reserved.counts[key]
        waits = literal(before, Throttle.blocked_until.type)
        changed(
            session,
            update(Throttle)
            .where(Throttle.key == key, Throttle.failures > 0)
            .values(
                failures=Throttle.failures - 1,
                total=case((Throttle.total > 0, Throttle.total - 1), else_=0),
                blocked_until=case(
                    (Throttle.blocked_until == until, waits), else_=Throttle.blocked_until
                ),
            ),
        )


def settle(
    session: Session, *, lane: bytes | None, name: bytes, place: bytes, now: datetime
) -> None:
    """After a full success: forget the failures of its lane, and remember the place.

    The owner who came in by a lane of their own opens the strangers' one of the name again if
    it was closed; it stays as slow as it can be.
    """
    if lane is not None:
        settle_lane(session, lane)
    open_again(session, name, now=now)
    insert_if_new(session, Familiar, {"key": place, "last_at": now})
    changed(session, update(Familiar).where(Familiar.key == place).values(last_at=now))


def settle_lane(session: Session, lane: bytes) -> None:
    """Forget the failures of one lane."""
    changed(session, delete(Throttle).where(Throttle.key == lane))


def open_again(session: Session, key: bytes, *, now: datetime) -> bool:
    """Open a closed lane; it begins with the longest wait. Tell whether it was closed."""
    slow = NAME_FREE + 1 + int(LONGEST.total_seconds()).bit_length()
    statement = (
        update(Throttle)
        .where(Throttle.key == key, Throttle.total >= CLOSED_AFTER)
        .values(total=0, failures=slow, closed_at=None, last_at=now, blocked_until=now)
    )
    return changed(session, statement) > 0


def forget(session: Session, *, now: datetime) -> None:
    """Drop lanes that have been quiet and places that were not used: housekeeping."""
    old = or_(
        Throttle.blocked_until < now - KEPT,
        (Throttle.blocked_until < now - NAME_QUIET) & Throttle.kind.not_in(ENDING),
    )
    changed(session, delete(Throttle).where(old, Throttle.closed_at.is_(None)))
    changed(session, delete(Familiar).where(Familiar.last_at < now - FAMILIAR_FOR))


def _kinds(
    session: Session, lanes: Strangers, now: datetime
) -> tuple[dict[bytes, str], tuple[bytes, ...]]:
    """Return the lanes in which the attempt counts, by kind, and those whose wait it shares.

    The first is its own. A known device is no stranger anywhere. Who comes from a usual place
    counts with that address, so that a guesser behind an office's own address meets its limit,
    but need not wait for it.
    """
    strangers = {lanes.address: ADDRESS, lanes.overall: OVERALL}
    if not isinstance(lanes, Lanes):
        own = strangers if lanes.device is None else {lanes.device: DEVICE}
        return own, tuple(own)
    usual = session.execute(
        select(Familiar.key).where(
            Familiar.key == lanes.place, Familiar.last_at > now - FAMILIAR_FOR
        )
    ).scalar()
    if lanes.device is not None:
        return {lanes.device: DEVICE}, (lanes.device,)
    if usual is not None:
        return {lanes.place: PLACE, lanes.address: ADDRESS}, (lanes.place,)
    kinds = {lanes.name: NAME, **strangers}
    return kinds, tuple(kinds)


def _locked(session: Session, kinds: Mapping[bytes, str], now: datetime) -> dict[bytes, Throttle]:
    keys = sorted(kinds)  # one order for everybody: no deadlock
    for key in keys:
        new = {"key": key, "failures": 0, "total": 0, "last_at": now, "blocked_until": now}
        insert_if_new(session, Throttle, new | {"kind": kinds[key], "closed_at": None})
    rows = session.execute(
        select(Throttle).where(Throttle.key.in_(keys)).order_by(Throttle.key).with_for_update()
    ).scalars()
    return {row.key: row for row in rows}


def _left(row: Throttle, pace: Pace, now: datetime) -> timedelta:
    """Return how long a lane still waits; never longer than its failures are worth.

    So a clock that was set back keeps nobody waiting.
    """
    return max(timedelta(0), min(row.blocked_until - now, pace.wait_after(row.failures)))


def _count(session: Session, row: Throttle, pace: Pace, now: datetime) -> datetime:
    """Count a failure; return until when the lane waits now."""
    failures = 1 if now - row.blocked_until > quiet_of(row.kind) else row.failures + 1
    until = now + pace.wait_after(failures)
    changed(
        session,
        update(Throttle)
        .where(Throttle.key == row.key)
        .values(failures=failures, total=row.total + 1, last_at=now, blocked_until=until),
    )
    return until
