"""A change of the rules as a value: where it stands, whose it is, what was done with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies.stopping import StoppedFor
from policies.tables_dossier import policy_dossier, policy_dossier_step, policy_examination


class State(StrEnum):
    """How far a change is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    TRIAL = "trial"
    """Published, and rolled back by itself unless somebody confirms it."""
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"


OPEN: Final = frozenset({State.DRAFT, State.SUBMITTED, State.APPROVED})
"""In these a change may still be edited or withdrawn."""


class Why(StrEnum):
    """Why a step is not taken. Stable codes; the pages turn them into words."""

    APPROVER_BENEFITS = "approver_benefits"
    AUTHOR_APPROVES = "author_approves"
    AUTHOR_BENEFITS = "author_benefits"
    BEYOND = "beyond"
    """It gives what the author may not administer."""
    BLOCKED = "blocked"
    CLOCK_WENT_BACK = "clock_went_back"
    EDITED = "edited"
    """Somebody saved a newer draft meanwhile."""
    NO_REASON = "no_reason"
    NOT_APPROVED = "not_approved"
    """It never was, or an edit made the approval void."""
    NOT_EXAMINED = "not_examined"
    NOT_FRESH_SESSION = "not_fresh_session"
    PEOPLE_MOVED = "people_moved"
    """Somebody came, went or moved between the last look at the people and the commit."""
    PUBLISHED = "published"
    """It was put in force before."""
    REBASE = "rebase"
    """Another version was published meanwhile."""
    STALE = "stale"
    """What was shown is no longer what there is: draft, effect or approval."""
    TERMS = "terms"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    TRIAL_RUNS = "trial_runs"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    WRONG_STATE = "wrong_state"


class Stopped(StoppedFor[Why]):
    """A step of a change that is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One change. The attributes are the columns of `policy_dossier`."""

    id: str
    state: State
    title: str
    why: str
    author: str
    base_seq: int
    text: str
    edit: int
    most_people: int
    publish_at: datetime | None
    confirm_minutes: int
    opened_at: datetime
    changed_at: datetime
    approver: str
    approved_at: datetime | None
    approval: bytes | None
    seq: int | None
    published_at: datetime | None
    confirm_by: datetime | None
    seen_at: datetime | None
    ended_at: datetime | None
    ended_why: str

    @property
    def is_open(self) -> bool:
        """Whether it may still be edited."""
        return self.state in OPEN

    @property
    def text_hash(self) -> str:
        """SHA-256 of the draft as it was typed."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What somebody did with a change, and why."""

    number: int
    at: datetime
    actor: str
    what: str
    reason: str
    edit: int
    text: str | None


def runs(story: Iterable[Step]) -> Iterator[tuple[Step, int]]:
    """Return each step and how many times in a row it was taken.

    Edits by one person with nothing between are one run, for which its last one stands; every
    other step stands for itself.
    """

    def run(each: Step) -> tuple[str, str, int]:
        return each.what, each.actor, 0 if each.what == "edited" else each.number

    for _, found in groupby(story, run):
        *before, last = found
        yield last, len(before) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a draft would do, or how far the looking has come.

    `effect` is empty while it runs, or if `trouble` says why it ended.
    """

    edit: int
    done: int
    total: int
    beat_at: datetime
    trouble: str
    effect: Mapping[str, Any]
    hash: str

    @property
    def is_done(self) -> bool:
        """Whether the effect is there."""
        return bool(self.effect)

    @property
    def blockers(self) -> Sequence[str]:
        """What keeps the draft from being approved."""
        return list(self.effect.get("blockers", ()))


def find(session: Session, ref: str) -> Dossier:
    """Return a change. Raises Stopped (unknown)."""
    return _dossier(session.execute(_one(ref)).first())


def locked(session: Session, ref: str) -> Dossier:
    """Return a change that nobody else may step with until the transaction ends."""
    return _dossier(session.execute(_one(ref).with_for_update()).first())


def listed(session: Session) -> Sequence[Dossier]:
    """Return all changes, those last touched first."""
    ordered = select(policy_dossier).order_by(policy_dossier.c.changed_at.desc())
    return [_dossier(row) for row in session.execute(ordered)]


def in_state(session: Session, state: State) -> Sequence[Dossier]:
    """Return the changes of one state, the oldest first."""
    chosen = select(policy_dossier).where(policy_dossier.c.state == state)
    return [_dossier(row) for row in session.execute(chosen.order_by(policy_dossier.c.opened_at))]


def published_as(session: Session, seq: int) -> str | None:
    """Return the id of the change that a version was published by, if any."""
    columns = policy_dossier.c
    return session.scalar(select(columns.id).where(columns.seq == seq))


def steps(session: Session, ref: str) -> Sequence[Step]:
    """Return what was done with a change, in order."""
    step = policy_dossier_step.c
    rows = session.execute(select(policy_dossier_step).where(step.dossier == ref))
    found = [Step(**{k: v for k, v in row._asdict().items() if k != "dossier"}) for row in rows]
    return sorted(found, key=lambda each: each.number)


def writers(session: Session, found: Dossier) -> frozenset[str]:
    """Return everybody whose hand is in a draft: who opened it, and whoever edited it since."""
    step = policy_dossier_step.c
    wrote = select(step.actor).where(step.dossier == found.id, step.what.in_(_WRITING))
    return frozenset({found.author, *session.scalars(wrote)})


def examination(session: Session, ref: str) -> Examination | None:
    """Return what was found out of a change's newest examined draft."""
    own = policy_examination.c.dossier == ref
    row = session.execute(select(policy_examination).where(own)).first()
    if row is None:
        return None
    values = {key: value for key, value in row._asdict().items() if key != "dossier"}
    values["effect"] = json.loads(row.effect) if row.effect else {}
    return Examination(**values)


