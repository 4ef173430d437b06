"""A sealed log that is old enough for pruning, with the officers who may agree on it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sealed_log import VOUCHER, SealedLog
from sqlalchemy import func, select

from audit.export import write
from audit.indexer import Indexer
from audit.record import Actor
from audit.tables import audit_event
from gateway.custody import agreeing, carrying
from gateway.custody.room import Custody, Officer

AUDITOR = Officer(Actor(subject="person:00000000-0000-4000-8000-00000000000a"), "auditor")
SECURITY = Officer(Actor(subject="person:00000000-0000-4000-8000-00000000000b"), "security_admin")
IN_OFFICE = {(each.actor.subject, each.office) for each in (AUDITOR, SECURITY)}
"""Sealed logs have no people; `tests/web` has the real ones agree and leave."""
REASON = "年度清理，已按留存期限核对"
HALF_A_YEAR = timedelta(days=185)


def custody_of(log: SealedLog, *, days: int = 184) -> Custody:
    """The log's keeping."""
    return Custody(
        ledger=log.ledger,
        read=log.store.read,
        keep=timedelta(days=days),
        voucher=VOUCHER.vkey,
        in_office=lambda _session, subject, office: (subject, office) in IN_OFFICE,
    )


def indexer_of(log: SealedLog) -> Indexer:
    """An indexer for logs whose personal values are kept in clear."""
    return Indexer(
        begin=log.engine.begin,
        read=log.store.read,
        unseal=lambda _eid, _field, value: value,
        blind=lambda field, value: f"{field}{value}".encode().ljust(32, b"\x00"),
    )


def aged(log: SealedLog, entries: int = 700) -> None:
    """Fill the log, and let half a year go by."""
    log.write(entries)
    log.seal()
    log.now += HALF_A_YEAR
    log.seal()


def agree(log: SealedLog) -> str:
    """Have two officers agree on pruning what may go, and the sealer enter it."""
    custody = custody_of(log)
    request = agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=log.now)
    agreeing.approve(custody, request, by=SECURITY, now=log.now)
    log.seal()
    return request


def prune(log: SealedLog) -> int:
    """Carry it out; return how many entries are still to go."""
    return carrying.prune(custody_of(log))


def rows(log: SealedLog) -> int:
    """How many entries have their content."""
    with log.store.reading() as session:
        return int(session.scalar(select(func.count()).select_from(audit_event)) or 0)


def exported(log: SealedLog, to: Path) -> Path:
    """An export of the log."""
    write(log.source(), to)
    return to
