"""The steps of a review campaign: begun, filled with what the log says, decided, closed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies import versions
from policies.campaigns.campaigns import (
    Campaign,
    Line,
    Reviewers,
    State,
    Stopped,
    Terms,
    Verdict,
    Why,
    lies_in,
    lines,
    locked,
)
from policies.campaigns.leaning import Lean, Leaning
from policies.campaigns.shortening import changed, shortened
from policies.change.texts import Document
from policies.dossier import drafting
from policies.dossier.drafting import Terms as ChangeTerms
from policies.pairs import parts
from policies.rules import Rule, RuleSet
from policies.tables_campaign import policy_campaign, policy_campaign_row
from policies.uses import Use, ages
from policies.vocabulary import is_unit

MAX_REASON: Final = 2000
SHORTEST_REASON: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody decides on some rows. `until` is the end of rules that are shortened."""

    numbers: frozenset[int]
    verdict: Verdict
    reason: str
    until: datetime | None = None


def begin(tx: Transaction, terms: Terms, *, actor: Actor, now: datetime, total: int) -> str:
    """Begin a campaign over the rules in force; return its id, 32 digits.

    `total` is how many entries of the log will be read. Raises Stopped (terms, nothing).
    """
    terms.checked(now)
    rules = versions.current(tx.session) or RuleSet()
    newest = versions.newest(tx.session)
    if newest is None or not any(lies_in(rule, terms.scope) for rule in rules.rules):
        raise Stopped(Why.NOTHING)
    ref = secrets.token_hex(16)
    given = asdict(terms) | {"title": " ".join(terms.title.split())}
    tx.session.execute(
        insert(policy_campaign).values(
            **given, id=ref, state=State.GATHERING, opened_at=now, opened_by=actor.subject,
            seq=newest.seq, asked=0, done=0, total=total, beat_at=now, closed_by="", dossier="",
        )
    )  # fmt: skip
    _record(tx, "opened", ref, actor, now, {
        "title": given["title"], "scope": terms.scope, "reviewers": str(terms.reviewers),
        "days": terms.days, "due_at": terms.due_at.isoformat(),
    })  # fmt: skip
    return ref


def advance(session: Session, ref: str, *, done: int, now: datetime) -> None:
    """Note how far the gathering is."""
    own = policy_campaign.c.id == ref
    session.execute(update(policy_campaign).where(own).values(done=done, beat_at=now))


def fill(
    tx: Transaction,
    ref: str,
    found: Leaning,
    *,
    uses: Mapping[str, Use],
    in_charge: Callable[[str], str],
    actor: Actor,
    now: datetime,
) -> Sequence[Line]:
    """Write down what is asked about each rule, and open the campaign; return its rows.

    `uses` are those since the log began, by the rule's id; `in_charge` gives the unit in charge
    of a service by its slug, empty if there is none.

    Raises:
        Stopped: wrong_state, if another process was quicker.
    """
    campaign = locked(tx.session, ref, State.GATHERING)
    rules = versions.at(tx.session, campaign.seq) or RuleSet()
    chosen = [rule for rule in rules.rules if lies_in(rule, campaign.scope)]
    # Those that nobody used come first: they are what a review is for.
    chosen.sort(key=lambda rule: (found.rules.get(rule.id, Lean()).uses, rule))
    since = ages(tx.session)
    rows = []
    for number, rule in enumerate(chosen, start=1):
        lean = found.rules.get(rule.id, Lean())
        unit = _reviewing_unit(rule, campaign.reviewers, in_charge)
        told = _row(rule, lean, uses.get(rule.id))
        rows.append({**told, "number": number, "unit": unit, "since": since.get(rule.line, now)})
    tx.session.execute(insert(policy_campaign_row), [{"campaign": ref, **row} for row in rows])
    values = {"state": State.OPEN, "asked": found.asked, "done": campaign.total, "beat_at": now}
    tx.session.execute(update(policy_campaign).where(policy_campaign.c.id == ref).values(**values))
    unused = sum(not row["uses"] for row in rows)
    details = {"rules": len(rows), "unused": unused, "asked": found.asked}
    _record(tx, "filled", ref, actor, now, details)
    return lines(tx.session, ref)


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
    there = {each.number: each for each in lines(tx.session, ref)}
    if not answer.numbers or not answer.numbers <= there.keys():
        raise Stopped(Why.UNKNOWN)
    chosen = [there[number] for number in sorted(answer.numbers)]
    for line in chosen:
        _check(line, answer, actor=actor, now=now, may=may)
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
    _record(tx, "decided", ref, actor, now, details, reason=reason)


