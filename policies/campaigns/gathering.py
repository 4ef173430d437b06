"""The rows of a review campaign: begun over the rules in force, filled with what the log says."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies import versions
from policies.campaigns.campaigns import (
    Line,
    Reviewers,
    State,
    Stopped,
    Terms,
    Why,
    lies_in,
    lines,
    locked,
    record,
)
from policies.campaigns.leaning import Lean, Leaning
from policies.pairs import parts
from policies.rules import Rule, RuleSet
from policies.tables_campaign import policy_campaign, policy_campaign_row
from policies.uses import Use, ages
from policies.vocabulary import is_unit


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
    record(tx, "opened", ref, actor, now, {
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

    `uses` are those since the log began, by the rule's id, as the page of uses shows them;
    `in_charge` gives the unit in charge of a service by its slug, empty if there is none.

    Raises:
        Stopped: wrong_state, if another process was quicker.
    """
    campaign = locked(tx.session, ref, State.GATHERING)
    rules = versions.at(tx.session, campaign.seq) or RuleSet()
    chosen = [rule for rule in rules.rules if lies_in(rule, campaign.scope)]
    # Those that nobody used come first: they are what a review is for.
    chosen.sort(key=lambda rule: (found.rules.get(rule.id, Lean()).named, rule))
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
    filled = lines(tx.session, ref)
    unused = sum(each.is_unused(campaign) for each in filled)
    details = {"rules": len(rows), "unused": unused, "asked": found.asked}
    record(tx, "filled", ref, actor, now, details)
    return filled


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
        # What is not sealed yet is not counted yet, but stands in the log.
        "uses": max(lean.named, 0 if use is None else use.uses),
        "people": len(lean.people),
        "carried": lean.carried,
        "missed": lean.alone,
        "last_used": max((at for at in (ever, lean.newest) if at is not None), default=None),
        "verdict": "",
        "reason": "",
        "decided_by": "",
    }
