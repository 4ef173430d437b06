"""What every use case of this room is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Ledger
from audit.record import Actor
from gateway.custody.refusals import KeepingTerms

OFFICES = frozenset({"auditor", "security_admin"})
"""Who may propose and approve. Each act needs one of either: the auditor alone erases nothing."""
SHORTEST, LONGEST = 10, 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """The log's keeping. `keep` is how long the office keeps entries; six months are the floor.

    `in_office` tells within a transaction whether a subject is in an office now.
    """

    ledger: Ledger
    read: Engine
    keep: timedelta
    in_office: Callable[[OrmSession, str, str], bool]


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts, and in which of their offices."""

    actor: Actor
    office: str


def checked_reason(text: str) -> str:
    """Return a reason of 10 to 500 characters, or raise KeepingTerms."""
    text = " ".join(text.split())
    if not SHORTEST <= len(text) <= LONGEST or not text.isprintable():
        raise KeepingTerms("reason")
    return text
