"""Writing a change: opening, saving, taking over what was published meanwhile, withdrawing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies import versions
from policies.change.texts import Document, line_of, read, rows_of
from policies.dossier.dossiers import (
    OPEN,
    Dossier,
    State,
    Stopped,
    Why,
    change,
    locked,
    note,
    void,
)
from policies.dossier.dossiers import require as required
from policies.problems import RuleProblems
from policies.reading import Row
from policies.rule import Rule
from policies.rules import RuleSet
from policies.tables_dossier import policy_dossier

MAX_TITLE: Final = 200
MAX_REASON: Final = 2000
SHORTEST_REASON: Final = 2
CONFIRM_MINUTES: Final = 10
"""For how long a version is on trial, unless its author says otherwise."""
LONGEST_TRIAL: Final = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the author declares. Checked by `checked`.

    `most_people` is how many may gain anything; more keeps the change from being approved.
    """

    title: str
    why: str
    most_people: int
    publish_at: datetime | None = None
    confirm_minutes: int = CONFIRM_MINUTES

    def checked(self) -> Terms:
        """Return the terms with tidy spaces. Raises Stopped (terms) with the fields' names."""
        if wrong := self.wrong():
            raise Stopped(Why.TERMS, " ".join(wrong))
        return replace(self, title=self._title, why=self.why.strip())

    def wrong(self) -> Sequence[str]:
        """Return the names of all fields that say what cannot be."""
        checks = {
            "title": 0 < len(self._title) <= MAX_TITLE and self._title.isprintable(),
            "why": SHORTEST_REASON <= len(self.why.strip()) <= MAX_REASON,
            "most_people": 0 <= self.most_people <= 1_000_000,  # noqa: PLR2004 - a million
            "confirm_minutes": 1 <= self.confirm_minutes <= LONGEST_TRIAL,
        }
        return [name for name, holds in checks.items() if not holds]

    @property
    def _title(self) -> str:
        return " ".join(self.title.split())


