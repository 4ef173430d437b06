"""How often each rule decided, and when last: counted from the log, entry by entry, once.

A rule is used when a decision names it: an allow that let somebody in, a deny that kept somebody
out. The counts and the number of the next entry to count are written in one transaction, so
that a count broken off anywhere goes on where it was; thrown away, they are counted anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from audit.ledger import Ledger, Transaction
from audit.tables import NUMBERED, audit_event
from policies.rows import RULE_COLUMNS
from policies.rules import Rule
from policies.tables import policy_rule, policy_version
from policies.tables_running import rule_use, rule_use_cursor

AT_ONCE: Final = 5_000
"""Entries of one transaction: on SQLite nobody else writes meanwhile."""
_WHY = "counts of what the log holds already"
_DECISION = b'"ev":"decision.'
_ONLY = 1


@dataclass(frozen=True, slots=True)
class Use:
    """How often a rule decided since counting began; times are those of the log's entries."""

    uses: int
    first_used: datetime
    last_used: datetime

    def plus(self, other: Use) -> Use:
        """Return both together."""
        return Use(
            self.uses + other.uses,
            min(self.first_used, other.first_used),
            max(self.last_used, other.last_used),
        )


def uses(session: Session) -> Mapping[str, Use]:
    """Return the use of every rule that was ever used, by its id."""
    return {
        row.rule: Use(row.uses, row.first_used, row.last_used)
        for row in session.execute(select(rule_use))
    }


def ages(session: Session) -> Mapping[str, datetime]:
    """Return when each rule was first published, by its line; those no version has are missing."""
    columns = [policy_rule.c[name] for name in RULE_COLUMNS]
    first = (
        select(*columns, func.min(policy_version.c.created_at))
        .join(policy_version, policy_version.c.seq == policy_rule.c.seq)
        .group_by(*columns)
    )
    return {", ".join(("p", *row[:-1])): row[-1] for row in session.execute(first)}


def is_counted(rule: Rule) -> bool:
    """Tell whether the log would show that a rule is used.

    Visits to the gateway's own pages are no decisions of the log: only refusals of them are.
    """
    return not rule.obj.startswith("app:")


def counted(session: Session) -> int:
    """Return how many entries of the log are counted."""
    return session.scalar(select(rule_use_cursor.c.next_seq)) or 0


def sealed(session: Session) -> int:
    """Return how many entries the log has that can be counted: those with a number."""
    return session.scalar(NUMBERED) or 0


def count(ledger: Ledger, *, told: Callable[[int], None] | None = None) -> int:
    """Count every entry that is numbered and not counted yet; return how many there were.

    The numbers are the sealer's: they have no gaps, and what commits late gets a later one, so
    nothing is passed over. `told` hears of progress. Two at once do no harm.
    """
    total = 0
    while done := _count_some(ledger):
        total += done
        if told is not None:
            told(done)
    return total


def recount(ledger: Ledger, *, told: Callable[[int], None] | None = None) -> int:
    """Throw the counts away and count the whole log."""
    with ledger.begin(unaudited_because=_WHY) as tx:
        tx.session.execute(delete(rule_use))
        tx.session.execute(delete(rule_use_cursor))
    return count(ledger, told=told)


def _count_some(ledger: Ledger) -> int:
    with ledger.begin(unaudited_because=_WHY) as tx:
        start = _locked_cursor(tx)
        bodies = tx.session.execute(
            select(audit_event.c.body, audit_event.c.created)
            .where(audit_event.c.seq >= start)
            .order_by(audit_event.c.seq)
            .limit(AT_ONCE)
        ).all()
        if not bodies:
            return 0
        found: dict[str, Use] = {}
        for body, at in bodies:
            for rule in rules_of(body):
                once = Use(1, at, at)
                found[rule] = found[rule].plus(once) if rule in found else once
        _add(tx, found)
        tx.session.execute(update(rule_use_cursor).values(next_seq=start + len(bodies)))
        return len(bodies)


def _locked_cursor(tx: Transaction) -> int:
    start = tx.session.scalar(select(rule_use_cursor.c.next_seq).with_for_update())
    if start is None:
        tx.session.execute(insert(rule_use_cursor).values(id=_ONLY, next_seq=0))
    return start or 0


def rules_of(body: bytes) -> list[str]:
    """Return the rules a decision names; none of any other entry."""
    if _DECISION not in body:
        return []
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):  # not ours: the verifier says so, nobody counts it
        return []
    rules = found.get("rules") if isinstance(found, dict) else None
    return [each for each in rules if isinstance(each, str)] if isinstance(rules, list) else []


def _add(tx: Transaction, found: Mapping[str, Use]) -> None:
    known = uses(tx.session)
    new = [_row(rule, use) for rule, use in found.items() if rule not in known]
    if new:
        tx.session.execute(insert(rule_use), new)
    for rule, use in found.items():
        if rule in known:
            values = _row(rule, known[rule].plus(use))
            tx.session.execute(update(rule_use).where(rule_use.c.rule == rule).values(values))


def _row(rule: str, use: Use) -> dict[str, str | int | datetime]:
    return {
        "rule": rule,
        "uses": use.uses,
        "first_used": use.first_used,
        "last_used": use.last_used,
    }
