"""Putting an approved change in force, on trial: confirmed in time, or rolled back by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies import versions
from policies.change.texts import line_of, rows_of
from policies.dossier.approving import approved
from policies.dossier.dossiers import (
    Dossier,
    State,
    Stopped,
    Why,
    change,
    in_state,
    locked,
    note,
    require,
    steps,
)
from policies.dossier.drafting import rules_of
from policies.problems import RuleProblems
from policies.reading import Row
from policies.rules import Rule, RuleSet
from policies.tables_dossier import policy_dossier
from policies.version_rows import PublishedMeanwhile
from policies.versions import MAX_NOTE, AlreadyInForce

_TAKEN_OUT: Final = "service_taken_out"
"""The step that names a service whose rules a trial does not bring back."""
TOLERANCE: Final = timedelta(seconds=5)
"""By so much the clocks of two workers may differ."""


def publish(tx: Transaction, checked: Dossier, *, actor: Actor, now: datetime) -> RuleSet:
    """Put an approved change in force with the transaction's commit; return its rules.

    The caller has held `checked` against the people as they are now, and moves the zone's
    epoch; what was edited and approved anew since then was not held against them. Of
    two publications at once the later commit fails: they cannot take the same number.

    Raises:
        Stopped: not_approved, published, rebase, stale, too_early, trial_runs, wrong_state.
    """
    found = locked(tx.session, checked.id)
    approved(tx.session, found)
    if found.approval != checked.approval:  # it signs the edit, its text and the moment
        raise Stopped(Why.STALE, "approved anew meanwhile")
    if found.publish_at is not None and now < found.publish_at:
        raise Stopped(Why.TOO_EARLY)
    if in_state(tx.session, State.TRIAL):
        raise Stopped(Why.TRIAL_RUNS)
    rules = rules_of(found)
    said = f"{found.title} ({found.id[:8]})"[:MAX_NOTE]
    with _alone():
        versions.publish(tx, rules, actor=actor, now=now, note=said, after=found.base_seq)
    values = {
        "state": State.TRIAL, "seq": found.base_seq + 1, "published_at": now, "seen_at": now,
        "confirm_by": now + timedelta(minutes=found.confirm_minutes),
    }  # fmt: skip
    change(tx, found, "published", values, actor=actor, now=now)
    return rules


def confirm(tx: Transaction, ref: str, *, actor: Actor, now: datetime, signed_in: datetime) -> None:
    """Keep a version on trial.

    `signed_in` is when the session began: who could sign in before the change has proved
    nothing about signing in after it.

    Raises:
        Stopped: not_fresh_session, too_late, clock_went_back, wrong_state.
    """
    found = locked(tx.session, ref)
    require(found, State.TRIAL)
    if went_back(found, now):
        raise Stopped(Why.CLOCK_WENT_BACK)
    if found.confirm_by is None or now >= found.confirm_by:
        raise Stopped(Why.TOO_LATE)
    if found.published_at is None or signed_in < found.published_at:
        raise Stopped(Why.NOT_FRESH_SESSION)
    if is_not_in_force(tx, found):
        raise Stopped(Why.STALE, "another version is in force")
    values = {"state": State.CONFIRMED, "ended_at": now, "ended_why": "confirmed"}
    change(tx, found, "confirmed", values, actor=actor, now=now)


def roll_back(tx: Transaction, ref: str, *, actor: Actor, now: datetime, why: str) -> RuleSet:
    """Return to the rules from before a trial; return them. One person's act, or nobody's.

    What was published over the trial (a service was taken out with its rules) stays: of it is
    undone what the trial changed. Else any such act would keep a trial that nobody confirmed.
    If both together are no rules (a circle of categories), the way back comes first, and what
    was published over the trial goes with it. The rules of services that were taken out
    meanwhile do not come back in any case.

    Raises:
        Stopped: rebase, wrong_state.
    """
    found = locked(tx.session, ref)
    require(found, State.TRIAL)
    rules = _undone(tx.session, found)
    with _alone(), suppress(AlreadyInForce):
        said = f"return to version {found.base_seq}: {why}"
        versions.publish(tx, rules, actor=actor, now=now, note=said)
    values = {"state": State.ROLLED_BACK, "ended_at": now, "ended_why": why}
    change(tx, found, "rolled_back", values, actor=actor, now=now, reason=why)
    return rules


def take_out(tx: Transaction, slug: str, *, actor: Actor, now: datetime) -> None:
    """Have no trial that runs bring back the rules of a service that is taken out for good.

    Else a service added later under its name would be open to whom nobody let in.
    """
    for each in in_state(tx.session, State.TRIAL):
        if locked(tx.session, each.id).state is State.TRIAL:
            note(tx, each.id, _TAKEN_OUT, actor=actor, now=now, edit=each.edit, reason=slug)


def _undone(session: Session, found: Dossier) -> RuleSet:
    """Return the rules in force without what a trial changed in those before it."""
    gone = {each.reason for each in steps(session, found.id) if each.what == _TAKEN_OUT}
    before, tried = (
        versions.at(session, seq) or RuleSet() for seq in (found.base_seq, found.seq or 0)
    )
    back = [row for row in rows_of(before) if not _is_about(row, gone)]
    here = versions.current(session) or RuleSet()
    if here.hash != tried.hash:
        old, new = set(rows_of(before)), set(rows_of(tried))
        kept = (set(rows_of(here)) - (new - old)) | (old - new).intersection(back)
        with suppress(RuleProblems):
            return RuleSet.of(sorted(kept, key=line_of))
    return RuleSet.of(back)


def _is_about(row: Row, services: Iterable[str]) -> bool:
    return isinstance(row, Rule) and any(row.is_about(slug) for slug in services)


def is_not_in_force(tx: Transaction, found: Dossier) -> bool:
    """Tell whether another version has taken the place of this one."""
    newest = versions.stated(tx.session)
    return newest is None or newest.seq != found.seq


def went_back(found: Dossier, now: datetime) -> bool:
    """Tell whether the clock shows less than the trial has seen already."""
    return found.seen_at is not None and now < found.seen_at - TOLERANCE


def ended_by_itself(found: Dossier, now: datetime) -> str:
    """Return why a trial ends without anybody's act; empty while it goes on."""
    if found.state is not State.TRIAL:
        return ""
    if went_back(found, now):
        return "clock_went_back"
    return "not_confirmed" if found.confirm_by is None or now >= found.confirm_by else ""


def see(session: Session, found: Dossier, now: datetime) -> None:
    """Keep the latest moment that a trial has seen, so that a clock set back is noticed."""
    own = (policy_dossier.c.id == found.id) & (policy_dossier.c.seen_at < now)
    session.execute(update(policy_dossier).where(own).values(seen_at=now))


def is_due(found: Dossier, now: datetime) -> bool:
    """Tell whether a timed publication's moment has come."""
    at = found.publish_at
    return found.state is State.APPROVED and at is not None and now >= at


@contextmanager
def _alone() -> Iterator[None]:
    try:
        yield
    except PublishedMeanwhile as other:
        raise Stopped(Why.REBASE, str(other)) from other
