"""What the sealer does to the log's tables, inside its one transaction."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from audit.keep import Disagreement
from audit.record import MAX_BODY, Record, leaf_hash
from audit.tables import audit_event, log_tile
from audit.tiles import WIDTH, edge, split_hashes
from audit.tree import TILE_HEIGHT, Frontier
from audit.vocabulary import SEALERS

log = logging.getLogger("hangu.sealer")

_OURS = tuple(f'"ev":"{name}"'.encode() for name in SEALERS)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that has no number yet. `leaf` was computed from its body just now.

    `vouch` is the word given for it, as the database has it.
    """

    id: int
    eid: str
    body: bytes
    leaf: bytes
    vouch: object


def unsealed(connection: Connection, *, limit: int) -> list[Waiting]:
    """Return the entries without a number, oldest first, each checked.

    Not `id > last`: ids commit out of order, and one that comes late must not be skipped.

    Raises:
        Disagreement: an entry was changed after it was written.
    """
    query = (
        select(*(audit_event.c[name] for name in ("id", "eid", "body", "leaf", "vouch")))
        .where(audit_event.c.seq.is_(None))
        .order_by(audit_event.c.id)
        .limit(limit)
    )
    found: list[Waiting] = []
    for row in connection.execute(query):
        sound = isinstance(row.body, bytes) and 0 < len(row.body) <= MAX_BODY
        leaf = leaf_hash(row.body) if sound else b""
        if leaf != row.leaf or not sound:
            raise Disagreement(f"entry {row.id} was changed before it was sealed")
        if any(name in row.body for name in _OURS):
            # Sealed all the same, as evidence; the verifier will not believe it.
            log.critical("entry %s pretends to be the sealer's own", row.id)
        found.append(Waiting(row.id, str(row.eid)[:32], row.body, leaf, row.vouch))
    return found


def number(connection: Connection, rows: Sequence[Waiting], *, first: int) -> None:
    """Give the entries their numbers, from `first` on, without a gap."""
    if not rows:
        return
    statement = (
        update(audit_event)
        .where(audit_event.c.id == bindparam("row"), audit_event.c.seq.is_(None))
        .values(seq=bindparam("number"))
    )
    connection.execute(
        statement, [{"row": row.id, "number": first + at} for at, row in enumerate(rows)]
    )


def add_own(
    connection: Connection, records: Sequence[Record], *, first: int, now: datetime
) -> None:
    """Enter the sealer's own entries, with their numbers."""
    if records:
        connection.execute(
            insert(audit_event),
            [
                {
                    "eid": record.eid,
                    "body": record.body,
                    "leaf": record.leaf,
                    "seq": first + at,
                    "created": now,
                }
                for at, record in enumerate(records)
            ],
        )


def store_tiles(
    connection: Connection, before: Frontier, new: Mapping[int, Sequence[bytes]]
) -> None:
    """Add the new hashes of each level to the tiles.

    Raises:
        Disagreement: a tile that is to grow is not the one we know the edge of.
    """
    for level, hashes in new.items():
        at, rest = before.size >> TILE_HEIGHT * level, list(hashes)
        while rest:
            tile, width = divmod(at, WIDTH)
            taken, rest = rest[: WIDTH - width], rest[WIDTH - width :]
            if width:
                known = _known(connection, level, tile, before)
                _widen(connection, level, tile, known + b"".join(taken))
            else:
                _lay(connection, level, tile, b"".join(taken))
            at += len(taken)


def _known(connection: Connection, level: int, tile: int, before: Frontier) -> bytes:
    query = select(log_tile.c.hashes).where(log_tile.c.level == level, log_tile.c.number == tile)
    found = connection.execute(query).scalar()
    if not isinstance(found, bytes) or edge(split_hashes(found)) != before.at_level(level):
        raise Disagreement(f"tile {tile} of level {level} is not what was written")
    return found


def _widen(connection: Connection, level: int, tile: int, hashes: bytes) -> None:
    connection.execute(
        update(log_tile)
        .where(log_tile.c.level == level, log_tile.c.number == tile)
        .values(width=len(hashes) // 32, hashes=hashes)
    )


def _lay(connection: Connection, level: int, tile: int, hashes: bytes) -> None:
    connection.execute(
        insert(log_tile).values(level=level, number=tile, width=len(hashes) // 32, hashes=hashes)
    )
