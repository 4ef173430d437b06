"""The database read as a tlog-tiles folder: what the verifier and the export see of it.

The newest checkpoint is read once and pins the size, so that writers may go on meanwhile:
what lies below a published size never changes, and tiles only grow.
"""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import Connection, Engine, func, select, type_coerce
from sqlalchemy.types import NullType

from audit import pruning
from audit.beside import Unseal, inspect_erased, stamp, wrong_columns, wrong_secrets
from audit.note import BadNote, Checkpoint, Note
from audit.record import MAX_BODY
from audit.stored import stored_bytes
from audit.tables import audit_event, log_checkpoint, log_state, log_tile
from audit.tables_anchors import log_cosigned, log_key
from audit.tiles import WIDTH, Tile, TileHashes, encode_bundle
from audit.tree import HASH_BYTES
from audit.verify import Report

AHEAD = 16
"""Bundles that one query fetches."""

BEHIND = timedelta(seconds=150)
"""How far a cosigned checkpoint may lie behind the newest to be taken for it."""
GAP = b"?"
"""What stands in a bundle for an entry that is gone: no entry, so the verifier names it."""

_NAME = re.compile(r"tile/(entries|\d{1,2})/((?:x\d{3}/)*\d{3})(?:\.p/(\d{1,3}))?")


