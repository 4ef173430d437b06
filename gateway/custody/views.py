"""The keeping of the log as officers see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from audit import pruning, witnessing
from audit.forwarding import Progress, progress, waiting
from audit.record import MAX_BODY
from audit.tables import NUMBERED, audit_event, audit_secret
from audit.tables_anchors import log_hold, log_request
from audit.witnessing import Witnessed
from gateway.custody.asked import Asked
from gateway.custody.room import Custody

SHOWN = 50
_SAMPLE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold. `lifted_at` is None while it keeps."""

    id: str
    case_ref: str
    reason: str
    since: datetime
    placed_by: str
    placed_at: datetime
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the log is kept.

    `entries` are those whose content is there, `octets` about what they take, `a_day` how many
    came on each of the last seven days; `due` is what may go now, `why_not` why nothing may.
    `copy` is None where no receiver is set up for it.
    """

    keep: timedelta
    first: int
    entries: int
    octets: int
    a_day: int
    values: int
    oldest: datetime | None
    last_prune: datetime | None
    under_way: int
    due: pruning.Terms | None
    next_at: datetime | None
    why_not: str
    holds: Sequence[Hold]
    requests: Sequence[Asked]
    witnessed: Witnessed
    copy: Progress | None
    copy_waiting: int


def status(custody: Custody, *, now: datetime) -> Status:
    """Return how the log is kept at present."""
    with custody.read.connect() as connection:
        done = pruning.done(connection)
        numbered = connection.execute(NUMBERED).scalar_one()
        entries = numbered - done.done
        oldest = _created(connection, done.done)
        due, why_not = _due(connection, custody, now)
        return Status(
            keep=max(custody.keep, pruning.FLOOR),
            first=done.done,
            entries=entries,
            octets=entries * _mean(connection),
            a_day=_a_day(connection, numbered, now),
            values=connection.execute(select(func.count()).select_from(audit_secret)).scalar_one(),
            oldest=oldest,
            last_prune=done.at,
            under_way=done.upto - done.done,
            due=due,
            next_at=None if oldest is None else oldest + max(custody.keep, pruning.FLOOR),
            why_not=why_not,
            holds=holds(connection),
            requests=requests(connection),
            witnessed=witnessing.look(custody.read, quorum=False, now=now),
            copy=progress(connection) if custody.forwards else None,
            copy_waiting=waiting(connection),
        )


def holds(connection: Connection) -> Sequence[Hold]:
    """Return every hold, those in force first, then the newest."""
    order = (log_hold.c.lifted_at.is_not(None), log_hold.c.placed_at.desc())
    rows = connection.execute(select(log_hold).order_by(*order).limit(SHOWN))
    return [Hold(**row) for row in rows.mappings()]


def requests(connection: Connection) -> Sequence[Asked]:
    """Return the requests, open ones first, then the newest."""
    order = (log_request.c.state != "open", log_request.c.proposed_at.desc())
    rows = connection.execute(select(log_request).order_by(*order).limit(SHOWN))
    return [Asked(**row) for row in rows.mappings()]


def _due(
    connection: Connection, custody: Custody, now: datetime
) -> tuple[pruning.Terms | None, str]:
    try:
        return pruning.due(connection, keep=custody.keep, now=now), ""
    except pruning.NothingToPrune:
        return None, "held" if _is_held(connection, custody, now) else "young"


def _is_held(connection: Connection, custody: Custody, now: datetime) -> bool:
    held = pruning.holding(connection)
    return held is not None and held < now - max(custody.keep, pruning.FLOOR)


def _created(connection: Connection, seq: int) -> datetime | None:
    query = select(audit_event.c.created).where(audit_event.c.seq >= seq)
    found: datetime | None = connection.execute(query.order_by(audit_event.c.seq).limit(1)).scalar()
    return found


def _mean(connection: Connection) -> int:
    """Octets that a recent entry takes, with its leaf and its share of the tiles."""
    query = select(func.length(audit_event.c.body)).order_by(audit_event.c.id.desc())
    sizes = [min(size, MAX_BODY) for size in connection.execute(query.limit(_SAMPLE)).scalars()]
    return (sum(sizes) // len(sizes) if sizes else 0) + 2 * 32


def _a_day(connection: Connection, numbered: int, now: datetime) -> int:
    """Entries a day over the last week, found by halving: times rise with the numbers."""
    if not numbered:
        return 0
    since, low, high = now - timedelta(days=7), 0, numbered - 1
    while low < high:
        middle = (low + high) // 2
        created = _created(connection, middle)
        if created is None or created >= since:
            high = middle
        else:
            low = middle + 1
    return (numbered - low) // 7
