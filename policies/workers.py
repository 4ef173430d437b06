"""The processes that decide: which version each of them has acknowledged, and when it was heard.

A publication is complete when every worker decides by it. A worker says so here; one that has
not been heard for longer than the agreed age decides nothing (`gateway.access.pulse`), so that
after this age no request anywhere is decided by older rules, whatever became of the worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies.tables_running import policy_worker
from policies.versions import stated

ACKNOWLEDGED = "policy.acknowledged"
REFUSED = "policy.refused"
_NEWS = frozenset({"hash", "seq", "trouble"})
FORGOTTEN_AFTER = timedelta(days=1)
"""Workers that were not heard for so long are not shown any more."""


class Trouble(StrEnum):
    """Why a worker refuses to decide. Stable codes; the pages turn them into words."""

    NO_RULES = "no_rules"
    RULES_UNUSABLE = "rules_unusable"
    """The stored version is not what this zone published, or cannot be built."""
    STORE_REPLACED = "store_replaced"
    """The database is not the one that the worker opened."""
    WENT_BACK = "went_back"
    """The newest version bears a lower number than one that was in force already."""


class State(StrEnum):
    """How a worker stands to the rules in force."""

    CURRENT = "current"
    BEHIND = "behind"
    """It was heard, but has not acknowledged the newest version yet."""
    REFUSING = "refusing"
    """It has said why it decides nothing."""
    SILENT = "silent"
    """It was not heard for longer than the agreed age: stopped, cut off, or overloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process, from its start to its end.

    `id` are 32 hexadecimal digits made at the start, `node` the host's name.
    """

    id: str
    node: str
    pid: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What a worker decides by: version number and hash, and how long the engine took to build.

    `trouble` is empty, or why it decides nothing instead; then the rest is not looked at, and
    what the worker acknowledged last stands.
    """

    seq: int = 0
    hash: str = ""
    build_ms: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A worker as the others see it."""

    worker: Worker
    said: Acknowledgement
    beat_at: datetime
    acknowledged_at: datetime | None
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """Which version is in force, and who decides by it."""

    seq: int
    hash: str
    workers: tuple[Seen, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every worker that decides anything decides by the newest version."""
        deciding = [each for each in self.workers if each.state is not State.SILENT]
        return bool(deciding) and all(each.state is State.CURRENT for each in deciding)


def beat(tx: Transaction, worker: Worker, said: Acknowledgement, *, now: datetime) -> None:
    """Write down that a worker lives and what it decides by; a change of that is recorded."""
    session = tx.session
    mine = policy_worker.c.id == worker.id
    before = session.execute(select(policy_worker).where(mine)).first()
    values: dict[str, object] = {"beat_at": now, "trouble": said.trouble}
    if not said.trouble:
        values |= {"seq": said.seq, "hash": said.hash, "build_ms": said.build_ms}
    if before is None or any(
        getattr(before, name) != values[name] for name in _NEWS & values.keys()
    ):
        values["acknowledged_at"] = None if said.trouble else now
        _record(tx, worker, said, now)
    if before is not None:
        session.execute(update(policy_worker).where(mine).values(values))
        return
    first = {"id": worker.id, "node": worker.node, "pid": worker.pid, "seq": 0, "hash": ""}
    first |= {"started_at": worker.started_at, "build_ms": 0, **values}
    session.execute(insert(policy_worker).values(first))
    session.execute(delete(policy_worker).where(policy_worker.c.beat_at < now - FORGOTTEN_AFTER))


def leave(tx: Transaction, worker: Worker) -> None:
    """Take a worker that stops in order out of the list; one that was killed falls silent."""
    tx.session.execute(delete(policy_worker).where(policy_worker.c.id == worker.id))


def highest(session: Session) -> int:
    """Return the highest version number that any worker has acknowledged; 0 if none has."""
    return session.scalar(select(func.max(policy_worker.c.seq))) or 0


def convergence(session: Session, *, now: datetime, age: timedelta) -> Convergence:
    """Return every worker of the last day against the version in force, by node and process."""
    found = stated(session)
    seq, name = (0, "") if found is None else found
    ordered = select(policy_worker).order_by(
        policy_worker.c.node, policy_worker.c.started_at, policy_worker.c.pid
    )
    seen = []
    for row in session.execute(ordered):
        said = Acknowledgement(
            seq=row.seq, hash=row.hash, build_ms=row.build_ms, trouble=row.trouble
        )
        is_silent = row.beat_at < now - age
        seen.append(
            Seen(
                worker=Worker(id=row.id, node=row.node, pid=row.pid, started_at=row.started_at),
                said=said,
                beat_at=row.beat_at,
                acknowledged_at=row.acknowledged_at,
                state=State.SILENT if is_silent else _state(said, seq, name),
            )
        )
    return Convergence(seq=seq, hash=name, workers=tuple(seen))


def _state(said: Acknowledgement, seq: int, name: str) -> State:
    if said.trouble:
        return State.REFUSING
    return State.CURRENT if (said.seq, said.hash) == (seq, name) else State.BEHIND


def _record(tx: Transaction, worker: Worker, said: Acknowledgement, now: datetime) -> None:
    tx.record(
        REFUSED if said.trouble else ACKNOWLEDGED,
        actor=Actor(subject="system:worker"),
        now=now,
        outcome="failure" if said.trouble else "success",
        reason=said.trouble or None,
        policy=said.hash[:16] or None,
        details={
            "worker": worker.id,
            "node": worker.node,
            "pid": worker.pid,
            "seq": said.seq,
            "build_ms": said.build_ms,
        },
    )
