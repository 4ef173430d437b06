"""The rows of one published version: its number, taken once, and the rules it holds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from policies.collector import collector_paused
from policies.rows import CATEGORY_COLUMNS, RULE_COLUMNS
from policies.rules import Rule, RuleProblems, RuleSet
from policies.signature import Statement, key_of
from policies.tables import policy_beside, policy_category, policy_rule, policy_version

_NUMBER = ("pk_policy_version", "policy_version.seq")
"""What PostgreSQL and SQLite name when two take one number."""


class StoredRulesDifferError(RuntimeError):
    """The stored rows are not those that this zone published under the version's number."""


class PublishedMeanwhile(Exception):
    """Somebody else published since; the message is the number in force."""


def take_number(session: Session, stated: Statement) -> None:
    """Insert a version without its rules yet, signed.

    Raises:
        PublishedMeanwhile: somebody took the number at the same moment.
        IntegrityError: any other fault of the row.
    """
    signature = key_of(session).sign(stated)
    row = insert(policy_version).values(
        seq=stated.seq,
        hash=stated.hash,
        created_at=stated.created_at,
        author=stated.author,
        note=stated.note,
        signature=signature,
    )
    try:
        session.execute(row)
    except IntegrityError as clash:
        if any(name in str(clash.orig) for name in _NUMBER):
            raise PublishedMeanwhile(stated.seq) from clash
        raise


def store(session: Session, seq: int, rules: RuleSet) -> None:
    """Insert the rows of a version's rules."""
    _store(session, policy_rule, seq, [rule.columns for rule in rules.rules])
    _store(session, policy_category, seq, rules.categories)
    _store(session, policy_beside, seq, [(line,) for line in rules.beside])


def load(session: Session, seq: int, name: str) -> RuleSet:
    """Return the rules of a version that is called `name`, its whole hash.

    Raises:
        StoredRulesDifferError: the rows cannot be read, or have another hash.
    """
    rules = _rows(session, policy_rule, RULE_COLUMNS, seq)
    categories = _rows(session, policy_category, CATEGORY_COLUMNS, seq)
    lines = _rows(session, policy_beside, ("line",), seq)
    try:
        beside = RuleSet.parse("\n".join(row[0] for row in lines))
        with collector_paused():
            found = RuleSet(
                tuple(Rule(*row) for row in rules),
                tuple((row[0], row[1]) for row in categories),
                beside.tests,
                beside.duties,
            )
    except RuleProblems as problems:
        raise StoredRulesDifferError(f"version {seq} cannot be read: {problems}") from problems
    if found.hash != name:
        raise StoredRulesDifferError(f"version {seq} is called {name} and holds {found.hash}")
    return found


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


def _rows(
    session: Session, table: Table, columns: Sequence[str], seq: int
) -> Sequence[Sequence[str]]:
    chosen = [table.c[column] for column in columns]
    query = select(*chosen).where(table.c.seq == seq).order_by(table.c.position)
    return [tuple(row) for row in session.execute(query)]