@dataclass(frozen=True, slots=True)
class Conflict:
    """The rows of one place: as the draft has them, and as they were published meanwhile."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def begin(
    tx: Transaction, terms: Terms, *, actor: Actor, now: datetime, text: str | None = None
) -> str:
    """Open a change on the rules in force, or with a text of its own; return its id, 32 digits."""
    terms = terms.checked()
    newest = versions.newest(tx.session)
    base = 0 if newest is None else newest.seq
    if text is None:
        rules = versions.at(tx.session, base)
        text = Document(rules or RuleSet()).text()
    ref = secrets.token_hex(16)
    tx.session.execute(
        insert(policy_dossier).values(
            id=ref, state=State.DRAFT, title=terms.title, why=terms.why, author=actor.subject,
            base_seq=base, text=text, edit=1, most_people=terms.most_people,
            publish_at=terms.publish_at, confirm_minutes=terms.confirm_minutes, opened_at=now,
            changed_at=now, approver="", ended_why="",
        )
    )  # fmt: skip
    note(tx, ref, "opened", actor=actor, now=now, edit=1)
    tx.record(
        "policy.change_opened",
        actor=actor,
        now=now,
        object=f"policy-change:{ref}",
        details={"title": terms.title, "base": base},
    )
    return ref


def save(
    tx: Transaction,
    ref: str,
    *,
    edit: int,
    actor: Actor,
    now: datetime,
    text: str | None = None,
    terms: Terms | None = None,
) -> int:
    """Save a draft or its terms; whatever was approved is approved no longer. Return the edit.

    `edit` is the one that was shown: who saves over somebody else's draft is stopped. A text
    that is the draft's own already is no edit, and voids nothing.

    Raises:
        Stopped: edited, terms, unknown, wrong_state.
    """
    found = locked(tx.session, ref)
    required(found, *OPEN, edit=edit)
    if terms is None and text == found.text:
        return edit
    values: dict[str, object] = {"edit": edit + 1, "state": State.DRAFT, "approver": ""}
    values |= {"approval": None, "approved_at": None}
    if text is not None:
        values["text"] = text
    if terms is not None:
        terms = terms.checked()
        values |= {
            "title": terms.title, "why": terms.why, "most_people": terms.most_people,
            "publish_at": terms.publish_at, "confirm_minutes": terms.confirm_minutes,
        }  # fmt: skip
    change(tx, found, "edited", values, actor=actor, now=now)
    void(tx, found, actor=actor, now=now, edit=edit + 1)
    return edit + 1


def withdraw(tx: Transaction, ref: str, *, actor: Actor, now: datetime, reason: str) -> None:
    """End a change that was not published. Raises Stopped."""
    found = locked(tx.session, ref)
    required(found, *OPEN)
    ended = {"state": State.WITHDRAWN, "ended_at": now, "ended_why": "withdrawn"}
    change(tx, found, "withdrawn", ended, actor=actor, now=now, reason=reasoned(reason))


def conflicts(session: Session, found: Dossier) -> Sequence[Conflict]:
    """Return the places that the draft and what was published meanwhile changed, each otherwise."""
    base, ours, theirs = _three(session, found)
    both = {_spot(row) for row in ours ^ base} & {_spot(row) for row in theirs ^ base}
    mine, other = _at(both, ours), _at(both, theirs)
    return [
        Conflict(mine.get(spot, ()), other.get(spot, ()))
        for spot in sorted(both)
        if mine.get(spot) != other.get(spot)
    ]


def rebase(tx: Transaction, ref: str, *, edit: int, actor: Actor, now: datetime) -> int:
    """Take over what was published since the draft began; the draft's own changes stay.

    Where both touched the same place both stand in the new draft; `conflicts` names these
    places beforehand. The approval is void in any case. Raises Stopped.
    """
    found = locked(tx.session, ref)
    required(found, *OPEN, edit=edit)
    base, ours, theirs = _three(tx.session, found)
    newest = versions.newest(tx.session)
    rows = (theirs - (base - ours)) | (ours - base)
    old = read(found.text).document or Document()
    try:
        text = replace(old, rules=RuleSet.of(sorted(rows, key=line_of))).text()
    except RuleProblems as problems:
        raise Stopped(Why.UNREADABLE, str(problems)) from None
    values = {"base_seq": 0 if newest is None else newest.seq, "text": text, "edit": edit + 1}
    values |= {"state": State.DRAFT, "approver": "", "approval": None, "approved_at": None}
    change(tx, found, "rebased", values, actor=actor, now=now)
    void(tx, found, actor=actor, now=now, edit=edit + 1)
    return edit + 1


def is_behind(session: Session, found: Dossier) -> bool:
    """Tell whether another version was published since the draft began."""
    newest = versions.stated(session)
    return (0 if newest is None else newest.seq) != found.base_seq


def reasoned(text: str) -> str:
    """Return a reason of 2 to 2000 characters. Raises Stopped (no_reason)."""
    text = text.strip()
    if not SHORTEST_REASON <= len(text) <= MAX_REASON:
        raise Stopped(Why.NO_REASON)
    return text


def rules_of(found: Dossier) -> RuleSet:
    """Return the rules of a draft. Raises Stopped (unreadable)."""
    document = read(found.text).document
    if document is None:
        raise Stopped(Why.UNREADABLE)
    return document.rules


def _three(session: Session, found: Dossier) -> tuple[set[Row], set[Row], set[Row]]:
    base = versions.at(session, found.base_seq) or RuleSet()
    theirs = versions.current(session) or RuleSet()
    return set(rows_of(base)), set(rows_of(rules_of(found))), set(rows_of(theirs))


def _spot(row: Row) -> str:
    """What a row is about: of a rule, for whom and where."""
    return f"{row.sub}, {row.zone}, {row.obj}" if isinstance(row, Rule) else line_of(row)


def _at(spots: set[str], rows: set[Row]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        if (spot := _spot(row)) in spots:
            found.setdefault(spot, []).append(line_of(row))
    return {spot: tuple(sorted(lines)) for spot, lines in found.items()}
