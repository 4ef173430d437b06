"""Closing a service at once, in an emergency: its approval is gone, and who closed it is known."""

from __future__ import annotations

from datetime import datetime

from audit.ledger import Ledger
from audit.record import Actor
from gateway.access.refusals import ServiceUnknown
from gateway.access.rows import UNAPPROVED
from gateway.access.tables import ServiceRow
from gateway.identity import epoch


def shut(ledger: Ledger, slug: str, *, actor: Actor, now: datetime) -> None:
    """Close a service to everybody until it is approved anew. Raises ServiceUnknown."""
    with ledger.begin() as tx:
        row = tx.session.get(ServiceRow, slug, with_for_update=True)
        if row is None:
            raise ServiceUnknown(slug)
        for column, nothing in UNAPPROVED.items():
            setattr(row, column, nothing)
        epoch.bump(tx)
        tx.record("service.shut", actor=actor, now=now, object=f"svc:{slug}", service=slug)
