"""What the officers did, read from the audit log itself, newest first.

The auditor reads the acts of the other two offices, the security administrator those of the
auditor: nobody watches over their own office.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit.entry import Entry
from audit.query import Query
from audit.record import timestamp
from audit.search import Search
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.roll import Entry as Person

PAGE = 50
"""Acts on one page."""

WATCHES: Mapping[str, frozenset[str]] = {
    "auditor": frozenset({"system_admin", "security_admin"}),
    "security_admin": frozenset({"auditor"}),
}
"""Which office reads the acts of which others."""

NOISE = frozenset({"decision.allowed", "session.confirmed"})
"""Entries that stand for no act of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerAct:
    """One entry. `position` is where it stands in the log; `at` is RFC 3339 in UTC."""

    position: int
    at: str
    event: str
    actor: UUID
    object: str
    outcome: str
    reason: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Acts:
    """One page of acts; `older` is where the next one begins (`before`), None at the end."""

    acts: Sequence[OfficerAct]
    older: int | None


def watched(entries: Sequence[Person], roles: Collection[str]) -> Sequence[Person]:
    """Return the officers whose acts somebody with these roles reads."""
    offices = frozenset().union(*(WATCHES.get(role, frozenset()) for role in roles))
    return [each for each in entries if each.roles & offices & OFFICER_ROLES]


def acts(
    search: Search,
    who: Collection[UUID],
    *,
    before: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    size: int = PAGE,
) -> Acts:
    """Return the acts of these people below a number of the log, newest first, at most `size`.

    `since` and `until` (exclusive) bound the time.
    """
    if not who:
        return Acts((), None)
    query = Query(
        since=since,
        until=until,
        include={"actor": tuple(f"person:{each}" for each in sorted(who))},
        exclude={"event": tuple(sorted(NOISE))},
    )
    page = search.page(query, before=before, limit=size)
    return Acts([_act(entry) for entry in page.entries], page.older)


def _act(entry: Entry) -> OfficerAct:
    row = entry.row
    return OfficerAct(
        position=entry.seq,
        at=timestamp(entry.at),
        event=row.event,
        actor=UUID(row.actor.removeprefix("person:")),
        object=row.object or "",
        outcome=row.outcome,
        reason=row.reason or "",
        details=entry.details,
    )
