"""What people are told about requests and grants, in the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from audit.ledger import Transaction
from gateway.identity.notices import tell

__all__ = ["tell", "tell_all"]


def tell_all(
    tx: Transaction, people: Iterable[UUID], kind: str, *, now: datetime, **words: str
) -> None:
    """Tell several people the same."""
    for each in people:
        tell(tx, each, kind, now=now, **words)
