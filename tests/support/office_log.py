"""The office's log sealed and indexed, as a running gateway keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection
from web_office import HOST, ZONE, Office

from audit.indexer import Indexer
from audit.sealer import Sealer
from audit.sealing import open_keep


def settle(office: Office, directory: Path, *, now: datetime | None = None) -> Indexer:
    """Seal what waits, and index it; return the indexer."""
    at = now or datetime.now(UTC)

    @contextmanager
    def begin() -> Iterator[Connection]:
        with office.registry.ledger.begin(unaudited_because="sealing in a test") as tx:
            yield tx.session.connection()

    read = office.store.read
    keep = open_keep(directory, origin=f"{HOST}/audit", read=read, now=at)
    sealer = Sealer(keep, zone=ZONE, begin=begin, read=read)
    while sealer.round(at):
        pass
    indexer = Indexer(
        begin=begin,
        read=read,
        unseal=lambda _e, _f, value: value,
        blind=office.registry.vault.blind,
    )
    indexer.catch_up()
    return indexer
