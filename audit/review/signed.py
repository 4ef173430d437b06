"""Sign-offs as they stand: those of the table that the log bears out, and those it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from audit.indexer import reach
from audit.query import Query
from audit.record import timestamp
from audit.review.tables import review_signoff
from audit.review.told import Told, knows_all, told

STANDARD = Query(
    exclude={"event": ("decision.allowed", "log.heartbeat", "key.rotate", "audit.indexed")}
)
"""What a review looks at unless another filter is chosen: everything but what nobody decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signoff:
    """One sign-off, as its leaf says it."""

    id: UUID
    low: int
    high: int
    first_at: datetime
    last_at: datetime
    size: int
    root: bytes
    filter: str
    filter_hash: str
    shown: int
    total: int
    own: int
    reviewer: str
    note: str
    at: datetime
    second: str | None
    second_as: str | None
    second_at: datetime | None

    @property
    def waits(self) -> bool:
        """Whether the reviewer's own acts wait for a second reviewer."""
        return self.own > 0 and self.second is None

    def is_told_by(self, leaf: Told, second: Told | None) -> bool:
        """Whether the leaves of the sign-off and of its second reviewer say the same."""
        if second is None:
            seconded = self.second is None
        else:
            seconded = second.subject == self.second and second.says(office=self.second_as)
        return (
            seconded
            and (leaf.subject, leaf.body["ts"]) == (self.reviewer, timestamp(self.at))
            and leaf.says(
                size=self.size,
                root=self.root.hex(),
                filter=self.filter,
                filter_hash=self.filter_hash,
                shown=self.shown,
                total=self.total,
                own=self.own,
                note=self.note,
                **{"from": self.low, "to": self.high},
            )
        )


def filter_hash(query: Query) -> str:
    """SHA-256 of a filter's line, which an address and a saved search share."""
    return hashlib.sha256(query.text().encode()).hexdigest()


def next_low(connection: Connection) -> int:
    """The first entry that no sign-off covers with the standard filter."""
    low = reach(connection).first  # what was pruned took its sign-offs' leaves along
    for each in signoffs(connection):
        if each.filter_hash == filter_hash(STANDARD) and each.low <= low:
            low = max(low, each.high)
    return low


def signoffs(connection: Connection) -> Sequence[Signoff]:
    """Every sign-off that the log bears out, in the order of the log."""
    return [each for each, is_told in _compared(connection) if is_told]


def unproven(connection: Connection) -> Sequence[Signoff]:
    """Rows that say other than the log, and so count for nothing: somebody wrote them by hand.

    None is named while the index is being made anew and the log cannot be asked, nor one whose
    leaf may have been pruned together with the entries it is about.
    """
    if not knows_all(connection):
        return []
    first = reach(connection).first
    return [each for each, is_told in _compared(connection) if not is_told and each.high > first]


def _compared(connection: Connection) -> Iterator[tuple[Signoff, bool]]:
    leaves: dict[str, dict[str, Told]] = {"review.signoff": {}, "review.second": {}}
    for each in told(connection, *leaves):
        leaves[each.event][each.id] = each
    query = select(review_signoff).order_by(review_signoff.c.low, review_signoff.c.at)
    for row in connection.execute(query).mappings():
        found = Signoff(**row)
        name = str(found.id)
        leaf, second = leaves["review.signoff"].get(name), leaves["review.second"].get(name)
        yield found, leaf is not None and found.is_told_by(leaf, second)
