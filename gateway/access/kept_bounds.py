"""How many forms are kept: so many for each browser of a person, and a bound for all of them.

Whoever has got hold of a cookie can have forms kept as its owner. They are of another browser,
so they take no place of the owner's own.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from audit.ledger import Transaction
from audit.record import Actor
from gateway.access.tables_kept import KeptForm
from gateway.identity import turns

MOST_OF_ONE = 20
"""Forms kept for one person in one browser at the same time."""

MOST_OF_PERSON = 100
"""Forms kept for one person at the same time, in all browsers."""

_GAVE_WAY = "gave_way"


def has_room(tx: Transaction, row: KeptForm, *, actor: Actor, now: datetime) -> bool:
    """Tell whether one more form may be kept in its browser, and make room for it if it may.

    Of too many in all, the oldest of the person's other browsers give way, on record.
    """
    turns.take(tx.session, row.person_id)
    waiting = (
        select(KeptForm.id, KeptForm.browser_hash)
        .where(
            KeptForm.person_id == row.person_id,
            KeptForm.ended_at.is_(None),
            KeptForm.expires > now,
        )
        .order_by(KeptForm.made_at, KeptForm.id)
        .with_for_update()
    )
    held = tx.session.execute(waiting).all()
    others = [each.id for each in held if each.browser_hash != row.browser_hash]
    if len(held) - len(others) >= MOST_OF_ONE:
        return False
    for form_id in others[: max(0, len(held) + 1 - MOST_OF_PERSON)]:
        old = tx.session.get_one(KeptForm, form_id)
        old.content = None
        old.ended_at, old.ended_why = now, _GAVE_WAY
        tx.record(
            "form.discarded",
            actor=actor,
            now=now,
            reason=_GAVE_WAY,
            service=old.service,
            details={"form": old.id.hex, "bytes": old.size},
        )
    return True
