"""A night for the desk of the review: a burst of refusals, and a few acts of the reviewer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from searched_log import PEOPLE, SearchedLog
from sqlalchemy import select

from audit.query import Query
from audit.record import Actor
from audit.review import signing, stretch
from audit.review.signed import STANDARD
from audit.tables import audit_event

ME, OTHER = (Actor(subject=each) for each in PEOPLE[2:4])


def night(url: str, directory: Path, now: datetime) -> SearchedLog:
    """Return its log, sealed and indexed, which the rules have looked at."""
    log = SearchedLog(url, directory, now)
    for second in range(20):
        log.ledger.append(
            "decision.denied",
            actor=Actor(subject=PEOPLE[0]),
            now=now + timedelta(seconds=second),
            outcome="denied",
            reason="=HYPERLINK(1)",
            details={"path": "<script>alert(1)</script>"},
        )
    log.ledger.append("audit.search_saved", actor=ME, now=now + timedelta(seconds=30))
    log.settle()
    log.rules().catch_up(now=log.now)
    return log


def said(log: SearchedLog, event: str) -> list[dict[str, object]]:
    """What the log says of an event, oldest first."""
    with log.store.reading() as session:
        bodies = session.execute(select(audit_event.c.body).order_by(audit_event.c.id)).scalars()
        return [found for body in bodies if (found := json.loads(body))["ev"] == event]


def looked(
    log: SearchedLog, *, who: Actor = ME, query: Query = STANDARD, page: int | None = 0
) -> stretch.Reviewed:
    """What the reviewer's page does: read, render, note what was rendered."""
    with log.store.read.connect() as connection:
        span = stretch.waiting(connection, 0)
    assert span is not None
    seen = stretch.reviewed(log.store.read, span, query, who.subject, page_from=page)
    if page is not None:
        with log.ledger.begin(unaudited_because="a test") as tx:
            signing.note_shown(tx, who.subject, query, page, seen.page_end, now=log.now)
    return seen


def sign(log: SearchedLog, seen: stretch.Reviewed, *, who: Actor = ME) -> UUID:
    """Sign off what was seen."""
    with log.ledger.begin() as tx:
        return signing.sign(tx, seen, note="", actor=who, proof="totp", now=log.now)
