"""Temporary grants as rows: those in force as rules for the engine, and how they end.

When a grant is over is decided by its window in the engine, at every decision anew. What this
module does at the end is tidying: no decision changes by it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.access.tables_requests import AccessRequest, State
from gateway.identity import epoch
from gateway.vault import Unopenable
from policies import temporary
from policies.rules import Rule, RuleProblems, RuleSet

log = logging.getLogger("hangu.access")


class Why(StrEnum):
    """Why a grant, or a request that nobody answered, came to its end."""

    EXPIRED = "expired"
    GIVEN_BACK = "given_back"
    """By the person it was given to."""
    LAPSED = "lapsed"
    """The end asked for came before an answer."""
    PERSON_GONE = "person_gone"
    RENEWED = "renewed"
    REVOKED = "revoked"
    SERVICE_REMOVED = "service_removed"


def in_force(session: OrmSession) -> RuleSet:
    """Return the rules of all grants that were given and not ended.

    A row whose sealed rule does not open, or speaks of anything but the row's own person and
    service, grants nothing: it was not written by this program.
    """
    rows = session.scalars(select(AccessRequest).where(AccessRequest.state == State.GRANTED))
    return RuleSet(tuple(rule for row in rows if (rule := _rule_of(row)) is not None))


def end(tx: Transaction, row: AccessRequest, *, why: Why, actor: Actor, now: datetime) -> None:
    """End a grant within a transaction; its rule is gone with it."""
    was = row.state
    rule = _rule_of(row) if was == State.GRANTED else None
    row.state = State.ENDED
    row.rule = ""
    row.ended_at, row.ended_by, row.ended_why = now, actor.subject, why
    tx.session.flush()
    if was == State.GRANTED:
        epoch.bump(tx)
    tx.record(
        "grant.ended" if was == State.GRANTED else "access.lapsed",
        actor=actor,
        now=now,
        object=f"person:{row.person_id}",
        service=row.service,
        reason=why,
        rules=() if rule is None else (rule.id,),
        details={"request": str(row.id), "grants": in_force(tx.session).version},
    )


def end_for_service(tx: Transaction, slug: str, *, actor: Actor, now: datetime) -> int:
    """End every grant and open request for a service that goes; return how many grants.

    Else a service added later under this slug would be open to whom nobody let in.
    """
    states = (State.OPEN, State.GRANTED)
    rows = tx.session.scalars(
        select(AccessRequest)
        .where(AccessRequest.service == slug, AccessRequest.state.in_(states))
        .order_by(AccessRequest.id)
        .with_for_update()
    ).all()
    count = sum(row.state == State.GRANTED for row in rows)
    for row in rows:
        end(tx, row, why=Why.SERVICE_REMOVED, actor=actor, now=now)
    return count


def _rule_of(row: AccessRequest) -> Rule | None:
    try:
        (rule,) = RuleSet.parse(row.rule).rules
        temporary.check(rule)
    except (Unopenable, RuleProblems, temporary.NotTemporary, ValueError):
        log.exception("a stored grant is not ours and counts for nothing: %s", row.id)
        return None
    own = (f"person:{row.person_id}", f"svc:{row.service}/**")
    if (rule.sub, rule.obj) != own:
        log.error("a stored grant speaks of somebody else and counts for nothing: %s", row.id)
        return None
    return rule
