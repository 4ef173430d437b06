"""What happens to changes by itself: timed publication, and the end of trials that go wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.record import Actor
from gateway.changes import acts, waiting
from gateway.changes.refusals import ChangeRefused, refusing
from gateway.changes.room import Room
from gateway.identity.memberships import memberships
from policies import versions
from policies.change import trials
from policies.change.replay import bodies
from policies.decision import Outcome
from policies.dossier import hindrance, publishing
from policies.dossier.dossiers import Dossier, State, Why, in_state
from policies.recorded import EVENTS

CLOCK = Actor(subject="system:changes")
FEWEST = 20
"""Denials below which nothing is said about a rate."""
JUMP = 2.0
MARGIN = 0.1
"""A rate has jumped if it is more than twice what it was, and a tenth of all more."""
FAULT = "fault"
"""The code of a hindrance that is no refusal; the kind of error follows."""
_PASSING = frozenset(
    {
        Why.NOT_APPROVED,
        Why.PEOPLE_MOVED,
        Why.PUBLISHED,
        Why.TOO_EARLY,
        Why.TRIAL_RUNS,
        Why.WRONG_STATE,
    }
)
"""Refusals that pass by themselves: another worker was first, or another trial has to end."""
log = logging.getLogger("hangu.changes")


@dataclass(frozen=True, slots=True)
class Rate:
    """Decisions of a time, and how many of them kept somebody out."""

    asked: int
    denied: int

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.denied / self.asked if self.asked else 0.0


def sweep(room: Room, *, now: datetime) -> int:
    """Look after what is on trial, then publish what is due; return how many trials ended.

    Every worker does so, after a restart as well: a trial that its publisher did not live to
    see the end of is rolled back by whoever is there. A way back waits for nothing: neither for
    a publication nor for another trial that cannot be looked at, whatever hinders it.
    """
    with room.registry.store.reading() as session:
        running = in_state(session, State.TRIAL)
    ended = sum(_look_after(room, each, now) for each in running)
    with room.registry.store.reading() as session:
        due = [each for each in in_state(session, State.APPROVED) if publishing.is_due(each, now)]
    for each in due:
        with _by_itself(room, each, now):
            acts.publish(room, each.id, actor=CLOCK, now=now)
    return ended


def alarm(room: Room, found: Dossier, now: datetime) -> str:
    """Return why a trial must end: a canary that deviates, a rate that jumped; empty if neither."""
    if canaries(room, now):
        return "canary_deviates"
    if found.published_at is None:
        return ""
    length = max(now - found.published_at, timedelta(minutes=1))
    since = found.published_at - length
    before, after = rates(bodies(room.registry.store.read, since=since), found.published_at)
    return "denials_jumped" if has_jumped(before, after) else ""


def canaries(room: Room, now: datetime) -> list[str]:
    """Return the tests of the version in force that the people as they are now make fail."""
    with room.registry.store.reading() as session:
        rules, members = versions.current(session), memberships(session)
    if rules is None:
        return []
    results = trials.run(rules, members, now=int(now.timestamp()))
    return [each.case.id for each in results if not each.passed]


def rates(found: Iterable[bytes], edge: datetime) -> tuple[Rate, Rate]:
    """Return the decisions among the log's entries before a moment, and from it on."""
    counts = [[0, 0], [0, 0]]
    for body in found:
        entry = json.loads(body)
        if entry["ev"] in EVENTS:
            count = counts[datetime.fromisoformat(entry["ts"]) >= edge]
            count[0] += 1
            count[1] += EVENTS[entry["ev"]] is Outcome.DENY
    return Rate(*counts[0]), Rate(*counts[1])


def has_jumped(before: Rate, after: Rate) -> bool:
    """Tell whether so many more are kept out that the change must be to blame."""
    if after.denied < FEWEST:
        return False
    return after.share > JUMP * before.share and after.share > before.share + MARGIN


def _look_after(room: Room, found: Dossier, now: datetime) -> bool:
    with _by_itself(room, found, now):
        why = publishing.ended_by_itself(found, now)
        if not why:
            with room.registry.ledger.begin(unaudited_because="a trial's latest moment") as tx:
                publishing.see(tx.session, found, now)
            why = alarm(room, found, now)
        if why:
            acts.roll_back(room, found.id, actor=CLOCK, now=now, why=why)
            return True
    return False


@contextmanager
def _by_itself(room: Room, found: Dossier, now: datetime) -> Iterator[None]:
    """What hinders one change hinders no other; it is on record, and the officers are told."""
    why = ""
    try:
        yield
    except ChangeRefused as refusal:  # another worker was first, or an officer has to look
        log.warning("change %s: %s %s", found.id, refusal.code, refusal.said)
        if refusal.why in _PASSING:
            return
        why = f"{refusal.code} {refusal.said}".strip()
    except Exception as fault:  # whatever a hand wrote into the database must not delay a way back
        log.exception("change %s: no step now; the next round follows", found.id)
        why = f"{FAULT} {type(fault).__name__}"
    try:
        _note(room, found, why, now)
    except Exception:
        log.exception("change %s: what hinders it is not on record", found.id)


def _note(room: Room, found: Dossier, why: str, now: datetime) -> None:
    with room.registry.store.reading() as session:
        is_known = any(each.id == found.id for each, _ in hindrance.hindered(session))
    if not why and not is_known:
        return
    with refusing(), room.registry.ledger.begin() as tx:
        if not why:
            hindrance.go_on(tx, found.id, actor=CLOCK, now=now)
        elif hindrance.hinder(tx, found.id, why, actor=CLOCK, now=now):
            waiting.tell_hindered(tx, room, found, now=now)
