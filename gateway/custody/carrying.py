"""Carrying out what two officers agreed on. Safe to be killed, and to be done twice at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, select

from audit import erasure, pruning, removal
from audit.indexer import Indexer, forget
from audit.record import Actor
from audit.tables import audit_event
from audit.tables_anchors import log_request
from gateway.custody import proof
from gateway.custody.asked import Asked, Kind, State, settle
from gateway.custody.refusals import KeepingForged
from gateway.custody.room import Custody

log = logging.getLogger("hangu.custody")

HOUSEKEEPING = Actor(subject="system:housekeeping")
BATCHES = 10
"""Transactions of pruning in one round of the chores: the gateway has other work, too."""


def prune(
    custody: Custody,
    *,
    batches: int | None = None,
    tell: Callable[[int], None] = lambda _done: None,
) -> int:
    """Remove what the sealer has entered; return how many entries are left to go.

    Nothing goes before the leaf that says so is under a published checkpoint.
    """
    if not _leaf_is_published(custody):
        return 0
    left = removal.remove(custody.ledger, custody.read, batches=batches, forget=_forget, tell=tell)
    if not left:
        for request in _requests(custody, Kind.PRUNE, State.ENTERED):
            settle(custody, request, before=State.ENTERED, after=State.DONE)
    return left


def erase(
    custody: Custody,
    renews: Indexer,
    *,
    now: datetime,
    tell: Callable[[int], None] = lambda _done: None,
) -> int:
    """Carry out every approved erasure; return of how many entries values were erased.

    Nothing is erased on a row's word: the log must say that two officers agreed. And nothing
    that came after they did, so that an old approval cannot be made to serve again.

    `renews` takes what was erased out of the search, too, which had digests of the values.
    """
    total = 0
    for request in _requests(custody, Kind.ERASE, State.APPROVED):
        try:
            asked, agreed_at = _agreed(custody, request)
        except KeepingForged:
            log.critical("erasure %s is not carried out: no two officers agreed on it", request)
            failed = "no two officers agreed on it, as the log says"
            settle(custody, request, before=State.APPROVED, after=State.FAILED, outcome=failed)
            continue
        total += erasure.erase(
            custody.ledger,
            custody.read,
            asked.target,
            until=agreed_at,
            request=request,
            actor=HOUSEKEEPING,
            now=now,
            tell=tell,
        )
        _renew(custody, renews, request)
        settle(custody, request, before=State.APPROVED, after=State.DONE)
    return total


def sweep(custody: Custody, renews: Indexer, *, now: datetime) -> None:
    """A round of the chores: erase, and prune a little."""
    erase(custody, renews, now=now)
    prune(custody, batches=BATCHES)


def _agreed(custody: Custody, request: str) -> tuple[Asked, datetime]:
    """The request, and when two officers had agreed on it. Raises KeepingForged."""
    with custody.read.connect() as connection:
        query = select(log_request).where(log_request.c.id == request)
        asked = Asked(**connection.execute(query).mappings().one())
        return asked, proof.require_approved(connection, custody.vouched, asked)


def _forget(connection: Connection, below: int) -> None:
    forget(connection, below=below)


def _renew(custody: Custody, renews: Indexer, request: str) -> None:
    with custody.read.connect() as connection:
        eids = erasure.of_request(connection, request)
        seqs: list[int] = []
        for at in range(0, len(eids), erasure.AT_ONCE):
            some = eids[at : at + erasure.AT_ONCE]
            query = select(audit_event.c.seq).where(
                audit_event.c.eid.in_(some), audit_event.c.seq.is_not(None)
            )
            seqs += connection.execute(query).scalars()
    for at in range(0, len(seqs), erasure.AT_ONCE):
        renews.renew(seqs[at : at + erasure.AT_ONCE])


def _leaf_is_published(custody: Custody) -> bool:
    with custody.read.connect() as connection:
        return pruning.is_published(connection)


def _requests(custody: Custody, kind: Kind, state: State) -> list[str]:
    row = log_request.c
    query = select(row.id).where(row.kind == kind, row.state == state).order_by(row.decided_at)
    with custody.read.connect() as connection:
        return list(connection.execute(query).scalars())
