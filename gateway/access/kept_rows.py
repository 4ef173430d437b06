"""The row of a kept form: found for its own person alone, in its place and browser, and opened."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from audit.ledger import Transaction
from audit.record import Actor, Json
from gateway.access.kept_content import Posted, unpacked
from gateway.access.kept_refusals import FormBroken, FormOfAnother, FormOver
from gateway.access.tables_kept import KeptForm
from gateway.identity import tokens
from gateway.refusals import Refused
from gateway.vault import Unopenable


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """Who wants to see or send a form, where, and in which browser (the cookie's token)."""

    person_id: UUID
    service: str | None
    browser: str | None = field(repr=False)
    actor: Actor


def waiting_row(
    tx: Transaction, form_id: UUID, who: Claimant, *, now: datetime
) -> tuple[KeptForm | None, Refused]:
    """Return the person's row of this place and browser, locked, or the refusal, as `own_row`."""
    row, refusal = own_row(tx, form_id, who, now=now)
    if row is None:
        return None, refusal
    browser = None if who.browser is None else tokens.digest(who.browser)
    if row.service != who.service:
        return None, refuse(tx, row, who, "other_place", now)
    if browser is None or not hmac.compare_digest(browser, row.browser_hash):
        return None, refuse(tx, row, who, "other_browser", now)
    return row, refusal


def own_row(
    tx: Transaction, form_id: UUID, who: Claimant, *, now: datetime
) -> tuple[KeptForm | None, Refused]:
    """Return the person's row, locked, or the refusal, which is on record then."""
    row = tx.session.get(KeptForm, form_id, with_for_update=True)
    if row is None or not is_waiting(row, now):
        return None, FormOver()
    if row.person_id != who.person_id:
        return None, refuse(tx, row, who, "other_person", now)
    return row, FormBroken()


def is_waiting(row: KeptForm, now: datetime) -> bool:
    """Whether it was neither sent nor discarded, and has not expired."""
    return row.ended_at is None and now < row.expires


def opened(tx: Transaction, row: KeptForm, who: Claimant, now: datetime) -> Posted | None:
    """Return the form, or None if the row is not as it was written, which is on record then."""
    try:
        posted = unpacked(row.content or b"", row)
    except Unopenable:
        posted = None
    if posted is None:
        refuse(tx, row, who, "broken", now)
    return posted


def refuse(tx: Transaction, row: KeptForm, who: Claimant, reason: str, now: datetime) -> Refused:
    """Record that a form is not given out; return the refusal, which does not say why."""
    tx.record(
        "form.refused",
        actor=who.actor,
        now=now,
        outcome="denied",
        reason=reason,
        object=f"person:{row.person_id}",
        service=who.service,
        details={"form": row.id.hex},
    )
    return FormOfAnother()


def record(tx: Transaction, event: str, row: KeptForm, who: Claimant, now: datetime) -> None:
    """Record what became of a form."""
    details: dict[str, Json] = {"form": row.id.hex, "bytes": row.size}
    tx.record(event, actor=who.actor, now=now, service=row.service, details=details)
