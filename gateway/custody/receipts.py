"""My receipts: what I did that counts, each with its proof."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from audit import receipting
from audit.index_tables import audit_index
from gateway.custody.refusals import ReceiptEarly, ReceiptUnknown

SHOWN = 100
PATIENCE = 2.0
"""Seconds that a page waits for the newest acts to be sealed."""
_STEP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something the person did. `index` is its number in the log, None while it has none."""

    index: int | None
    event: str
    object: str
    at: datetime
    outcome: str


def mine(read: Engine, subject: str, *, patience: float = PATIENCE) -> Sequence[Act]:
    """Return a person's acts for which there are receipts, newest first.

    An act of this very moment is not sealed yet: it is waited for, but not for long.
    """
    deadline = time.monotonic() + patience
    while (waiting := _unsealed(read, subject)) and time.monotonic() < deadline:
        time.sleep(_STEP)
    column = audit_index.c
    query = (
        select(column.seq)
        .where(column.actor == subject, column.event.in_(receipting.EVENTS))
        .order_by(column.seq.desc())
        .limit(SHOWN)
    )
    with read.connect() as connection:
        numbers = list(connection.execute(query).scalars())
        # The index is a moment behind the log: the newest entries are looked at themselves.
        bodies = receipting.bodies(connection, [*numbers, *receipting.unindexed(connection)])
    sealed = [_act(n, bodies[n]) for n in sorted(bodies, reverse=True) if _is(bodies[n], subject)]
    return [*reversed(waiting), *sealed][:SHOWN]


def file(read: Engine, subject: str, index: int) -> bytes:
    """Return the receipt of one's own act as a `.tlog-proof` file.

    Raises:
        ReceiptUnknown: it is no act of this person, or none that has receipts.
        ReceiptEarly: no checkpoint covers it yet.
    """
    with read.connect() as connection:
        body = receipting.bodies(connection, [index]).get(index)
    if body is None or not _is(body, subject):
        raise ReceiptUnknown(index)
    try:
        return receipting.prove(read, index).receipt.encode()
    except receipting.NotSealed:
        raise ReceiptEarly(index) from None


def _unsealed(read: Engine, subject: str) -> list[Act]:
    bodies = receipting.unsealed_of(read, subject)
    return [_act(None, body) for body in bodies if _is(body, subject)]


def _is(body: bytes, subject: str) -> bool:
    said = _read(body)
    return said.get("sub") == subject and said.get("ev") in receipting.EVENTS


def _act(index: int | None, body: bytes) -> Act:
    said = _read(body)
    about = said.get("obj", "")
    return Act(
        index=index,
        event=str(said.get("ev", "")),
        object=about if isinstance(about, str) else str(about.get("pre", "")),
        at=datetime.fromisoformat(str(said["ts"])),
        outcome=str(said.get("out", "")),
    )


def _read(body: bytes) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(body)
    return found
