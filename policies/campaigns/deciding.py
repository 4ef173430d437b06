"""The steps of a review campaign that has its rows: decided, closed, withdrawn, overdue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies import versions
from policies.campaigns.campaigns import (
    Campaign,
    Line,
    State,
    Stopped,
    Verdict,
    Why,
    lines,
    locked,
    record,
    up_to_date,
)
from policies.campaigns.shortening import changed, shortened
from policies.change.texts import Document
from policies.dossier import drafting
from policies.dossier.drafting import Terms as ChangeTerms
from policies.rules import RuleSet
from policies.tables_campaign import policy_campaign, policy_campaign_row

MAX_REASON: Final = 2000
SHORTEST_REASON: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody decides on some rows. `until` is the end of rules that are shortened."""

    numbers: frozenset[int]
    verdict: Verdict
    reason: str
    until: datetime | None = None


def decide(
    tx: Transaction,
    ref: str,
    answer: Answer,
    *,
    actor: Actor,
    now: datetime,
    may: Callable[[Line], bool],
) -> None:
    """Write down what somebody decides on some rows; later answers take the place of earlier.

    `may` tells whether the person decides on a row. All rows or none.

    Raises:
        Stopped: gathering, no_reason, not_yours, own, unknown, until, wrong_state.
    """
    locked(tx.session, ref, State.OPEN)
    reason = answer.reason.strip()
    if not SHORTEST_REASON <= len(reason) <= MAX_REASON:
        raise Stopped(Why.NO_REASON)
    there = {each.number: each for each in up_to_date(tx.session, lines(tx.session, ref))}
    if not answer.numbers or not answer.numbers <= there.keys():
        raise Stopped(Why.UNKNOWN)
    chosen = [there[number] for number in sorted(answer.numbers)]
    for line in chosen:
        _check(line, answer, actor=actor, now=now, may=may)
    _keep_seen(tx.session, ref, chosen)
    is_shortened = answer.verdict is Verdict.SHORTEN
    row = policy_campaign_row.c
    tx.session.execute(
        update(policy_campaign_row)
        .where(row.campaign == ref, row.number.in_(answer.numbers))
        .values(
            verdict=answer.verdict, until=answer.until if is_shortened else None, reason=reason,
            decided_by=actor.subject, decided_at=now,
        )
    )  # fmt: skip
    details: dict[str, Any] = {
        "verdict": str(answer.verdict),
        "rules": [each.rule for each in chosen],
    }
    if is_shortened and answer.until is not None:
        details["until"] = answer.until.isoformat()
    record(tx, "decided", ref, actor, now, details, reason=reason)


def close(
    tx: Transaction, ref: str, *, actor: Actor, now: datetime, leaves_undecided: bool = False
) -> str:
    """Close a campaign; what is to go becomes a change that two people make. Return its id.

    Empty if nothing is to change. A rule that was taken out or changed meanwhile is passed
    over. Rows nobody decided stay as they are, if `leaves_undecided` says so.

    Raises:
        Stopped: gathering, undecided, wrong_state; used_since, if a rule is to go that nobody had
            used when it was decided on, and somebody has since.
    """
    campaign = locked(tx.session, ref, State.OPEN)
    there = lines(tx.session, ref)
    if used := _used_since(tx.session, campaign, there):
        raise Stopped(Why.USED_SINCE, ", ".join(str(each.number) for each in used))
    undecided = sum(not each.verdict for each in there)
    if undecided and not leaves_undecided:
        raise Stopped(Why.UNDECIDED, str(undecided))
    rules = versions.current(tx.session) or RuleSet()
    after = changed(rules, there, now)
    dossier = "" if after == rules else _draft(tx, campaign, after, actor, now)
    values = {"state": State.CLOSED, "closed_at": now, "closed_by": actor.subject}
    tx.session.execute(
        update(policy_campaign).where(policy_campaign.c.id == ref).values(**values, dossier=dossier)
    )
    counts = {str(kind): sum(each.verdict == kind for each in there) for kind in Verdict}
    details = {**counts, "undecided": undecided, "change": dossier}
    record(tx, "closed", ref, actor, now, details)
    return dossier


