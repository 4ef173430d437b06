"""Published versions of the rules: immutable, named by content, signed, checked when read.

A version is never edited. Whoever changes a stored rule behind the program's back, adds a
version of his own or renumbers an old one gets no other decisions but none at all: the rows no
longer hash to the version's name, or the zone's key did not sign the name at that number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies import separation
from policies.duties import HELD
from policies.rows import RULE_COLUMNS
from policies.rules import Rule, RuleSet
from policies.signature import Statement, VersionKey, key_of
from policies.tables import policy_beside, policy_rule, policy_version
from policies.version_rows import (
    PublishedMeanwhile,
    StoredRulesDifferError,
    load,
    store,
    take_number,
)

EVENT = "policy.published"
MAX_NOTE = 2000
"""Characters of the note on a version."""


class AlreadyInForce(Exception):
    """Exactly these rules are in force already; publishing them would say nothing."""


class Newest(NamedTuple):
    """The number and the hash of the rules in force."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Version:
    """One publication of a rule set. `seq` counts from 1; the largest is in force.

    `is_ours` tells whether the zone's key signed it; no engine is built of any other.
    """

    seq: int
    hash: str
    created_at: datetime
    author: str
    note: str
    rules: int
    is_ours: bool


def current(session: Session) -> RuleSet | None:
    """Return the rules in force, or None before the first publication (then nobody may).

    Raises:
        StoredRulesDifferError: the rows were changed or are not signed by the zone, or the
            program no longer knows a word they use; either way they must not decide.
    """
    found = stated(session)
    return None if found is None else at(session, found.seq)


def newest(session: Session) -> Newest | None:
    """Return what is in force, without reading its rules; None before the first publication.

    Raises:
        StoredRulesDifferError: the zone did not sign it.
    """
    found = stated(session)
    row = None if found is None else _signed(session, found.seq)
    return None if row is None else Newest(row.seq, row.hash)


def stated(session: Session) -> Newest | None:
    """Return what the database says is in force, for showing: nothing of it is checked."""
    columns = select(policy_version.c.seq, policy_version.c.hash)
    row = session.execute(columns.order_by(policy_version.c.seq.desc()).limit(1)).first()
    return None if row is None else Newest(row.seq, row.hash)


def at(session: Session, seq: int) -> RuleSet | None:
    """Return the rules of one publication, e.g. to publish them again; None if there is none.

    Raises:
        StoredRulesDifferError: as `current`.
    """
    row = _signed(session, seq)
    return None if row is None else load(session, seq, row.hash)


def holds_duties(session: Session) -> bool:
    """Tell whether the newest publication keeps apart what nobody may hold together."""
    newest = select(func.max(policy_version.c.seq)).scalar_subquery()
    row = policy_beside.c
    held = select(row.seq).where(row.seq == newest, row.line.startswith(f"s, {HELD}, ")).limit(1)
    return session.scalar(held) is not None


def named(session: Session, version: str) -> RuleSet | None:
    """Return the rules that decisions call `version` (16 digits), whenever they were in force.

    Raises:
        StoredRulesDifferError: as `current`.
    """
    last = select(func.max(policy_version.c.seq)).where(policy_version.c.hash.startswith(version))
    seq = session.scalar(last)
    return None if seq is None else at(session, seq)


def number(session: Session, version: str, at: datetime) -> int | None:
    """Return the number under which the rules called `version` (16 digits) were in force then."""
    called = policy_version.c.hash.startswith(version) & (policy_version.c.created_at <= at)
    seq: int | None = session.scalar(select(func.max(policy_version.c.seq)).where(called))
    return seq


def first_with(session: Session, seq: int, rule: Rule) -> int:
    """Return the version that brought a rule which one publication holds, without a gap between.

    Raises:
        StoredRulesDifferError: as `current`.
    """
    rows = policy_rule.c
    same = (rows[name] == value for name, value in zip(RULE_COLUMNS, rule.columns, strict=True))
    holding = set(session.scalars(select(rows.seq).where(rows.seq < seq, *same)))
    while seq - 1 in holding:
        seq -= 1
    at(session, seq)  # its rows are what the zone signed, or this raises
    return seq


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
    key = key_of(session)
    return tuple(
        Version(
            *(row.seq, row.hash, row.created_at, row.author, row.note, row.rules),
            is_ours=_is_ours(row, key),
        )
        for row in rows
    )


def publish(
    tx: Transaction,
    rules: RuleSet,
    *,
    actor: Actor,
    now: datetime,
    note: str,
    after: int | None = None,
) -> str:
    """Put `rules` in force with the transaction's commit; return their hash, 64 digits.

    The note says why, in the author's words, in at most 2000 characters. `after` is the number
    that must be in force still, for rules that were made of those.

    Raises:
        PublishedMeanwhile: another number than `after` is in force; or somebody took the next
            number at the same moment.
        RuleProblems: they would give somebody an office's pages, or an office a service.
        AlreadyInForce: these very rules are in force.
        ValueError: the note is too long.
        StoredRulesDifferError: the rules now in force were tampered with; look into that first.
    """
    separation.check(rules)
    if len(note) > MAX_NOTE:
        raise ValueError(f"the note has more than {MAX_NOTE} characters")
    if after is not None:  # whoever comes second waits here, and then sees what the first did
        mine = select(policy_version.c.seq).where(policy_version.c.seq == after)
        tx.session.execute(mine.with_for_update())
    old = current(tx.session)
    if old is not None and old.hash == rules.hash:
        raise AlreadyInForce(rules.hash)
    seq = (tx.session.scalar(select(func.max(policy_version.c.seq))) or 0) + 1
    if after is not None and seq != after + 1:
        raise PublishedMeanwhile(seq - 1)
    stated = Statement(seq=seq, hash=rules.hash, created_at=now, author=actor.subject, note=note)
    take_number(tx.session, stated)
    store(tx.session, seq, rules)
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


def sign_older(tx: Transaction) -> int:
    """Sign what was published before there were signatures; return how many versions.

    For the one moment at which the schema learns of them: what bears no signature later was
    not published by the program.
    """
    unsigned = select(policy_version).where(policy_version.c.signature.is_(None))
    rows = tx.session.execute(unsigned).all()
    for row in rows:
        load(tx.session, row.seq, row.hash)  # what was tampered with already is not vouched for
        tx.session.execute(
            update(policy_version)
            .where(policy_version.c.seq == row.seq)
            .values(signature=key_of(tx.session).sign(_statement(row)))
        )
    return len(rows)


def _signed(session: Session, seq: int) -> Row[Any] | None:
    row = session.execute(select(policy_version).where(policy_version.c.seq == seq)).first()
    if row is not None and not _is_ours(row, key_of(session)):
        raise StoredRulesDifferError(f"version {seq} is not signed by this zone's key")
    return row


def _statement(row: Row[Any]) -> Statement:
    return Statement(
        seq=row.seq,
        hash=row.hash,
        created_at=row.created_at,
        author=row.author,
        note=row.note,
    )


def _is_ours(row: Row[Any], key: VersionKey) -> bool:
    return key.verifies(_statement(row), row.signature)
