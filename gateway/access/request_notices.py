"""What people are told about requests and grants, in the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from audit.ledger import Transaction


def tell(tx: Transaction, person_id: UUID, kind: str, *, now: datetime, **words: str) -> None:
    """Have a person find a notice of this kind after the next sign-in."""


def tell_all(
    tx: Transaction, people: Iterable[UUID], kind: str, *, now: datetime, **words: str
) -> None:
    """Tell several people the same."""
    for each in people:
        tell(tx, each, kind, now=now, **words)
