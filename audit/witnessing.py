"""The sealer's thread that has checkpoints cosigned, and publishes those that are.

Sealing never waits for it: a witness that is away delays cosignatures, not the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from audit.cosigning import PATIENCE, Asking, Said, met
from audit.keep import Disagreement, Keep
from audit.note import BadNote, Checkpoint, Note
from audit.rounds import Rounds
from audit.sealer import Begin
from audit.source import stored_tile
from audit.tables import log_state
from audit.tables_anchors import log_cosigned, log_witness
from audit.tiles import TileHashes
from audit.tree import consistency
from audit.trust import NONE, Policy

PAUSE = 1.0
"""Seconds between two askings."""
OVERDUE = timedelta(seconds=150)
"""After so long without a quorum, health warns: two heartbeats were missed."""
STOPPING = 2 * PATIENCE

log = logging.getLogger("hangu.witnessing")


class Witnessing(Rounds):
    """Has the newest checkpoint in the sealer's directory cosigned, again and again.

    Args:
        directory: the sealer's own; only its memory is read.
        policy: whom to ask, and how many must answer.
        begin: opens a transaction that may write the log's tables.
        read: for the tiles that proofs are made of.
        publish: whether a checkpoint becomes the published one here, once it has its quorum.
    """

    def __init__(
        self,
        directory: Path,
        policy: Policy,
        *,
        begin: Begin,
        read: Engine,
        clock: Callable[[], datetime],
        publish: bool,
    ) -> None:
        super().__init__("witnessing", rest=PAUSE, ending=STOPPING)
        self._directory, self._policy = directory, policy
        self._begin, self._read, self._clock = begin, read, clock
        self._publishes = publish
        self._asking = Asking(policy)
        self._asked = b""
        self._problem = ""

    def _round(self) -> float:
        try:
            self.once()
            self._problem = ""
        except (Disagreement, BadNote, SQLAlchemyError, OSError) as error:
            if str(error) != self._problem:
                log.exception("no witness was asked")
            self._problem = str(error)
        return PAUSE

    def once(self) -> bool:
        """Ask for the newest checkpoint, unless it has its quorum; return whether it has now."""
        memory = Keep.open(self._directory).memory
        if not memory.note or memory.note == self._asked:
            return bool(memory.note)
        note = Note.parse(memory.note)
        size = Checkpoint.parse(note.text).size
        hashes = TileHashes(lambda tile: stored_tile(self._read, tile), size)
        cosigned, said = self._asking.ask(note, lambda old, new: consistency(hashes, old, new))
        is_met = met(self._policy, cosigned)
        with self._begin() as connection:
            _remember(connection, said, self._clock())
            if is_met:
                _keep_cosigned(connection, cosigned, size, self._clock())
                if self._publishes:
                    _publish(connection, cosigned, size, self._clock())
        if is_met:
            self._asked = memory.note
        for each in said:
            if each.problem:
                log.warning("witness %s: %s", each.name, each.problem)
        return is_met


def _remember(connection: Connection, said: Sequence[Said], now: datetime) -> None:
    table = log_witness.c
    for each in said:
        old = connection.execute(select(table.cosigned_at).where(table.name == each.name)).scalar()
        connection.execute(delete(log_witness).where(table.name == each.name))
        connection.execute(
            insert(log_witness).values(
                name=each.name,
                size=each.size,
                cosigned_at=now if each.signature else old,
                asked_at=now,
                problem=each.problem,
            )
        )


def _keep_cosigned(connection: Connection, note: Note, size: int, now: datetime) -> None:
    values = {"size": size, "note": note.encode(), "at": now}
    found = connection.execute(select(log_cosigned.c.size)).scalar()
    if found is None:
        connection.execute(insert(log_cosigned).values(id=1, **values))
    elif found <= size:
        connection.execute(update(log_cosigned).values(**values))


def _publish(connection: Connection, note: Note, size: int, now: datetime) -> None:
    """Publish, unless something newer is: a slow asking must not turn the log back."""
    found = connection.execute(select(log_state.c.note)).scalar()
    if found is None or Checkpoint.parse(Note.parse(found).text).size <= size:
        connection.execute(update(log_state).values(note=note.encode(), published=now))


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessState:
    """What is known of one witness. `problem` is empty if it cosigned when last asked."""

    name: str
    size: int
    cosigned_at: datetime | None
    asked_at: datetime
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """How far the witnesses are. `problem` is for operators; empty if all is well."""

    size: int
    at: datetime | None
    witnesses: tuple[WitnessState, ...]
    problem: str = ""


def look(read: Engine, *, quorum: bool, now: datetime) -> Witnessed:
    """Return how far the witnesses are, from the database alone.

    Args:
        read: an engine that cannot write.
        quorum: whether the zone's policy asks for any witness.
        now: for telling what is overdue.
    """
    with read.connect() as connection:
        newest = connection.execute(select(log_cosigned.c.size, log_cosigned.c.at)).first()
        rows = connection.execute(select(log_witness).order_by(log_witness.c.name)).all()
    states = tuple(WitnessState(**row._mapping) for row in rows)  # noqa: SLF001 - its public name
    at: datetime | None = None if newest is None else newest.at
    problem = ""
    if quorum and (at is None or now - at > OVERDUE):
        since = "yet" if at is None else f"since {at}"
        away = "; ".join(f"{each.name}: {each.problem}" for each in states if each.problem)
        problem = f"no quorum of witnesses has cosigned {since}" + (f" ({away})" if away else "")
    return Witnessed(
        size=0 if newest is None else newest.size, at=at, witnesses=states, problem=problem
    )


def overdue(read: Engine, policy: str, *, now: datetime) -> str:
    """Why there is no quorum of a policy's witnesses of late; empty if there is, or none is asked.

    Args:
        read: an engine that cannot write.
        policy: the office's own trust policy as text; empty, it has none.
        now: the present.
    """
    quorum = bool(policy) and asks_for_witnesses(Policy.parse(policy))
    return look(read, quorum=True, now=now).problem if quorum else ""


def asks_for_witnesses(policy: Policy) -> bool:
    """Whether a policy has a quorum that anybody must meet."""
    return policy.quorum != NONE
