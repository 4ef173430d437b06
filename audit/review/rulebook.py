"""The rules in force: those that are shipped, and every later version of each.

The text is the rule. A version is never changed or removed; the newest one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from audit.ledger import Transaction
from audit.record import Actor, Json
from audit.review.rule import Rule
from audit.review.rule_node import BadRule
from audit.review.rule_text import read
from audit.review.tables import review_rule

SHIPPED = Path(__file__).resolve().parent.parent / "rules"
MIN_WHY, MAX_WHY = 5, 500
MOST_RULES = 200


class RuleMoved(Exception):
    """Somebody else changed the rule since it was opened."""


class RuleUnknown(LookupError):
    """There is no rule of that name, or no such version."""


class ReasonNeeded(ValueError):
    """A change of the rules gives a reason of 5 to 500 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One version of a rule as it is kept. Version 0 is the one that Hangu ships.

    `rule` is None if its text cannot be read any more, e.g. for an event that is gone.
    """

    name: str
    version: int
    text: str
    is_on: bool
    why: str = ""
    at: datetime | None = None
    by: str = ""

    @property
    def rule(self) -> Rule | None:
        """The rule, ready to run."""
        try:
            return _read(self.text)
        except BadRule:
            return None


_read = lru_cache(maxsize=512)(read)


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Kept]:
    """The rules that Hangu ships, by name; all of them are switched on."""
    found = {}
    for path in sorted(SHIPPED.glob("*.yml")):
        text = path.read_text("utf-8")
        name = read(text).name
        found[name] = Kept(name=name, version=0, text=text, is_on=True)
    return found


def current(connection: Connection) -> Sequence[Kept]:
    """The newest version of every rule, by name."""
    column = review_rule.c
    newest = select(column.name, func.max(column.version).label("version")).group_by(column.name)
    top = newest.subquery()
    query = select(review_rule).join(
        top, (column.name == top.c.name) & (column.version == top.c.version)
    )
    kept = {row.name: _kept(row) for row in connection.execute(query)}
    return [each for _, each in sorted({**shipped(), **kept}.items())]


def versions(connection: Connection, name: str) -> Sequence[Kept]:
    """Every version of a rule, newest first. Raises RuleUnknown."""
    column = review_rule.c
    query = select(review_rule).where(column.name == name).order_by(column.version.desc())
    found = [_kept(row) for row in connection.execute(query)]
    if name in shipped():
        found.append(shipped()[name])
    if not found:
        raise RuleUnknown(name)
    return found


def as_of(connection: Connection, name: str, version: int) -> Rule | None:
    """A version of a rule, ready to be read; None if it is gone, or cannot be read any more."""
    try:
        kept = versions(connection, name)
    except RuleUnknown:
        return None
    return next((each.rule for each in kept if each.version == version), None)


def change(
    tx: Transaction,
    text: str,
    *,
    name: str | None,
    is_on: bool,
    over: int | None,
    why: str,
    actor: Actor,
    now: datetime,
) -> Kept:
    """Keep a new version of a rule, or a new rule; return it.

    Args:
        tx: the transaction.
        text: the whole rule.
        name: the rule that is changed, whose name stays; None for a new one.
        is_on: whether it runs.
        over: the version that was opened for the change; None for a new rule.
        why: the reason, 5 to 500 characters. It stays in the log.
        actor: who changes it.
        now: the present.

    Raises:
        BadRule: the text cannot be read, or names another rule.
        RuleMoved: `over` is not the newest version.
        ReasonNeeded.
    """
    why = " ".join(why.split())
    if not MIN_WHY <= len(why) <= MAX_WHY:
        raise ReasonNeeded(why)
    rule = read(text)
    if name is not None and rule.name != name:
        raise BadRule("renamed", rule.name)
    connection = tx.session.connection()
    before = {each.name: each for each in current(connection)}.get(rule.name)
    if (None if before is None else before.version) != over:
        raise RuleMoved(rule.name)
    if before is None and len(current(connection)) >= MOST_RULES:
        raise BadRule("many", str(MOST_RULES))
    made = Kept(
        name=rule.name,
        version=1 if over is None else over + 1,
        text=text,
        is_on=is_on,
        why=why,
        at=now,
        by=actor.subject,
    )
    try:
        connection.execute(insert(review_rule).values(**_row(made)))
    except IntegrityError:
        raise RuleMoved(rule.name) from None
    event = "review.rule_changed"
    if before is not None and before.text == text:
        event = "review.rule_on" if is_on else "review.rule_off"
    details: dict[str, Json] = {
        "version": made.version,
        "on": is_on,
        "why": why,
        "before": {} if before is None else {"on": before.is_on, "text": before.text},
        "after": {"on": is_on, "text": text},
    }
    tx.record(event, actor=actor, now=now, object=f"rule:{rule.name}", details=details)
    return made


def _kept(row: Row[Any]) -> Kept:
    return Kept(**row._mapping)  # noqa: SLF001 - its public name


def _row(kept: Kept) -> dict[str, Any]:
    fields = ("name", "version", "text", "is_on", "why", "at", "by")
    return {name: getattr(kept, name) for name in fields}
