"""Repair: original entries brought back from a copy, each proved before it is believed.

The copy is an export folder. It must verify by itself, from the first key, and be of this very
log: only then are its tiles the truth, and an entry of the database that differs from them
is replaced by the copy's, whose hash is in the tile. Source: reference design, section 3.9.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, text, update

from audit import pruning, verify
from audit.index_row import parsed
from audit.record import leaf_hash
from audit.source import DatabaseSource, stored_tile
from audit.stored import stored_bytes
from audit.tables import audit_event, log_tile
from audit.tiles import WIDTH, BadBundle, Tile, bundle_path, bundles, decode_bundle, tiles
from audit.verify import Report

_TABLES = ("audit_event", "log_tile")
_EID = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadCopy(Exception):
    """The copy cannot be trusted; `report` says why, if it could be read at all."""

    def __init__(self, words: str, report: Report | None = None) -> None:
        super().__init__(words)
        self.report = report


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that differs from the copy. `before` is None where nothing was there."""

    what: str
    """`entry` or `tile`."""
    index: int
    """The entry's number; of a tile, its number at its level."""
    level: int
    before: bytes | None
    after: bytes

    def plain(self) -> Mapping[str, object]:
        """Return it as JSON, for the file that keeps before and after."""
        before = None if self.before is None else b64encode(self.before).decode()
        after = b64encode(self.after).decode()
        return {
            "what": self.what,
            "index": self.index,
            "level": self.level,
            "before": before,
            "after": after,
        }


def trusted(folder: Path, *, key: str, note: bytes) -> verify.Report:
    """Verify the copy from the first key, and that it is the beginning of this log.

    Args:
        folder: an export.
        key: the first key, from paper.
        note: the newest checkpoint that the sealer itself remembers: if the copy is of the
            same size or larger it must hold it; if it is smaller, the repaired log will be
            verified against both.

    Raises:
        BadCopy: it does not verify.
    """
    source = verify.Folder(folder)
    newest = verify.parse_checkpoint(note)
    data = source.read("checkpoint")
    if data is None:
        raise BadCopy(f"{folder} is no export: it has no checkpoint")
    mine = verify.parse_checkpoint(data)
    if mine.origin != newest.origin:
        raise BadCopy(f"{folder} is of the log {mine.origin}, not of {newest.origin}")
    anchors = [("the sealer's memory", note)] if newest.size <= mine.size else []
    # How many witnesses signed a copy says nothing about its entries.
    report = verify.verify(source, key=key, policy="quorum none", anchors=anchors)
    if report.code != verify.INTACT:
        raise BadCopy(f"{folder} does not verify by itself", report)
    return report


def damages(
    source: DatabaseSource,
    connection: Connection,
    folder: Path,
    *,
    tell: Callable[[int], None] = lambda _done: None,
) -> Iterator[Damage]:
    """Yield everything in which the database differs from a copy that was found trusted.

    `tell` is told how many entries were looked at.
    """
    copy = verify.Folder(folder)
    size = verify.parse_checkpoint(copy.read("checkpoint") or b"").size
    size = min(size, source.size) if source.size else size
    upto = pruning.done(connection).upto
    for number, width in bundles(size):
        yield from _entries(connection, copy, number, width, upto)
        tell(number * WIDTH + width)
    for tile in tiles(size):
        right = copy.read(tile.path)
        if right is None and tile.width < WIDTH:  # the copy is larger: its tile is wider
            right = _wider(copy, tile)
        stored = stored_tile(connection.engine, tile)
        if right is not None and stored != right:
            yield Damage(
                what="tile",
                index=tile.number,
                level=tile.level,
                before=stored or None,
                after=right,
            )


def _wider(copy: verify.Folder, tile: Tile) -> bytes | None:
    for width in range(tile.width, WIDTH + 1):
        found = copy.read(Tile(tile.level, tile.number, width).path)
        if found is not None:
            return found[: 32 * tile.width]
    return None