class DatabaseSource:
    """A zone's log as files. Serves one export or verification, then is thrown away.

    Args:
        read: an engine that cannot write.
        first_key: the log's first verifier key.
        policy: the trust policy to hand out with it.
        witnessed: take the newest cosigned checkpoint for the newest, if it is of these
            minutes: what others are handed is what witnesses have seen, whole.
    """

    def __init__(
        self, read: Engine, *, first_key: str, policy: str, witnessed: bool = False
    ) -> None:
        self._read = read
        self._files = {"first-key": f"{first_key}\n".encode(), "policy": policy.encode()}
        self._bundles: dict[int, dict[int, bytes]] = {}
        self.wrong_columns: dict[int, str] = {}
        with read.connect() as connection:
            newest = connection.execute(select(log_state.c.note, log_state.c.published)).first()
            seen = connection.execute(select(log_cosigned.c.note, log_cosigned.c.at)).first()
            older = connection.execute(select(log_checkpoint.c.size, log_checkpoint.c.note))
            self._pruned = pruning.done(connection)
            keys = connection.execute(select(log_key.c.first_key, log_key.c.standing)).first()
            self._older = {
                int(row.size): stored_bytes(row.note) for row in older if _is_whole(row.size)
            }
        self._stated_key = first_key if keys is None else str(keys.first_key)
        if keys is not None:
            self._files["standing"] = str(keys.standing).encode()
        found = None if newest is None else newest.note
        note = None if found is None else stored_bytes(found)
        cosigned = None if seen is None else stored_bytes(seen.note)
        published, at = newest and newest.published, seen and seen.at
        is_recent = bool(published and at and published - at < BEHIND)
        if _is_ahead(cosigned, note) or (witnessed and is_recent):
            note = cosigned
        self.note: bytes | None = note
        stated = _checkpoint(note)
        self.size = stated.size if stated else 0
        if note is not None:
            self._files["checkpoint"] = note
        if cosigned is not None and cosigned != note:
            self._files["cosigned"] = cosigned

    def sizes(self) -> list[int]:
        """The sizes of the older checkpoints that lie within the newest."""
        return sorted(size for size in self._older if 0 <= size <= self.size)

    def read(self, path: str) -> bytes | None:
        """The bytes of one file of the folder, or None if there is none."""
        if path.startswith("checkpoints/"):
            return self._older.get(int(path.removeprefix("checkpoints/")))
        if path == "kept":
            return self._kept()
        match = _NAME.fullmatch(path)
        if match is None:
            return self._files.get(path)
        number = int(match[2].replace("x", "").replace("/", ""))
        width = int(match[3] or WIDTH)
        if match[1] == "entries":
            return self._bundle(number, width)
        return self.tile(Tile(int(match[1]), number, width)) or None

    def tile(self, tile: Tile) -> bytes:
        """The hashes of a tile; fewer than its width if they are not there."""
        return stored_tile(self._read, tile)

    def hashes(self) -> TileHashes:
        """The tree under the newest checkpoint, for making proofs."""
        return TileHashes(self.tile, self.size)

    def _bundle(self, number: int, width: int) -> bytes | None:
        if number not in self._bundles:
            self._fetch(number)
        found = self._bundles.pop(number, {})
        whole = all(at in found for at in range(width))
        # What is pruned goes by whole bundles; of those, single entries stay, as `kept`.
        if not found or (not whole and (number + 1) * WIDTH <= self._pruned.upto):
            return None
        return encode_bundle([found.get(at, GAP) for at in range(width)])

    def _kept(self) -> bytes | None:
        """The entries that stay when their bundle is pruned, one a line after its number."""
        query = select(audit_event.c.seq, audit_event.c.body).where(
            audit_event.c.seq < self._pruned.upto
        )
        lines: list[bytes] = []
        with self._read.connect() as connection:
            for row in connection.execute(query.order_by(audit_event.c.seq)):
                body = stored_bytes(row.body)
                if any(name in body for name in pruning.KEPT):
                    lines.append(f"{row.seq} ".encode() + body + b"\n")
        return b"".join(lines) or None

    def _fetch(self, number: int) -> None:
        """Read the next bundles: their entries, each by its place."""
        start, end = number * WIDTH, min(self.size, (number + AHEAD) * WIDTH)
        event = audit_event.c
        query = (
            select(
                *(event.seq, event.eid, event.body, event.leaf),
                type_coerce(event.created, NullType).label("created"),
            )
            .where(event.seq >= start, event.seq < end)
            .order_by(event.seq)
        )
        self._bundles = {}
        with self._read.connect() as connection:
            for row in connection.execute(query):
                body = stored_bytes(row.body)
                wrong = wrong_columns(row.eid, body, stored_bytes(row.leaf), stamp(row.created))
                if wrong:
                    self.wrong_columns[row.seq] = wrong
                if 0 < len(body) <= MAX_BODY:
                    self._bundles.setdefault(row.seq // WIDTH, {})[row.seq % WIDTH] = body

    def inspect(self, report: Report, *, unseal: Unseal | None = None) -> None:
        """After a verification: add what a folder cannot show.

        The columns beside the bodies, entries outside of the numbering, personal values
        that do not fit their commitments, and what is not sealed yet.
        """
        if self._stated_key != self._files["first-key"].decode().strip():
            report.tampered(0, f"the first key beside the log is another: {self._stated_key}")
        for seq, wrong in sorted(self.wrong_columns.items()):
            report.tampered(seq, f"entry {seq}: {wrong} beside the body is not the body's own")
        with self._read.connect() as connection:
            self._inspect_numbers(connection, report)
            for seq, column in wrong_secrets(connection, unseal) if unseal else ():
                report.tampered(seq, f"entry {seq}: the kept value of {column} is not its own")
            if unseal:
                inspect_erased(connection, report)

    def _inspect_numbers(self, connection: Connection, report: Report) -> None:
        event = audit_event.c
        # One statement sees one moment: sealing goes on meanwhile.
        state = connection.execute(
            select(
                *(log_state.c.size, log_state.c.root, log_state.c.note),
                select(func.max(event.seq)).scalar_subquery().label("last"),
                select(func.min(event.seq)).scalar_subquery().label("first"),
            )
        ).first()
        if state is None:
            report.tampered(0, "the log's state is gone")
            return
        if not _is_whole(state.size) or not _is_whole(state.last or 0):
            report.tampered(0, "numbers that are none")
            return
        count = 0 if state.last is None else state.last + 1
        pruned = _is_whole(state.first) and state.first <= self._pruned.upto
        if count != state.size or not (pruned or state.first is None):
            index = max(0, min(count, state.size))
            report.tampered(index, f"the numbers go from {state.first} to {state.last}")
        stated = _checkpoint(None if state.note is None else stored_bytes(state.note))
        if stated and stated.size >= state.size and stated.root != state.root:
            report.tampered(state.size, "the log's state is not what was signed")
        waiting = connection.execute(select(func.count()).where(event.seq.is_(None))).scalar_one()
        if waiting:
            report.uncovered.append(f"{waiting} entries that are not sealed yet")


def stored_tile(read: Engine, tile: Tile) -> bytes:
    """The hashes of a tile in the database; fewer than its width if they are not there."""
    query = select(log_tile.c.hashes).where(
        log_tile.c.level == tile.level, log_tile.c.number == tile.number
    )
    with read.connect() as connection:
        found = stored_bytes(connection.execute(query).scalar() or b"")
    return found[: HASH_BYTES * tile.width]


def _checkpoint(note: bytes | None) -> Checkpoint | None:
    try:
        return Checkpoint.parse(Note.parse(note).text) if note else None
    except BadNote:
        return None  # the verifier says what is wrong with it


def _is_ahead(cosigned: bytes | None, note: bytes | None) -> bool:
    """Whether witnesses cosigned what is not published yet: they are asked meanwhile."""
    seen, published = _checkpoint(cosigned), _checkpoint(note)
    return seen is not None and published is not None and seen.size > published.size


def _is_whole(value: object) -> bool:
    return isinstance(value, int)
