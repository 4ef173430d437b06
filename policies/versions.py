"""Published versions of the rules: immutable, named by content, checked when read.

A version is never edited. Whoever changes a stored rule behind the program's back gets no
other decisions but none at all: the rows no longer hash to the version's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies import separation
from policies.rows import CATEGORY_COLUMNS, RULE_COLUMNS
from policies.rules import Rule, RuleProblems, RuleSet
from policies.tables import policy_category, policy_rule, policy_version

EVENT = "policy.published"
MAX_NOTE = 2000
"""Characters of the note on a version."""


class StoredRulesDifferError(RuntimeError):
    """The stored rows are not those that were published under the version's name."""


class AlreadyInForce(Exception):
    """Exactly these rules are in force already; publishing them would say nothing."""


@dataclass(frozen=True, slots=True)
class Version:
    """One publication of a rule set. `seq` counts from 1; the largest is in force."""

    seq: int
    hash: str
    created_at: datetime
    author: str
    note: str
    rules: int


def current(session: Session) -> RuleSet | None:
    """Return the rules in force, or None before the first publication (then nobody may).

    Raises:
        StoredRulesDifferError: the rows were changed, or the program no longer knows a word
            they use; either way they must not decide.
    """
    newest = select(policy_version.c.seq, policy_version.c.hash)
    row = session.execute(newest.order_by(policy_version.c.seq.desc()).limit(1)).first()
    return None if row is None else _load(session, row.seq, row.hash)


def newest(session: Session) -> str | None:
    """Return the hash of the rules in force, without reading them; None if there are none."""
    return session.scalar(
        select(policy_version.c.hash).order_by(policy_version.c.seq.desc()).limit(1)
    )


def at(session: Session, seq: int) -> RuleSet | None:
    """Return the rules of one publication, e.g. to publish them again; None if there is none.

    Raises:
        StoredRulesDifferError: as `current`.
    """
    name = session.scalar(select(policy_version.c.hash).where(policy_version.c.seq == seq))
    return None if name is None else _load(session, seq, name)


def history(session: Session) -> tuple[Version, ...]:
    """Return every publication, the newest first."""
    counts = (
        select(policy_rule.c.seq, func.count().label("rules"))
        .group_by(policy_rule.c.seq)
        .subquery()
    )
    rows = session.execute(
        select(policy_version, func.coalesce(counts.c.rules, 0).label("rules"))
        .outerjoin(counts, counts.c.seq == policy_version.c.seq)
        .order_by(policy_version.c.seq.desc())
    )
    return tuple(
        Version(row.seq, row.hash, row.created_at, row.author, row.note, row.rules) for row in rows
    )


def publish(tx: Transaction, rules: RuleSet, *, actor: Actor, now: datetime, note: str) -> str:
    """Put `rules` in force with the transaction's commit; return their hash, 64 digits.

    Two publications at once cannot both take the same number: the later commit fails. The
    note says why, in the author's words, in at most 2000 characters.

    Raises:
        RuleProblems: they would give somebody an office's pages, or an office a service.
        AlreadyInForce: these very rules are in force.
        ValueError: the note is too long.
        StoredRulesDifferError: the rules now in force were tampered with; look into that first.
    """
    separation.check(rules)
    if len(note) > MAX_NOTE:
        raise ValueError(f"the note has more than {MAX_NOTE} characters")
    old = current(tx.session)
    if old is not None and old.hash == rules.hash:
        raise AlreadyInForce(rules.hash)
    seq = (tx.session.scalar(select(func.max(policy_version.c.seq))) or 0) + 1
    tx.session.execute(
        insert(policy_version).values(
            seq=seq, hash=rules.hash, created_at=now, author=actor.subject, note=note
        )
    )
    _store(tx.session, policy_rule, seq, [rule.columns for rule in rules.rules])
    _store(tx.session, policy_category, seq, rules.categories)
    before = old or RuleSet()
    tx.record(
        EVENT,
        actor=actor,
        now=now,
        policy=rules.version,
        details={
            "seq": seq,
            "old": old.hash if old else None,
            "new": rules.hash,
            "rules": len(rules.rules),
            "categories": len(rules.categories),
            "added": len(set(rules.rules) - set(before.rules)),
            "removed": len(set(before.rules) - set(rules.rules)),
            "note": note,
        },
    )
    return rules.hash


def _store(session: Session, table: Table, seq: int, rows: Sequence[Sequence[str]]) -> None:
    columns = [column.name for column in table.columns][2:]
    if rows:
        session.execute(
            insert(table),
            [
                {"seq": seq, "position": position, **dict(zip(columns, row, strict=True))}
                for position, row in enumerate(rows)
            ],
        )


def _load(session: Session, seq: int, name: str) -> RuleSet:
    rules = _rows(session, policy_rule, RULE_COLUMNS, seq)
    categories = _rows(session, policy_category, CATEGORY_COLUMNS, seq)
    try:
        found = RuleSet(
            tuple(Rule(*row) for row in rules), tuple((row[0], row[1]) for row in categories)
        )
    except RuleProblems as problems:
        raise StoredRulesDifferError(f"version {seq} cannot be read: {problems}") from problems
    if found.hash != name:
        raise StoredRulesDifferError(f"version {seq} is called {name} and holds {found.hash}")
    return found


def _rows(
    session: Session, table: Table, columns: Sequence[str], seq: int
) -> Sequence[Sequence[str]]:
    chosen = [table.c[column] for column in columns]
    query = select(*chosen).where(table.c.seq == seq).order_by(table.c.position)
    return [tuple(row) for row in session.execute(query)]
