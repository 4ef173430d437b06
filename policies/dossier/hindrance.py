"""What keeps a change from going on by itself: on record once, in its story, until it goes on.

A trial that cannot be rolled back, or a publication whose time has come and that is refused,
is nobody's act: without this nobody would be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from audit.ledger import Transaction
from audit.record import Actor
from policies.dossier.dossiers import Dossier, State, Step, change, in_state, locked, steps

HINDERED: Final = "hindered"
_LONGEST: Final = 300
"""Characters of a reason."""


def hinder(tx: Transaction, ref: str, why: str, *, actor: Actor, now: datetime) -> bool:
    """Note what hinders a change; tell whether that is news. Raises Stopped (unknown).

    `why` begins with a stable code; what follows a space says more.
    """
    found, said = locked(tx.session, ref), why[:_LONGEST]
    last = _last(tx.session, ref)
    if found.state not in (State.APPROVED, State.TRIAL):
        return False
    if last is not None and (last.what, last.reason) == (HINDERED, said):
        return False
    change(tx, found, HINDERED, {}, actor=actor, now=now, reason=said)
    return True


def go_on(tx: Transaction, ref: str, *, actor: Actor, now: datetime) -> None:
    """Note that nothing hinders a change any more, if something did."""
    found, last = locked(tx.session, ref), _last(tx.session, ref)
    if last is not None and last.what == HINDERED:
        change(tx, found, "unhindered", {}, actor=actor, now=now)


def hindered(session: Session) -> Sequence[tuple[Dossier, str]]:
    """Return the changes that cannot go on, and why."""
    found = (*in_state(session, State.TRIAL), *in_state(session, State.APPROVED))
    last = ((each, _last(session, each.id)) for each in found)
    return [(each, step.reason) for each, step in last if step and step.what == HINDERED]


def _last(session: Session, ref: str) -> Step | None:
    return next(reversed(steps(session, ref)), None)
