"""What people are told about their own account, in the very transaction that changed it.

The gateway sends no mail: a notice waits for its person and stands on every page until they
say that they have read it. So whoever changes somebody's means of sign-in cannot do it unseen
(OWASP ASVS 5.0, 6.3.5 and 6.3.7; NIST SP 800-63B-4, 4.6).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from audit.ledger import Transaction
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables_notices import Notice

SHOWN = 50
"""Notices listed for their person, newest first."""

KEPT = timedelta(days=365)
"""How long a notice stays after it was read."""

_READ = "a person has read what they were told"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """A notice as its person reads it: `kind` names the sentence, `words` fill it in."""

    id: UUID
    at: datetime
    kind: str
    words: Mapping[str, str]
    seen_at: datetime | None


def tell(tx: Transaction, person_id: UUID, kind: str, *, now: datetime, **words: str) -> None:
    """Have a person find a notice of this kind on the next page they open."""
    text = json.dumps(words, ensure_ascii=False, sort_keys=True)
    tx.session.add(Notice(person_id=person_id, at=now, kind=kind, words=text, seen_at=None))


def unseen(registry: Registry, person_id: UUID) -> Sequence[NoticeView]:
    """Return what a person has not read yet, oldest first."""
    statement = (
        select(Notice)
        .where(Notice.person_id == person_id, Notice.seen_at.is_(None))
        .order_by(Notice.at, Notice.id)
        .limit(SHOWN)
    )
    with registry.store.reading() as session:
        return [_view(row) for row in session.execute(statement).scalars()]


def latest(registry: Registry, person_id: UUID) -> Sequence[NoticeView]:
    """Return a person's newest notices, read or not."""
    statement = (
        select(Notice)
        .where(Notice.person_id == person_id)
        .order_by(Notice.at.desc(), Notice.id)
        .limit(SHOWN)
    )
    with registry.store.reading() as session:
        return [_view(row) for row in session.execute(statement).scalars()]


def seen(registry: Registry, person_id: UUID, *, until: datetime, now: datetime) -> int:
    """Mark as read what a person was shown: the notices up to `until`. Return how many."""
    statement = (
        update(Notice)
        .where(Notice.person_id == person_id, Notice.seen_at.is_(None), Notice.at <= until)
        .values(seen_at=now)
    )
    with registry.ledger.begin(unaudited_because=_READ) as tx:
        return changed(tx.session, statement)


def forget(tx: Transaction, *, now: datetime) -> None:
    """Drop what was read long ago: housekeeping."""
    changed(tx.session, delete(Notice).where(Notice.seen_at < now - KEPT))


def _view(row: Notice) -> NoticeView:
    return NoticeView(
        id=row.id,
        at=row.at,
        kind=row.kind,
        words=json.loads(row.words or "{}"),
        seen_at=row.seen_at,
    )
