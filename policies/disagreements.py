"""What the shadow checks found: kept with its evidence until somebody says what became of it.

A difference between the engine that decides and the reference is a defect of this program, and
somebody may have been let in, or kept out, by it. As long as one is open the zone is not well.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies.decision import Decision
from policies.recorded import question
from policies.shadow import Difference
from policies.tables_running import policy_disagreement

EVENT: Final = "policy.disagreement"
CLOSED: Final = "policy.disagreement_closed"
SHOWN: Final = 100
"""Newest disagreements that are listed."""
MAX_REASON: Final = 2000


class DisagreementUnknown(LookupError):
    """There is no open disagreement of this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One difference; `closed_at` is None as long as nobody has said what became of it.

    `evidence` holds `request`, `decided` and `expected` (None: the reference had no answer).
    """

    id: str
    found_at: datetime
    worker: str
    version: str
    evidence: Mapping[str, Any]
    closed_at: datetime | None
    closed_by: str
    closed_why: str


def report(tx: Transaction, found: Difference, *, worker: str, now: datetime) -> str:
    """Keep a difference and record it; return its id, 32 hexadecimal digits."""
    name = secrets.token_hex(16)
    request = found.request
    evidence = {
        "request": {
            "sub": request.subject,
            "zone": request.zone,
            "obj": request.object,
            **question(found.engine, request),
        },
        "decided": _told(found.decided),
        "expected": None if found.expected is None else _told(found.expected),
    }
    tx.session.execute(
        insert(policy_disagreement).values(
            id=name,
            found_at=now,
            worker=worker,
            version=found.decided.version,
            evidence=json.dumps(evidence, sort_keys=True),
            closed_at=None,
            closed_by="",
            closed_why="",
        )
    )
    tx.record(
        EVENT,
        actor=Actor(subject="system:shadow"),
        now=now,
        object=request.object,
        outcome="failure",
        policy=found.decided.version,
        details={"id": name, "worker": worker, **evidence},
    )
    return name


def close(tx: Transaction, name: str, *, actor: Actor, why: str, now: datetime) -> None:
    """Say what became of a disagreement; from then on it is history.

    Raises:
        DisagreementUnknown: none of this id is open.
        ValueError: the reason is empty, or longer than 2000 characters.
    """
    if not 0 < len(why.strip()) <= MAX_REASON:
        raise ValueError(f"a reason has 1 to {MAX_REASON} characters")
    mine = (policy_disagreement.c.id == name, policy_disagreement.c.closed_at.is_(None))
    row = tx.session.execute(select(policy_disagreement).where(*mine).with_for_update()).first()
    if row is None:
        raise DisagreementUnknown(name)
    tx.session.execute(
        update(policy_disagreement)
        .where(policy_disagreement.c.id == name)
        .values(closed_at=now, closed_by=actor.subject, closed_why=why.strip())
    )
    tx.record(
        CLOSED, actor=actor, now=now, policy=row.version, details={"id": name, "why": why.strip()}
    )


def open_count(session: Session) -> int:
    """Return how many are open: 0 in a zone that is well."""
    is_open = policy_disagreement.c.closed_at.is_(None)
    return session.scalar(select(func.count()).where(is_open)) or 0


def listed(session: Session) -> tuple[Disagreement, ...]:
    """Return the open ones first, then those that are closed, each the newest first."""
    table = policy_disagreement.c
    ordered = select(policy_disagreement).order_by(
        table.closed_at.is_not(None), table.found_at.desc()
    )
    return tuple(
        Disagreement(
            id=row.id,
            found_at=row.found_at,
            worker=row.worker,
            version=row.version,
            evidence=json.loads(row.evidence),
            closed_at=row.closed_at,
            closed_by=row.closed_by,
            closed_why=row.closed_why,
        )
        for row in session.execute(ordered.limit(SHOWN))
    )


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": str(decision.outcome),
        "reason": str(decision.reason),
        "rules": list(decision.rules),
        "strength_needed": decision.strength_needed,
    }
