"""What needs the auditor's decision now: each card looks for one thing.

A card that `calls` asks for something; the others say that all is well. A room that has
something to ask adds a function to `CARDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit import activity, alarms, health, witnessing
from audit.query import Query
from audit.review import figures, queue, signed, stretch
from audit.review.queue import Wanted
from audit.search import Search
from gateway.store.engines import Store
from gateway.web.desk_audit import Card

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
BURST = 20
"""Refusals of one hour that are looked at, if they are also three times the usual."""
TIMES = 3
VERIFY_EVERY = DAY


@dataclass(frozen=True, slots=True)
class Seen:
    """What the cards look at."""

    store: Store
    search: Search
    subject: str
    policy: str
    now: datetime


def cards(
    store: Store, search: Search, *, subject: str, policy: str, now: datetime
) -> Sequence[Card]:
    """Every card, those that call first. `policy` names the witnesses, if the office has any."""
    seen = Seen(store, search, subject, policy, now)
    found = [card for look in CARDS for card in look(seen)]
    return sorted(found, key=lambda card: not card.calls)


def sealing(seen: Seen) -> Sequence[Card]:
    """Is the log being sealed?"""
    state = health.look(seen.store.read, now=seen.now)
    late = state.step is not health.Step.OPEN
    return [Card(code="sealing", calls=late, count=state.size, since=state.published)]


def alarmed(seen: Seen) -> Sequence[Card]:
    """What the sealer found that must not be, until somebody owns up to it."""
    with seen.store.read.connect() as connection:
        found = alarms.unowned(connection)
    query = Query(include={"event": ("audit.missing", "audit.unannounced", "audit.disagreed")})
    return [
        Card(code=f"alarm_{kind}", calls=True, count=count, query=query)
        for kind, count in sorted(found.items())
    ]


def witnesses(seen: Seen) -> Sequence[Card]:
    """Have the witnesses that the office names cosigned of late?"""
    if not witnessing.overdue(seen.store.read, seen.policy, now=seen.now):
        return []
    since = witnessing.look(seen.store.read, quorum=True, now=seen.now).at
    return [Card(code="unwitnessed", calls=True, since=since)]


def indexing(seen: Seen) -> Sequence[Card]:
    """Does the search know every sealed entry?"""
    behind = seen.search.reach().behind
    return [Card(code="indexing", calls=True, count=behind)] if behind > LATE else []


LATE = 5000
"""Entries by which the index may be behind in a busy second."""


def verified(seen: Seen) -> Sequence[Card]:
    """When was the log verified last, and how did it end?"""
    query = Query(include={"event": ("audit.verified",)})
    found = seen.search.page(query, limit=1).entries
    if not found:
        return [Card(code="never_verified", calls=True)]
    at = found[0].at
    if found[0].row.outcome != "success":
        return [Card(code="verify_failed", calls=True, since=at, query=query)]
    old = seen.now - at > VERIFY_EVERY
    return [Card(code="verified", calls=old, since=at, query=query)]


def refusals(seen: Seen) -> Sequence[Card]:
    """Were far more requests refused in the last hour than usual?"""
    hours = activity.by_hour(seen.store.read, since=seen.now - WEEK, until=seen.now)
    last = sum(slot.denied for slot in hours[-2:])
    usual = sum(slot.denied for slot in hours[:-2]) / max(1, len(hours) - 2) * 2
    since = seen.now - 2 * HOUR
    query = Query(since=since, include={"outcome": ("denied",)})
    with seen.store.read.connect() as connection:  # what was decided about asks for nothing more
        decided = figures.decided_refusals(connection, since=hours[-2].start) if last else 0
    open_ones = max(0, last - decided)
    burst = open_ones >= BURST and open_ones > TIMES * usual
    words = {"usual": str(round(usual)), "decided": str(min(decided, last) or "")}
    return [
        Card(code="refusals", calls=burst, count=open_ones, since=since, query=query, words=words)
    ]


def changes(seen: Seen) -> Sequence[Card]:
    """What the other officers changed in the last day: people, rights, services, rules."""
    since = seen.now - DAY
    events = ("person.*", "grant.*", "service.*", "policy.*", "unit.*", "break_glass.*")
    query = Query(since=since, include={"event": events})
    count = seen.search.count(query)
    return [Card(code="changes", calls=count.entries > 0, count=count.entries, query=query)]


def findings(seen: Seen) -> Sequence[Card]:
    """Findings that nobody has decided about."""
    with seen.store.read.connect() as connection:
        found, count = queue.listed(connection, Wanted(), limit=1)
    since = found[0].opened_at if found else None
    return [Card(code="findings", calls=count > 0, count=count, since=since)]


def unsigned(seen: Seen) -> Sequence[Card]:
    """Entries since the last sign-off."""
    with seen.store.read.connect() as connection:
        low = signed.next_low(connection)
        span = stretch.waiting(connection, low)
    waits = 0 if span is None else span.size - low
    due = span is not None and seen.now - span.first_at > DUE
    since = None if span is None else span.first_at
    return [Card(code="unsigned", calls=due, count=waits, since=since)]


DUE = timedelta(hours=12)
"""Hours after which what was entered waits for review: a night."""


def seconds(seen: Seen) -> Sequence[Card]:
    """Sign-offs of others whose reviewer did something in the range."""
    with seen.store.read.connect() as connection:
        found = signed.signoffs(connection)
    count = sum(each.waits and each.reviewer != seen.subject for each in found)
    return [Card(code="seconds", calls=True, count=count)] if count else []


CARDS: Sequence[Callable[[Seen], Sequence[Card]]] = (
    alarmed,
    witnesses,
    sealing,
    verified,
    refusals,
    indexing,
    findings,
    unsigned,
    seconds,
    changes,
)
