"""Accounts that nobody uses, for somebody to look at (GB/T 22239-2019, 8.1.4.2 c)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select

from gateway.identity.registry import Registry
from gateway.identity.roll import Entry
from gateway.identity.tables import Enrolment, Password, Session, State


class Cause(StrEnum):
    """Why an account is on the report. The order is that of the report."""

    UNUSED = "unused"
    """Active, and nobody signed in for longer than the setting allows."""
    NEVER = "never"
    """Invited, never enrolled, and no link lives any more."""
    LAPSED = "lapsed"
    """Was in use, was sent a new link, and let it lapse."""
    HOLDS = "holds"
    """Disabled, but still named by roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """An account on the report. `since` is when it was used last, or came to be so."""

    entry: Entry
    cause: Cause
    since: datetime


@dataclass(frozen=True, slots=True)
class _Signs:
    signed_in: Mapping[UUID, datetime]
    enrolled: Mapping[UUID, datetime]
    linked: frozenset[UUID]


def report(registry: Registry, entries: Sequence[Entry], *, now: datetime) -> Sequence[Stale]:
    """Return the accounts to look at, by cause, the longest unused first."""
    signs = _signs(registry, now=now)
    order = list(Cause)
    found = [stale for each in entries for stale in _causes(registry, each, signs, now=now)]
    return sorted(found, key=lambda each: (order.index(each.cause), each.since))


def last_sign_in(registry: Registry, person_id: UUID) -> datetime | None:
    """Return when a person signed in last; None if never."""
    newest = select(func.max(Session.created)).where(
        Session.person_id == person_id, Session.service.is_(None)
    )
    with registry.store.reading() as session:
        return session.execute(newest).scalar_one()


def live_link(registry: Registry, person_id: UUID, *, now: datetime) -> datetime | None:
    """Return until when a person's enrolment link works; None if there is none."""
    ends = select(func.max(Enrolment.expires)).where(
        Enrolment.person_id == person_id,
        Enrolment.used_at.is_(None),
        Enrolment.revoked_at.is_(None),
        Enrolment.expires > now,
    )
    with registry.store.reading() as session:
        return session.execute(ends).scalar_one()


def _signs(registry: Registry, *, now: datetime) -> _Signs:
    newest = (
        select(Session.person_id, func.max(Session.created))
        .where(Session.service.is_(None))
        .group_by(Session.person_id)
    )
    live = select(Enrolment.person_id).where(
        Enrolment.used_at.is_(None), Enrolment.revoked_at.is_(None), Enrolment.expires > now
    )
    with registry.store.reading() as session:
        signed_in = {row[0]: row[1] for row in session.execute(newest)}
        factors = session.execute(select(Password.person_id, Password.changed_at))
        enrolled = {row[0]: row[1] for row in factors}
        return _Signs(signed_in, enrolled, frozenset(session.execute(live).scalars()))


def _causes(registry: Registry, entry: Entry, signs: _Signs, *, now: datetime) -> Iterator[Stale]:
    enrolled = signs.enrolled.get(entry.id)
    if entry.state == State.ACTIVE:
        used = max(signs.signed_in.get(entry.id, entry.created_at), enrolled or entry.created_at)
        if now - used > registry.limits.stale_after:
            yield Stale(entry=entry, cause=Cause.UNUSED, since=used)
    elif entry.state == State.INVITED and entry.id not in signs.linked:
        cause = Cause.NEVER if enrolled is None else Cause.LAPSED
        yield Stale(entry=entry, cause=cause, since=enrolled or entry.created_at)
    elif entry.state == State.DISABLED and entry.roles:
        since = entry.disabled_at or entry.created_at
        yield Stale(entry=entry, cause=Cause.HOLDS, since=since)
