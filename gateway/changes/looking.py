"""Examining a draft: long work with a progress that any page can show, ended by nobody's absence.

The progress stands in the database, so that another worker's page shows it as well. Whoever is
killed at it leaves a progress that stands still; after a while it may be begun anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from audit.record import Actor
from gateway.changes.acts import dossier
from gateway.changes.background import Background, Pace
from gateway.changes.room import DAYS, Room, around
from policies.change import replay
from policies.dossier import approving
from policies.dossier.dossiers import Dossier, Examination
from policies.dossier.examining import Effect, examine

STILL: timedelta = timedelta(seconds=30)
"""An examination that has not moved for so long is dead."""
_WHY = "how far a draft's examination has come"
_EXAMINATIONS = Background("examination")


def run(
    room: Room,
    ref: str,
    *,
    actor: Actor,
    clock: Callable[[], datetime],
    days: int = DAYS,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Effect | None:
    """Examine a draft and keep the effect; None if it cannot be read. Raises ChangeRefused."""
    found = begin(room, ref, now=clock(), days=days)
    return _finish(room, found, actor=actor, clock=clock, days=days, progress=progress)


def start(
    room: Room, ref: str, *, actor: Actor, clock: Callable[[], datetime], days: int = DAYS
) -> None:
    """Begin to examine a draft beside the page; the page looks how far it is."""
    found = begin(room, ref, now=clock(), days=days)
    _EXAMINATIONS.start(ref, lambda: _finish(room, found, actor=actor, clock=clock, days=days))


def begin(room: Room, ref: str, *, now: datetime, days: int = DAYS) -> Dossier:
    """Note that the examination of the draft as it is now begins."""
    found = dossier(room, ref)
    total = 1 + replay.entries(room.registry.store.read, since=now - timedelta(days=days))
    with room.registry.ledger.begin(unaudited_because=_WHY) as tx:
        approving.begin_examination(tx.session, found, total=total, now=now)
    return found


def is_dead(found: Examination, now: datetime) -> bool:
    """Tell whether an examination is neither done nor going on."""
    return not found.is_done and now - found.beat_at > STILL


def _finish(
    room: Room,
    found: Dossier,
    *,
    actor: Actor,
    clock: Callable[[], datetime],
    days: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Effect | None:
    pace = Pace()

    def tell(done: int, total: int) -> None:
        progress(done, total)
        if not pace.is_due():
            return
        with room.registry.ledger.begin(unaudited_because=_WHY) as tx:
            approving.advance(tx.session, found.id, found.edit, done=done, total=total, now=clock())

    there = around(room, now=clock(), days=days, progress=tell)
    effect = examine(found.text, there, most_people=found.most_people, now=clock())
    with room.registry.ledger.begin() as tx:
        approving.end_examination(tx, found, effect, actor=actor, now=clock())
    return effect
