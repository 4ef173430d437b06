"""Findings: what the rules found, until somebody has decided about it.

    new → in_progress ⇄ pending → resolved → closed

A finding grows while it is open: what the same rule finds about the same group belongs to it.
Once it is decided, the next one is a new finding.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update

from audit.ledger import Transaction
from audit.record import Actor, canonical
from audit.review.engine import Firing
from audit.review.rule import Rule
from audit.review.tables import review_finding, review_link, review_suppression

RULES = Actor(subject="system:rules")
MOST_LINKED = 2000
"""Entries of a finding that are kept by number; further ones are counted."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class State(StrEnum):
    """Where a finding stands."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


OPEN = (State.NEW, State.IN_PROGRESS, State.PENDING)


class Disposition(StrEnum):
    """What a finding turned out to be."""

    VIOLATION = "violation"
    JUSTIFIED = "justified"
    FALSE_ALARM = "false_alarm"
    DRILL = "drill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. `key` are the values of the rule's group; times of its entries in ms."""

    id: UUID
    rule: str
    rule_version: int
    title: str
    title_zh: str
    level: str
    key: Mapping[str, str]
    group_key: str
    first_at: int
    last_at: int
    entries: int
    opened_at: datetime
    state: str
    owner: str | None
    disposition: str | None
    reason: str
    decided_at: datetime | None
    decided_by: str | None
    suppressed_by: UUID | None
    version: int

    @property
    def first(self) -> datetime:
        """When the first of its entries was entered."""
        return _EPOCH + timedelta(milliseconds=self.first_at)

    @property
    def last(self) -> datetime:
        """When the last one was."""
        return _EPOCH + timedelta(milliseconds=self.last_at)

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.state in OPEN and self.suppressed_by is None


def finding_of(row: Row[Any]) -> Finding:
    """Return a row as a finding."""
    return Finding(**row._mapping)  # noqa: SLF001 - its public name


def note(
    tx: Transaction, rule: Rule, version: int, firing: Firing, *, since: int, now: datetime
) -> UUID | None:
    """Open a finding, or let an open one grow; return its id, None if nothing is new.

    Args:
        tx: the transaction that also moves the rules' place.
        rule: the rule,
        version: and which version of it.
        firing: what satisfied it.
        since: entries from this number on are new; what is older was noted in its time.
        now: the present.
    """
    connection = tx.session.connection()
    group = group_of(firing.key)
    column = review_finding.c
    query = select(review_finding).where(column.rule == rule.name, column.group_key == group)
    earlier = [finding_of(row) for row in connection.execute(query.order_by(column.opened_at))]
    near = [
        each
        for each in earlier
        if each.last_at >= firing.first_at - rule.span
        and each.first_at <= firing.last_at + rule.span
    ]
    known = _known(connection, [each.id for each in near])
    new = [seq for seq in firing.seqs if seq not in known and (seq >= since or not near)]
    if not new:
        return None
    hidden = _suppressed(connection, rule, rule.of(firing.key), now=now) is not None
    growing = [
        each for each in near if each.state in OPEN and (hidden or each.suppressed_by is None)
    ]  # once a suppression is over, what goes on is asked about
    if growing:
        _grow(connection, growing[-1], firing, new)
        return growing[-1].id
    return _open(tx, rule, version, firing, new if near else list(firing.seqs), now=now)


def group_of(key: Sequence[str]) -> str:
    """The digest by which a group is found."""
    return hashlib.sha256(canonical(list(key))).hexdigest()


def _known(connection: Connection, findings: Sequence[UUID]) -> set[int]:
    query = select(review_link.c.seq).where(review_link.c.finding.in_(findings))
    return set(connection.execute(query).scalars())


def _grow(connection: Connection, known: Finding, firing: Firing, new: Sequence[int]) -> None:
    values = {
        "first_at": min(known.first_at, firing.first_at),
        "last_at": max(known.last_at, firing.last_at),
        "entries": known.entries + len(new),
    }
    same = review_finding.c.id == known.id
    connection.execute(update(review_finding).where(same).values(**values))
    _link(connection, known.id, new[: max(0, MOST_LINKED - known.entries)])


def _open(
    tx: Transaction,
    rule: Rule,
    version: int,
    firing: Firing,
    seqs: Sequence[int],
    *,
    now: datetime,
) -> UUID:
    connection, made, key = tx.session.connection(), uuid.uuid4(), rule.of(firing.key)
    suppressed = _suppressed(connection, rule, key, now=now)
    connection.execute(
        insert(review_finding).values(
            id=made,
            rule=rule.name,
            rule_version=version,
            title=rule.title,
            title_zh=rule.title_zh,
            level=rule.level,
            key=key,
            group_key=group_of(firing.key),
            first_at=firing.first_at,
            last_at=firing.last_at,
            entries=len(seqs),
            opened_at=now,
            state=State.NEW,
            reason="",
            suppressed_by=suppressed,
            version=1,
        )
    )
    _link(connection, made, seqs[:MOST_LINKED])
    tx.record(
        "review.found",
        actor=RULES,
        now=now,
        object=f"finding:{made}",
        details={
            "rule": rule.name,
            "version": version,
            "level": rule.level,
            "group": key,
            "entries": len(seqs),
            "first": min(seqs),
            "last": max(seqs),
            "suppressed": "" if suppressed is None else str(suppressed),
        },
    )
    return made


def _link(connection: Connection, finding: UUID, seqs: Sequence[int]) -> None:
    if seqs:
        rows = [{"finding": finding, "seq": seq} for seq in seqs]
        connection.execute(insert(review_link), rows)


def _suppressed(
    connection: Connection, rule: Rule, key: Mapping[str, str], *, now: datetime
) -> UUID | None:
    """The suppression that covers a group, if one does. What is critical is never covered."""
    if rule.level == "critical":
        return None
    column = review_suppression.c
    query = select(column.id, column.fields).where(
        column.rule == rule.name, column.until > now, column.ended_at.is_(None)
    )
    for row in connection.execute(query.order_by(column.at)):
        if row.fields and all(key.get(name) == value for name, value in row.fields.items()):
            found: UUID = row.id
            return found
    return None