def close(
    tx: Transaction, ref: str, *, actor: Actor, now: datetime, leaves_undecided: bool = False
) -> str:
    """Close a campaign; what is to go becomes a change that two people make. Return its id.

    Empty if nothing is to change. A rule that was taken out or changed meanwhile is passed
    over. Rows nobody decided stay as they are, if `leaves_undecided` says so.

    Raises:
        Stopped: gathering, undecided, wrong_state.
    """
    campaign = locked(tx.session, ref, State.OPEN)
    there = lines(tx.session, ref)
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
    _record(tx, "closed", ref, actor, now, details)
    return dossier


def withdraw(tx: Transaction, ref: str, *, actor: Actor, now: datetime, reason: str) -> None:
    """End a campaign of which nothing comes. Raises Stopped (no_reason, wrong_state)."""
    if not SHORTEST_REASON <= len(reason.strip()) <= MAX_REASON:
        raise Stopped(Why.NO_REASON)
    locked(tx.session, ref, State.OPEN, State.GATHERING)
    values = {"state": State.WITHDRAWN, "closed_at": now, "closed_by": actor.subject}
    tx.session.execute(update(policy_campaign).where(policy_campaign.c.id == ref).values(**values))
    _record(tx, "withdrawn", ref, actor, now, {}, reason=reason.strip())


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
    _record(tx, "overdue", ref, actor, now, {"undecided": left})
    return campaign


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


def _reviewing_unit(rule: Rule, kind: Reviewers, in_charge: Callable[[str], str]) -> str:
    if kind is Reviewers.SERVICE and rule.obj.startswith("svc:"):
        return in_charge(rule.obj.removeprefix("svc:").partition("/")[0])
    if kind is Reviewers.UNIT:
        return next((part for part in parts(rule.sub) if is_unit(part)), "")
    return ""


def _row(rule: Rule, lean: Lean, use: Use | None) -> dict[str, Any]:
    ever = None if use is None else use.last_used
    return {
        "rule": rule.id,
        "line": rule.line,
        "uses": lean.uses,
        "people": len(lean.people),
        "missed": lean.alone,
        "last_used": max((at for at in (ever, lean.newest) if at is not None), default=None),
        "verdict": "",
        "reason": "",
        "decided_by": "",
    }


def _draft(tx: Transaction, campaign: Campaign, after: RuleSet, actor: Actor, now: datetime) -> str:
    why = f"规则复核 · review of the rules {campaign.id[:8]}: {campaign.title}"
    terms = ChangeTerms(title=campaign.title, why=why, most_people=0)
    return drafting.begin(tx, terms, actor=actor, now=now, text=Document(after).text())


def _record(
    tx: Transaction,
    what: str,
    ref: str,
    actor: Actor,
    now: datetime,
    details: Mapping[str, Any],
    *,
    reason: str | None = None,
) -> None:
    tx.record(
        f"policy.campaign_{what}",
        actor=actor,
        now=now,
        object=f"policy-campaign:{ref}",
        reason=reason,
        details=details,
    )


def reviewing_units(there: Collection[Line]) -> frozenset[str]:
    """Return the units whose service owners are asked."""
    return frozenset(each.unit for each in there if each.unit)
