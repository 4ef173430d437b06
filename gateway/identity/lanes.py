"""The lanes as a security administrator sees them: which are slow or closed, and opening one.

A lane is shown with a person's name only if there is such a person, and with an address only
if somebody who exists was tried from there: the rows themselves name nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session as OrmSession

from audit.record import Actor
from gateway.identity import lane_keys, paces, passkey_sign_in
from gateway.identity.paces import Pace
from gateway.identity.profiles import PROFILES
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Person, Throttle
from gateway.identity.tables_guards import Attempt, Device
from gateway.refusals import Refused
from gateway.vault import Vault

SHOWN = 200
_KINDS = (paces.NAME, paces.DEVICE, paces.PLACE, paces.ADDRESS, paces.OVERALL)
TRACED = 2000
"""Newest attempts that are looked through for the addresses of lanes."""


class LaneUnknown(Refused):
    """There is no such lane any more."""

    code: ClassVar[str] = "lane_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """A slow or closed lane.

    `ref` is its key in hexadecimal, `kind` one of name, device, place, address and overall,
    `failures` those that slow it, `total` those since the last success, `until` when it takes
    the next attempt (in the past: it does), `next_wait` what one more failure costs,
    `quiet_at` when it will have forgotten the failures that slow it. `login`, `name` and
    `address` are empty if nobody known is meant.
    """

    ref: str
    kind: str
    failures: int
    total: int
    last_at: datetime
    until: datetime
    next_wait: timedelta
    quiet_at: datetime
    closed_at: datetime | None
    person_id: UUID | None
    login: str
    name: str
    address: str


@dataclass(slots=True)
class _Traces:
    """Whose lane a key is, as far as the people and attempts that there are can tell."""

    people: dict[bytes, UUID] = field(default_factory=dict)
    addresses: dict[bytes, str] = field(default_factory=dict)


def slowed(registry: Registry, *, now: datetime) -> Sequence[LaneView]:
    """Return the lanes that are closed, wait, or still slow, the most serious first.

    A lane is slow from the failure that first made it wait until it has been quiet for so long
    that they are forgotten (`paces.quiet_of`): also between two tries.
    """
    pace = PROFILES[registry.limits.password_profile].pace
    shut = or_(
        Throttle.closed_at.is_not(None),
        (Throttle.total >= paces.CLOSED_AFTER) & Throttle.kind.in_(paces.ENDING),
    )
    slow = (_still_slow(kind, pace, now) for kind in _KINDS)
    worst = (shut.desc(), Throttle.total.desc(), Throttle.last_at.desc(), Throttle.key)
    with registry.store.reading() as session:
        found = session.scalars(
            select(Throttle).where(or_(shut, *slow)).order_by(*worst).limit(SHOWN)
        ).all()
        traces = _traces(session, registry.vault, {row.kind for row in found})
        ids = {traces.people[row.key] for row in found if row.key in traces.people}
        people = session.execute(select(Person).where(Person.id.in_(ids))).scalars()
        names = {person.id: (person.login, person.name) for person in people}
    views = [_view(row, traces, names, pace) for row in found]
    return sorted(views, key=lambda view: _weight(view, now), reverse=True)


def _still_slow(kind: str, pace: Pace, now: datetime) -> ColumnElement[bool]:
    free, quiet = paces.pace_of(kind, pace).free, paces.quiet_of(kind)
    remembered = (Throttle.failures > free) & (Throttle.blocked_until >= now - quiet)
    return (Throttle.kind == kind) & remembered


def _weight(view: LaneView, now: datetime) -> tuple[bool, bool, timedelta, int]:
    return view.closed_at is not None, view.until > now, view.next_wait, view.total


def open_lane(registry: Registry, ref: str, *, actor: Actor, now: datetime) -> None:
    """Forget a lane's failures, so that it takes attempts again. Raises LaneUnknown."""
    try:
        key = bytes.fromhex(ref)
    except ValueError:
        raise LaneUnknown from None
    with registry.ledger.begin() as tx:
        row = tx.session.get(Throttle, key, with_for_update=True)
        if row is None or row.failures + row.total == 0:
            raise LaneUnknown
        whose = _traces(tx.session, registry.vault, {row.kind}).people.get(key)
        changed(tx.session, delete(Throttle).where(Throttle.key == key))
        tx.record(
            "lane.opened",
            actor=actor,
            now=now,
            object=None if whose is None else f"person:{whose}",
            details={"kind": row.kind, "failures": row.total, "closed": row.closed_at is not None},
        )


def _traces(session: OrmSession, vault: Vault, kinds: set[str]) -> _Traces:
    traces = _Traces(addresses={lane_keys.overall_key(vault): ""})
    if paces.NAME in kinds:
        for person_id, index in session.execute(select(Person.id, Person.login_index)):
            traces.people[lane_keys.name_key(vault, index)] = person_id
    if paces.DEVICE in kinds:
        _trace_devices(session, vault, traces)
    if kinds & {paces.PLACE, paces.ADDRESS}:
        _trace_addresses(session, vault, traces)
    return traces


def _trace_devices(session: OrmSession, vault: Vault, traces: _Traces) -> None:
    for device, person_id in session.execute(select(Device.id, Device.person_id)):
        for lane in (str(device), passkey_sign_in.lane_of(device)):
            traces.people[lane_keys.device_key(vault, lane)] = person_id
    for (person_id,) in session.execute(select(Person.id)):
        traces.people[lane_keys.device_key(vault, f"own {person_id}")] = person_id


def _trace_addresses(session: OrmSession, vault: Vault, traces: _Traces) -> None:
    newest = (
        select(Attempt, Person.login_index)
        .outerjoin(Person, Person.id == Attempt.person_id)
        .order_by(Attempt.at.desc())
        .limit(TRACED)
    )
    seen: set[tuple[UUID | None, str]] = set()
    for attempt, index in session.execute(newest):
        address = attempt.address or ""
        if (attempt.person_id, address) in seen:
            continue
        seen.add((attempt.person_id, address))
        traces.addresses[lane_keys.address_key(vault, address)] = address
        if index is not None and attempt.person_id is not None:
            key = lane_keys.Lanes.of(vault, login_index=index, address=address).place
            traces.people[key] = attempt.person_id
            traces.addresses[key] = address


def _view(
    row: Throttle, traces: _Traces, names: Mapping[UUID, tuple[str, str]], pace: Pace
) -> LaneView:
    ended = row.kind in paces.ENDING and row.total >= paces.CLOSED_AFTER
    whose = traces.people.get(row.key)
    login, name = ("", "") if whose is None else names.get(whose, ("", ""))
    return LaneView(
        ref=row.key.hex(),
        kind=row.kind,
        failures=row.failures,
        total=row.total,
        last_at=row.last_at,
        until=row.blocked_until,
        next_wait=paces.pace_of(row.kind, pace).wait_after(row.failures + 1),
        quiet_at=row.blocked_until + paces.quiet_of(row.kind),
        closed_at=row.closed_at or (row.last_at if ended else None),
        person_id=whose,
        login=login,
        name=name,
        address=traces.addresses.get(row.key, ""),
    )