def withdraw(tx: Transaction, ref: str, *, actor: Actor, now: datetime, reason: str) -> None:
    """End a campaign of which nothing comes. Raises Stopped (no_reason, wrong_state)."""
    if not SHORTEST_REASON <= len(reason.strip()) <= MAX_REASON:
        raise Stopped(Why.NO_REASON)
    locked(tx.session, ref, State.OPEN, State.GATHERING)
    values = {"state": State.WITHDRAWN, "closed_at": now, "closed_by": actor.subject}
    tx.session.execute(update(policy_campaign).where(policy_campaign.c.id == ref).values(**values))
    record(tx, "withdrawn", ref, actor, now, {}, reason=reason.strip())


def overdue(session: Session, now: datetime) -> Sequence[str]:
    """Return the open campaigns whose day is over and of whom nobody was told so."""
    campaign = policy_campaign.c
    late = (campaign.state == State.OPEN, campaign.due_at <= now, campaign.warned_at.is_(None))
    return list(session.scalars(select(campaign.id).where(*late)))


def warn(tx: Transaction, ref: str, *, actor: Actor, now: datetime) -> Campaign | None:
    """Note that a campaign is overdue; None if another process has, or it ended meanwhile."""
    try:
        campaign = locked(tx.session, ref, State.OPEN)
    except Stopped:
        return None
    if campaign.warned_at is not None:
        return None
    own = policy_campaign.c.id == ref
    tx.session.execute(update(policy_campaign).where(own).values(warned_at=now))
    left = sum(not each.verdict for each in lines(tx.session, ref))
    record(tx, "overdue", ref, actor, now, {"undecided": left})
    return campaign


def reviewing_units(there: Collection[Line]) -> frozenset[str]:
    """Return the units whose service owners are asked."""
    return frozenset(each.unit for each in there if each.unit)


def _check(
    line: Line, answer: Answer, *, actor: Actor, now: datetime, may: Callable[[Line], bool]
) -> None:
    if not may(line):
        raise Stopped(Why.NOT_YOURS, line.rule)
    if actor.subject == line.parsed.sub and answer.verdict is not Verdict.REMOVE:
        raise Stopped(Why.OWN, line.rule)
    if answer.verdict is not Verdict.SHORTEN:
        return
    if answer.until is None or answer.until <= now:
        raise Stopped(Why.UNTIL, line.rule)
    try:
        shortened(line.parsed.win, answer.until, now)
    except ValueError:
        raise Stopped(Why.UNTIL, line.rule) from None


def _keep_seen(session: Session, ref: str, chosen: Collection[Line]) -> None:
    """Keep with rows what was known of their last use when they were decided on."""
    row = policy_campaign_row.c
    for line in chosen:
        own = (row.campaign == ref, row.number == line.number)
        session.execute(update(policy_campaign_row).where(*own).values(last_used=line.last_used))


def _used_since(session: Session, campaign: Campaign, there: Collection[Line]) -> Sequence[Line]:
    """Return the rows that are to go as unused, and were used after somebody said so."""
    to_go = [
        each
        for each in there
        if each.verdict == Verdict.REMOVE and not each.uses and not each.is_used_since(campaign)
    ]
    return [each for each in up_to_date(session, to_go) if each.is_used_since(campaign)]


def _draft(tx: Transaction, campaign: Campaign, after: RuleSet, actor: Actor, now: datetime) -> str:
    why = f"规则复核 · review of the rules {campaign.id[:8]}: {campaign.title}"
    terms = ChangeTerms(title=campaign.title, why=why, most_people=0)
    return drafting.begin(tx, terms, actor=actor, now=now, text=Document(after).text())
