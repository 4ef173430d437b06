"""How findings were decided: how many, how fast, how many in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import Connection, distinct, func, select

from audit.blocks import milliseconds
from audit.index_tables import audit_index
from audit.review.finding import Disposition, Finding, State, finding_of
from audit.review.tables import review_finding, review_link
from audit.vocabulary import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How one rule's findings were decided. `seconds` is the median time to a decision."""

    rule: str
    findings: int
    open: int
    suppressed: int
    false_alarms: int
    seconds: int | None


def figures(connection: Connection, *, since: datetime) -> Sequence[Figure]:
    """By rule: findings since a moment, and how they were decided."""
    column = review_finding.c
    query = select(review_finding).where(column.opened_at >= since)
    by_rule: dict[str, list[Finding]] = {}
    for row in connection.execute(query):
        by_rule.setdefault(row.rule, []).append(finding_of(row))
    return [_figure(rule, found) for rule, found in sorted(by_rule.items())]


def _figure(rule: str, found: Sequence[Finding]) -> Figure:
    times = [(f.decided_at - f.opened_at).total_seconds() for f in found if f.decided_at]
    return Figure(
        rule=rule,
        findings=len(found),
        open=sum(each.is_open for each in found),
        suppressed=sum(each.suppressed_by is not None for each in found),
        false_alarms=sum(each.disposition == Disposition.FALSE_ALARM for each in found),
        seconds=round(median(times)) if times else None,
    )


def decided_refusals(connection: Connection, *, since: datetime) -> int:
    """How many refusals since a moment belong to findings that were decided."""
    start, found, entry = milliseconds(since), review_finding.c, audit_index.c
    query = (
        select(func.count(distinct(review_link.c.seq)))
        .join(review_finding, found.id == review_link.c.finding)
        .join(audit_index, entry.seq == review_link.c.seq)
        .where(found.state.in_((State.RESOLVED, State.CLOSED)), found.last_at >= start)
        .where(entry.outcome == Outcome.DENIED, entry.at >= start)
    )
    return int(connection.execute(query).scalar_one())
