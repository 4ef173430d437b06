"""What every use case of this room is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session as OrmSession

from audit import accords
from audit.ledger import Ledger
from audit.note import Vkey
from audit.record import Actor
from audit.vouching import Vouched, Voucher
from gateway.custody.refusals import KeepingTerms
from gateway.vault import Vault

OFFICES = accords.OFFICES
"""Who may propose and approve. Each act needs one of either: the auditor alone erases nothing."""
SHORTEST, LONGEST = 10, 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """The log's keeping. `keep` is how long the office keeps entries; six months are the floor.

    `forwards` tells whether a receiver is set up for the copy by syslog.
    `voucher` is the key by which the gateway gives its word for entries.
    `in_office` tells within a transaction whether a subject is in an office now.
    """

    ledger: Ledger
    read: Engine
    keep: timedelta
    voucher: Vkey
    in_office: Callable[[OrmSession, str, str], bool]
    forwards: bool = False

    @property
    def vouched(self) -> Vouched:
        """What checks the gateway's word."""
        return Vouched(self.voucher)


def voucher_of(vault: Vault) -> Voucher:
    """What gives the gateway's word for its entries, from the zone's own key ring."""
    return Voucher(vault.derive("audit voucher"), zone=vault.zone)


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