def _entries(
    connection: Connection, copy: verify.Folder, number: int, width: int, upto: int
) -> Iterator[Damage]:
    first = number * WIDTH
    data = next(
        (d for w in range(width, WIDTH + 1) if (d := copy.read(bundle_path(number, w)))), None
    )
    if data is None:
        return  # pruned in the copy
    try:
        right = decode_bundle(data)[:width]
    except BadBundle:  # it verified a moment ago
        return
    event = audit_event.c
    query = select(event.seq, event.eid, event.body, event.leaf).where(
        event.seq >= first, event.seq < first + width
    )
    stored = {row.seq: row for row in connection.execute(query)}
    for at, body in enumerate(right, first):
        row = stored.get(at)
        if row is None and at < upto:
            continue  # pruned in the database, rightly
        before = None if row is None else stored_bytes(row.body)
        if row is None or before != body or not _fits(row.leaf, row.eid, body):
            yield Damage(what="entry", index=at, level=0, before=before, after=body)


def _fits(leaf: object, beside: object, body: bytes) -> bool:
    """Whether the columns beside a body are its own. What is no entry states no id."""
    eid = _eid(body)
    return stored_bytes(leaf) == leaf_hash(body) and (not eid or beside == eid)


def mend(connection: Connection, found: list[Damage]) -> None:
    """Put the copy's bytes in place of the damaged ones. Triggers must be off: see `unguarded`."""
    for each in found:
        if each.what == "tile":
            _mend_tile(connection, each)
        else:
            _mend_entry(connection, each)


def _mend_tile(connection: Connection, damage: Damage) -> None:
    table = log_tile.c
    width = len(damage.after) // 32
    where = (table.level == damage.level, table.number == damage.index)
    stored = connection.execute(select(table.hashes).where(*where)).scalar() or b""
    whole = damage.after + stored_bytes(stored)[len(damage.after) :]
    connection.execute(delete(log_tile).where(*where))
    width = max(width, len(whole) // 32)
    connection.execute(
        insert(log_tile).values(
            level=damage.level, number=damage.index, width=width, hashes=whole[: 32 * width]
        )
    )


def _mend_entry(connection: Connection, damage: Damage) -> None:
    at, leaf, eid = audit_event.c.seq == damage.index, leaf_hash(damage.after), _eid(damage.after)
    values: dict[str, Any] = {"body": damage.after, "leaf": leaf}
    if eid and not _is_taken(connection, eid, damage.index):
        values |= {"eid": eid, "created": datetime.fromisoformat(parsed(damage.after)["ts"])}
    elif damage.before is None:  # it was written past the gateway, and sealed as evidence
        values |= {"eid": leaf.hex()[:32], "created": _EPOCH}
    if damage.before is None:
        connection.execute(insert(audit_event).values(seq=damage.index, **values))
    else:
        connection.execute(update(audit_event).where(at).values(**values))


def _is_taken(connection: Connection, eid: str, index: int) -> bool:
    """Whether another entry has this id: what is written past the gateway may state any."""
    event = audit_event.c
    other = or_(event.seq != index, event.seq.is_(None))
    query = select(event.id).where(event.eid == eid, other).limit(1)
    return connection.execute(query).first() is not None


def _eid(body: bytes) -> str:
    """An entry's own id; empty for what is no entry of the gateway's."""
    entry = parsed(body)
    eid = entry.get("eid")
    try:
        is_entry = datetime.fromisoformat(entry["ts"]).tzinfo is not None
    except (LookupError, TypeError, ValueError):
        return ""
    return eid if is_entry and isinstance(eid, str) and len(eid) <= _EID else ""


class unguarded:  # noqa: N801 - reads as `with unguarded(connection)`
    """Switch off the triggers that keep entries as they are, for a repair alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._statements: list[str] = []

    def __enter__(self) -> None:
        if self._connection.dialect.name != "sqlite":
            for table in _TABLES:
                self._connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            return
        query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        for name, statement in self._connection.execute(query).all():
            if any(name.startswith(f"{table}_") for table in _TABLES):
                self._statements.append(statement)
                self._connection.execute(text(f"DROP TRIGGER {name}"))

    def __exit__(self, failure: object, *_: object) -> None:
        if failure is not None:
            return  # the transaction takes it back
        if self._connection.dialect.name != "sqlite":
            for table in _TABLES:
                self._connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        for statement in self._statements:
            self._connection.exec_driver_sql(statement)
