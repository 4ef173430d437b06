"""A stretch of the log as a reviewer sees it: from its bodies, each under the signed root.

Nothing here comes from the index. A body that is gone or is not the one that was sealed
stops the review.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, select

from audit.blocks import milliseconds
from audit.entry import Entry
from audit.index_row import BLOCK, IndexRow, derive, parsed, texts
from audit.note import BadNote, Checkpoint, Note
from audit.query import Query, events_of, holds
from audit.record import leaf_hash
from audit.source import stored_tile
from audit.stored import stored_bytes
from audit.tables import audit_event, log_state
from audit.tiles import TileHashes, fold
from audit.tree import TILE_HEIGHT, node
from audit.tree import root as root_of

MOST = 50_000
"""Entries that one sign-off covers."""
SHOWN_PAGE = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOOKS = frozenset({"audit.searched", "audit.read", "review.looked"})
"""Events by which looking itself is recorded: they are no acts that a second one reviews."""
_BY_DIGEST = frozenset({"address", "name"})


class SignoffRefused(Exception):
    """A sign-off does not fit. `code`: range, root, filter, changed, twice, note, same, office."""

    def __init__(self, code: str, what: object = "") -> None:
        super().__init__(f"{code}: {what}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Entries `low` <= seq < `high` under the signed tree of `size` entries with `root`."""

    low: int
    high: int
    size: int
    root: bytes
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What a stretch holds, from its bodies.

    `fitting` are the numbers of the entries that fit the filter, `own` acts of the reviewer in
    the stretch, `page` the entries that fit from a number on, `page_end` the first not on it.
    """

    span: Stretch
    query: Query
    reviewer: str
    fitting: Sequence[int]
    own: int
    by_event: Mapping[tuple[str, str], int]
    page: Sequence[Entry]
    page_end: int

    def shown(self, spans: Sequence[tuple[int, int]]) -> tuple[int, int | None]:
        """How many of the fitting were shown by pages `low` <= seq < `high`, and the first not."""
        unseen = [s for s in self.fitting if not any(low <= s < high for low, high in spans)]
        return len(self.fitting) - len(unseen), unseen[0] if unseen else None


def waiting(connection: Connection, low: int, high: int | None = None) -> Stretch | None:
    """The signed entries from `low` on, at most `MOST`; None while there are none.

    Raises SignoffRefused: `range`.
    """
    signed = _signed(connection)
    if signed is None or (high is None and low >= signed.size):
        return None
    if low < 0 or (high is not None and not low < high <= min(signed.size, low + MOST)):
        raise SignoffRefused("range", f"{low} to {high}")
    high = min(signed.size, low + MOST) if high is None else high
    return Stretch(
        low=low,
        high=high,
        size=signed.size,
        root=signed.root,
        first_at=_at(connection, low),
        last_at=_at(connection, high - 1),
    )


def reviewed(
    read: Engine, span: Stretch, query: Query, reviewer: str, *, page_from: int | None = None
) -> Reviewed:
    """Read the bodies of a stretch, each checked against the tree under the signed root.

    Args:
        read: an engine that cannot write.
        span: the stretch.
        query: what fits.
        reviewer: whose own acts are counted.
        page_from: collect a page of entries from this number on.

    Raises:
        SignoffRefused: `changed`, a body is gone or not the one that was sealed; `root`, the
            tiles do not give the root; `filter`, it asks for what bodies do not hold.
    """
    if _BY_DIGEST & (query.include.keys() | query.exclude.keys()):
        raise SignoffRefused("filter")
    counts: Counter[tuple[str, str]] = Counter()
    fitting: list[int] = []
    page: list[Entry] = []
    own, page_end = 0, span.high
    for entry in _entries(read, span):
        row = entry.row
        own += row.actor == reviewer and row.event not in LOOKS
        if not fits(query, row, entry.fields):
            continue
        fitting.append(entry.seq)
        counts[row.event, row.outcome] += 1
        if page_from is not None and entry.seq >= page_from:
            if len(page) < SHOWN_PAGE:
                page.append(entry)
            else:
                page_end = min(page_end, entry.seq)
    return Reviewed(
        span=span,
        query=query,
        reviewer=reviewer,
        fitting=fitting,
        own=own,
        by_event=counts,
        page=page,
        page_end=page_end,
    )


def own_acts(read: Engine, span: Stretch, reviewer: str) -> Sequence[Entry]:
    """What the reviewer did in a stretch, looks left out. Raises SignoffRefused."""
    return [
        entry
        for entry in _entries(read, span)
        if entry.row.actor == reviewer and entry.row.event not in LOOKS
    ]


def bound(read: Engine, *, low: int, high: int, size: int, root: bytes) -> Stretch:
    """The stretch, if the log signed that tree and still has it.

    Raises SignoffRefused: `range`; `root`, the log never was like that.
    """
    with read.connect() as connection:
        now = waiting(connection, low, high)
    if now is None or not high <= size <= now.size:
        raise SignoffRefused("range", f"{low} to {high} of {size}")
    tree = _Tree(read, now.size)
    if tree.root(size) != root or tree.root(now.size) != now.root:
        raise SignoffRefused("root", size)
    return replace(now, size=size, root=root)


def fits(query: Query, row: IndexRow, fields: Mapping[str, Any]) -> bool:
    """Whether an entry, derived from its body, fits a filter."""
    if query.since is not None and row.at < milliseconds(query.since):
        return False
    if query.until is not None and row.at >= milliseconds(query.until):
        return False
    if any(not _one_of(name, row, values) for name, values in query.include.items()):
        return False
    if any(_one_of(name, row, values) for name, values in query.exclude.items()):
        return False
    if not (query.words or query.without):
        return True
    said = list(texts(fields))
    return all(holds(said, term) for term in query.words) and not any(
        holds(said, term) for term in query.without
    )


def _signed(connection: Connection) -> Checkpoint | None:
    note = connection.execute(select(log_state.c.note)).scalar()
    try:
        return None if note is None else Checkpoint.parse(Note.parse(stored_bytes(note)).text)
    except BadNote:
        return None


class _Tree:
    """The tree computed from the roots of its bundles, not from the upper tiles."""

    def __init__(self, read: Engine, size: int) -> None:
        self._tiles = TileHashes(lambda tile: stored_tile(read, tile), size)
        self._at = lru_cache(maxsize=None)(self._made)

    def at(self, height: int, index: int) -> bytes:
        """Fulfils `audit.tree.Hashes`."""
        return self._at(height, index)

    def _made(self, height: int, index: int) -> bytes:
        if height <= TILE_HEIGHT:
            return self._tiles.at(height, index)
        return node(self._at(height - 1, 2 * index), self._at(height - 1, 2 * index + 1))

    def root(self, size: int) -> bytes:
        """The root of the first `size` entries; nothing if tiles are missing."""
        try:
            return root_of(self, size)
        except (ValueError, IndexError):
            return b""

    def leaves(self, number: int, size: int) -> list[bytes]:
        """The leaves of a bundle; none if they do not make its root."""
        width = min(BLOCK, size - number * BLOCK)
        try:
            found = [self._tiles.at(0, number * BLOCK + place) for place in range(width)]
            is_whole = width < BLOCK or fold(found) == self._tiles.at(TILE_HEIGHT, number)
        except (ValueError, IndexError):
            return []
        return found if is_whole else []


def _entries(read: Engine, span: Stretch) -> Iterator[Entry]:
    tree = _Tree(read, span.size)
    if tree.root(span.size) != span.root:
        raise SignoffRefused("root", span.size)
    event = audit_event.c
    with read.connect() as connection:
        for number in range(span.low // BLOCK, -(-span.high // BLOCK)):
            first, leaves = number * BLOCK, tree.leaves(number, span.size)
            start, end = max(span.low, first), min(span.high, first + BLOCK)
            query = select(event.seq, event.eid, event.body).where(
                event.seq.between(start, end - 1)
            )
            rows = connection.execute(query.order_by(event.seq)).all()
            if [row.seq for row in rows] != list(range(start, end)):
                raise SignoffRefused("changed", start)
            for row in rows:
                body = stored_bytes(row.body)
                if not leaves or leaf_hash(body) != leaves[row.seq - first]:
                    raise SignoffRefused("changed", row.seq)
                yield _entry(row.seq, row.eid, body, span.size)


def _entry(seq: int, eid: str, body: bytes, size: int) -> Entry:
    fields = parsed(body)
    row = derive(seq, fields, {})
    return Entry(seq=seq, eid=eid, body=body, fields=fields, row=row, covered_by=size)


def _one_of(name: str, row: IndexRow, values: Sequence[str]) -> bool:
    value: Any = getattr(row, name)
    if name == "event":
        return value in events_of(values)
    return value is not None and str(value) in values


def _at(connection: Connection, seq: int) -> datetime:
    body = connection.execute(select(audit_event.c.body).where(audit_event.c.seq == seq)).scalar()
    said = {} if body is None else parsed(stored_bytes(body))
    return _EPOCH + timedelta(milliseconds=derive(seq, said, {}).at)
