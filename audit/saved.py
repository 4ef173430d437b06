"""Searches that were saved under a name, for oneself or for every auditor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Boolean, Column, String, Table, Text, Uuid, delete, insert, or_, select
from sqlalchemy.orm import Session

from audit.columns import UtcDateTime
from audit.ledger import Transaction
from audit.query import Query
from audit.record import Actor, Json
from audit.tables import metadata

MAX_NAME = 60
MOST = 100
"""Searches that one person may keep."""

saved_search: Final = Table(
    "saved_search",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", String(80), nullable=False, index=True),
    Column("name", String(MAX_NAME), nullable=False),
    Column("query", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)


class TooManySaved(Exception):
    """The person keeps as many searches as one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """One search by its name. `query` is its line of text, see `Query.text`."""

    id: UUID
    owner: str
    name: str
    query: str
    shared: bool
    created_at: datetime


def of(session: Session, subject: str) -> Sequence[SavedSearch]:
    """The searches this person may use, by name: their own, and those that others share."""
    column = saved_search.c
    query = (
        select(saved_search)
        .where(or_(column.owner == subject, column.shared))
        .order_by(column.name, column.created_at)
    )
    return [SavedSearch(**row._mapping) for row in session.execute(query)]  # noqa: SLF001 - public


def save(
    tx: Transaction, query: Query, *, name: str, shared: bool, actor: Actor, now: datetime
) -> UUID:
    """Keep a search under a name of 1 to 60 characters. Raises TooManySaved, ValueError."""
    if not 1 <= len(name) <= MAX_NAME:
        raise ValueError("a name has 1 to 60 characters")
    column = saved_search.c
    own = tx.session.execute(select(column.id).where(column.owner == actor.subject)).all()
    if len(own) >= MOST:
        raise TooManySaved
    search_id = uuid4()
    values: dict[str, Json] = {"name": name, "query": query.text(), "shared": shared}
    tx.session.execute(
        insert(saved_search).values(id=search_id, owner=actor.subject, created_at=now, **values)
    )
    tx.record(
        "audit.search_saved", actor=actor, now=now, object=f"search:{search_id}", details=values
    )
    return search_id


def remove(tx: Transaction, search_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Forget one of one's own searches; whether there was one."""
    column = saved_search.c
    own = (column.id == search_id) & (column.owner == actor.subject)
    found = tx.session.execute(select(saved_search).where(own)).first()
    if found is None:
        return False
    tx.session.execute(delete(saved_search).where(own))
    details = {"name": found.name, "query": found.query}
    tx.record(
        "audit.search_removed", actor=actor, now=now, object=f"search:{search_id}", details=details
    )
    return True
