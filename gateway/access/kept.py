"""Forms that were not sent, kept sealed until their person has signed in and says what to do.

Nothing is sent by itself. A kept form is shown to the very person it was kept for, in the very
browser it came from, and goes out once, at their word. The word is a claim in the body of a
plain form to the original address:

    hangu_kept=<id, 32 hexadecimal digits>.<proof, 43 characters>CR LF        (text/plain)

which the gateway replaces with what was kept (`forms`). Kept are the bytes of the body as they
were, so every form comes back as it was, files too.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, select

from audit.record import Actor, Json
from gateway.access import kept_bounds
from gateway.access.kept_content import Posted, packed
from gateway.access.kept_refusals import FormBroken, FormOver, TooManyForms
from gateway.access.kept_rows import (
    Claimant,
    is_waiting,
    opened,
    own_row,
    record,
    refuse,
    waiting_row,
)
from gateway.access.tables_kept import KeptForm
from gateway.identity import tokens
from gateway.identity.past import Owner
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.refusals import Refused

LIFE = timedelta(minutes=30)
"""How long a form waits for its person."""

CLAIM = re.compile(rb"hangu_kept=(?P<id>[0-9a-f]{32})\.(?P<proof>[A-Za-z0-9_-]{43})\r\n")
CLAIM_BYTES = 89
CLAIM_FIELD = "hangu_kept"
_PURPOSE = "access/kept"
_SENT, _DISCARDED = "sent", "discarded"
_OVER = "what was sent, discarded or has expired is offered to nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A kept form as it is shown to its person; `claim` sends it."""

    id: UUID
    posted: Posted
    made_at: datetime
    expires: datetime
    claim: str = field(repr=False)


def keep(
    registry: Registry,
    posted: Posted,
    *,
    owner: Owner,
    service: str | None,
    browser: str,
    address: str | None,
    now: datetime,
) -> UUID:
    """Seal a form for its person in this browser; return its id.

    The caller has read no more of it than the zone keeps. Raises TooManyForms.
    """
    row = KeptForm(
        id=uuid4(),
        person_id=owner.person_id,
        service=service,
        browser_hash=tokens.digest_of_new(browser),
        size=len(posted.body),
        made_at=now,
        expires=now + LIFE,
    )
    row.content = packed(posted, row)
    with registry.ledger.begin() as tx:
        actor = owner.acting(address)
        kept = kept_bounds.has_room(tx, row, actor=actor, now=now)
        if kept:
            tx.session.add(row)
        tx.record(
            "form.kept",
            actor=actor,
            now=now,
            outcome="success" if kept else "denied",
            reason=None if kept else TooManyForms.code,
            service=service,
            details={"form": row.id.hex, "bytes": row.size},
        )
    if not kept:
        raise TooManyForms("/")
    return row.id


def look(registry: Registry, form_id: UUID, who: Claimant, *, now: datetime) -> Offer:
    """Show a form to its person. The first time is on record.

    Raises:
        FormOver, FormOfAnother, FormBroken: there is nothing to show.
    """
    offer: Offer | None = None
    with registry.ledger.begin() as tx:
        row, refusal = waiting_row(tx, form_id, who, now=now)
        posted = None if row is None else opened(tx, row, who, now)
        if row is not None and posted is not None:
            if row.offered_at is None:
                row.offered_at = now
                record(tx, "form.offered", row, who, now)
            claim = f"{form_id.hex}.{_proof(registry, form_id)}"
            offer = Offer(
                id=form_id, posted=posted, made_at=row.made_at, expires=row.expires, claim=claim
            )
    if offer is None:
        raise refusal
    return offer


def target_of(registry: Registry, form_id: UUID, who: Claimant, *, now: datetime) -> str:
    """Return where a service's form was to go, for deciding on it. Raises as `look`.

    It is asked at the gateway, where the service's cookie of the browser is not seen.
    """
    posted: Posted | None = None
    with registry.ledger.begin() as tx:
        row = tx.session.get(KeptForm, form_id)
        refusal: Refused = FormOver()
        if row is not None and is_waiting(row, now):
            refusal = FormBroken()
            if row.person_id != who.person_id:
                refusal = refuse(tx, row, who, "other_person", now)
            elif row.service != who.service:
                refusal = refuse(tx, row, who, "other_place", now)
            else:
                posted = opened(tx, row, who, now)
    if posted is None:
        raise refusal
    return posted.target


def take(
    registry: Registry, form_id: UUID, proof: str, who: Claimant, *, target: str, now: datetime
) -> Posted:
    """Give a form out to be sent, once. Raises as `look`."""
    right = hmac.compare_digest(proof.encode(), _proof(registry, form_id).encode())
    posted: Posted | None = None
    with registry.ledger.begin() as tx:
        row, refusal = waiting_row(tx, form_id, who, now=now)
        posted = None if row is None else opened(tx, row, who, now)
        if row is not None and posted is not None:
            if right and posted.target == target:
                row.ended_at, row.ended_why = now, _SENT
                record(tx, "form.sent", row, who, now)
            else:
                reason = "other_address" if right else "proof"
                posted, refusal = None, refuse(tx, row, who, reason, now)
    if posted is None:
        raise refusal
    return posted


def give_back(registry: Registry, form_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Let a form wait again that was given out and then was not sent; tell whether it does."""
    with registry.ledger.begin() as tx:
        row = tx.session.get(KeptForm, form_id, with_for_update=True)
        if row is None or row.ended_why != _SENT or row.expires <= now:
            return False
        row.ended_at = row.ended_why = None
        details: dict[str, Json] = {"form": form_id.hex}
        tx.record("form.kept", actor=actor, now=now, reason="given_back", details=details)
    return True


def discard(registry: Registry, form_id: UUID, who: Claimant, *, now: datetime) -> None:
    """Forget a form at its person's word, in whichever browser of theirs. Raises as `look`.

    At the gateway (`who.service` None) any of their forms, on a service's host its own.
    """
    with registry.ledger.begin() as tx:
        row, refusal = own_row(tx, form_id, who, now=now)
        if row is not None and who.service not in (None, row.service):
            refusal, row = refuse(tx, row, who, "other_place", now), None
        if row is not None:
            row.content = None
            row.ended_at, row.ended_why = now, _DISCARDED
            record(tx, "form.discarded", row, who, now)
    if row is None:
        raise refusal


def waiting(
    registry: Registry, *, now: datetime, person_id: UUID | None = None
) -> Sequence[KeptForm]:
    """Return the forms that wait, everybody's or one person's, oldest first.

    What they say stays sealed.
    """
    statement = (
        select(KeptForm)
        .where(KeptForm.ended_at.is_(None), KeptForm.expires > now)
        .order_by(KeptForm.made_at, KeptForm.id)
    )
    if person_id is not None:
        statement = statement.where(KeptForm.person_id == person_id)
    with registry.store.reading() as session:
        return session.execute(statement).scalars().all()


def sweep(registry: Registry, *, now: datetime) -> int:
    """Drop what was sent or discarded a while ago, and what has expired; return how many."""
    over = delete(KeptForm).where(
        (KeptForm.expires <= now) | (KeptForm.ended_at <= now - timedelta(minutes=5))
    )
    with registry.ledger.begin(unaudited_because=_OVER) as tx:
        return changed(tx.session, over)


def _proof(registry: Registry, form_id: UUID) -> str:
    """What only the page that shows the form knows; 43 characters."""
    digest = hmac.digest(registry.vault.derive(_PURPOSE), form_id.bytes, "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
