"""Handing a finding over to the incident room, or to whoever handles incidents by its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from audit.ledger import Transaction
from audit.record import Actor, Json
from audit.review.finding import Finding
from audit.review.queue import (
    Note,
    notes_of,
    one,
    say,
    seqs_of,
)


class Incidents(Protocol):
    """Where a finding is handed over to; the incident room fulfils it."""

    def open(self, finding: Mapping[str, Json], *, by: Actor, now: datetime) -> str:
        """Open an incident about the finding; return the incident's name."""


def hand_over(
    tx: Transaction, finding: UUID, incidents: Incidents | None, *, actor: Actor, now: datetime
) -> tuple[Mapping[str, Json], str]:
    """Hand a finding over; return what is handed over, and the incident's name if one was opened.

    Without an incident room the file is the hand-over: the record says that it was made.
    Raises FindingUnknown.
    """
    connection = tx.session.connection()
    known = one(connection, finding)
    file = handover(known, seqs_of(connection, finding), notes_of(connection, finding))
    named = "" if incidents is None else incidents.open(file, by=actor, now=now)
    say(tx, "review.handed_over", known, actor, now, {"incident": named, "rule": known.rule})
    return file, named


def handover(known: Finding, seqs: Sequence[int], notes: Sequence[Note]) -> dict[str, Json]:
    """What the incident room needs of a finding. Times are RFC 3339 in UTC."""
    return {
        "finding": str(known.id),
        "rule": {"name": known.rule, "version": known.rule_version, "level": known.level},
        "title": {"en": known.title, "zh": known.title_zh},
        "group": dict(known.key),
        "first": known.first.isoformat(),
        "last": known.last.isoformat(),
        "entries": known.entries,
        "numbers": list(seqs),
        "state": known.state,
        "owner": known.owner or "",
        "notes": [{"at": n.at.isoformat(), "by": n.by, "text": n.text} for n in notes],
    }