def change(
    tx: Transaction,
    before: Dossier,
    what: str,
    values: Mapping[str, object],
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    keep_text: bool = False,
) -> None:
    """Write a step down: the row's new values, the step itself, and the record of both."""
    own = policy_dossier.c.id == before.id
    tx.session.execute(update(policy_dossier).where(own).values(changed_at=now, **values))
    note(tx, before.id, what, actor=actor, now=now, reason=reason,
         edit=int(str(values.get("edit", before.edit))),
         text=before.text if keep_text else None)  # fmt: skip
    outcome = {key: str(value) for key, value in values.items() if key in _RECORDED}
    tx.record(
        f"policy.change_{what}",
        actor=actor,
        now=now,
        object=f"policy-change:{before.id}",
        reason=reason or None,
        details={"title": before.title, "was": str(before.state), **outcome},
    )


def note(
    tx: Transaction,
    ref: str,
    what: str,
    *,
    actor: Actor,
    now: datetime,
    edit: int,
    reason: str = "",
    text: str | None = None,
) -> None:
    """Add a step to a change's story."""
    step = policy_dossier_step.c
    last = select(func.max(step.number)).where(step.dossier == ref)
    tx.session.execute(
        insert(policy_dossier_step).values(
            dossier=ref, number=(tx.session.scalar(last) or 0) + 1, at=now, actor=actor.subject,
            what=what, reason=reason, edit=edit, text=text,
        )
    )  # fmt: skip


def void(tx: Transaction, before: Dossier, *, actor: Actor, now: datetime, edit: int) -> None:
    """Add to the story that an edit took back the approval, or the request for it, if any."""
    what = _VOIDED.get(before.state)
    if what is not None:
        note(tx, before.id, what, actor=actor, now=now, edit=edit)


def require(found: Dossier, *states: State, edit: int | None = None) -> None:
    """Refuse a step from another state, or on an older draft than there is."""
    if found.state not in states:
        raise Stopped(Why.WRONG_STATE, found.state)
    if edit is not None and edit != found.edit:
        raise Stopped(Why.EDITED, f"{edit} is not {found.edit}")


VOIDED: Final = "approval_void"
"""The step of an edit that took an approval back."""
_VOIDED: Final = {State.SUBMITTED: "request_void", State.APPROVED: VOIDED}
_WRITING: Final = ("opened", "edited", "rebased")
_RECORDED: Final = frozenset({"state", "edit", "seq", "publish_at", "confirm_by", "ended_why"})


def _one(ref: str) -> Select[Any]:
    return select(policy_dossier).where(policy_dossier.c.id == ref)


def _dossier(row: Row[Any] | None) -> Dossier:
    if row is None:
        raise Stopped(Why.UNKNOWN)
    return Dossier(**{**row._asdict(), "state": State(row.state)})
