"""Entries as they are shown: read from their bodies, checked against tree and index.

What the index says leads to an entry; what is shown of it comes from its body alone, after
the body was found to be the one under the signed checkpoint. Whatever does not fit is named
beside the entry and never left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, select

from audit.index_row import DIGESTED, IndexRow, derive, parsed
from audit.index_tables import audit_index
from audit.note import BadNote, Checkpoint, Note
from audit.proof import Receipt, receipt
from audit.record import leaf_hash
from audit.source import stored_tile
from audit.stored import stored_bytes
from audit.tables import audit_event, audit_secret, log_state
from audit.tiles import TileHashes
from audit.tree import BadProof, Hashes, inclusion, verify_inclusion

MAX_NUMBER = 2**63 - 1
"""Of an entry: what the databases' columns hold."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Flaw(StrEnum):
    """What is wrong with an entry that was found."""

    CHANGED = "changed"  # its body is not the one that was sealed
    COPIED_WRONG = "copied_wrong"  # the index says something else than the body
    GONE = "gone"  # the index knows it, the log has no body


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sealed entry. `row` is derived from the body; `covered_by` a signed tree's size.

    `covered_by` is None while no signed checkpoint covers it, or if it does not fit the tree.
    """

    seq: int
    eid: str
    body: bytes
    fields: Mapping[str, Any]
    row: IndexRow
    covered_by: int | None
    flaw: Flaw | None = None

    @property
    def at(self) -> datetime:
        """When it was entered; the epoch itself if it does not say."""
        return _EPOCH + timedelta(milliseconds=self.row.at)

    @property
    def details(self) -> Mapping[str, Any]:
        """What the entry says beyond the common fields."""
        found = self.fields.get("d")
        return found if isinstance(found, dict) else {}

    @property
    def rules(self) -> Sequence[str]:
        """The ids of the rules that decided."""
        found = self.fields.get("rules")
        return [str(each) for each in found] if isinstance(found, list) else []

    @property
    def personal(self) -> Sequence[str]:
        """The names of its personal fields, whose values are kept apart."""
        found = self.fields.get("c")
        return sorted(found) if isinstance(found, dict) else ()


class Reader:
    """Reads entries by their numbers or ids."""

    def __init__(self, read: Engine) -> None:
        self._read = read

    def entries(self, rows: Sequence[IndexRow]) -> list[Entry]:
        """The entries that these rows of the index stand for, in the same order."""
        if not rows:
            return []
        with self._read.connect() as connection:
            bodies = self._bodies(connection, [row.seq for row in rows])
        tree = self._tree()
        return [_checked(row, bodies.get(row.seq), tree) for row in rows]

    def one(self, seq: int) -> Entry | None:
        """The sealed entry with this number, indexed or not; None if there is none."""
        if seq > MAX_NUMBER:
            return None
        with self._read.connect() as connection:
            bodies = self._bodies(connection, [seq])
            kept = connection.execute(select(audit_index).where(audit_index.c.seq == seq)).first()
        if seq not in bodies and kept is None:
            return None
        row = None if kept is None else IndexRow(**kept._mapping)  # noqa: SLF001 - a public name
        entry = _checked(row or _unindexed(seq), bodies.get(seq), self._tree())
        # Not indexed yet is no flaw: the indexer is a moment behind.
        early = row is None and entry.flaw is Flaw.COPIED_WRONG
        return replace(entry, flaw=None) if early else entry

    def receipt(self, seq: int) -> Receipt | None:
        """The proof that entry `seq` is in the signed log; None while nothing signed covers it."""
        tree = self._tree()
        if tree is None or not 0 <= seq < tree.signed.size:
            return None
        try:
            return receipt(tree.hashes, seq, tree.note)
        except (ValueError, IndexError):
            return None

    def number_of(self, eid: str) -> int | None:
        """The number of the entry with this id, once it is sealed."""
        with self._read.connect() as connection:
            query = select(audit_event.c.seq).where(audit_event.c.eid == eid)
            return connection.execute(query).scalar()

    def values(self, eid: str) -> Sequence[tuple[str, bytes, bytes]]:
        """The kept personal values of an entry: field, salt, sealed value."""
        secret = audit_secret.c
        query = select(secret.field, secret.salt, secret.value).where(secret.eid == eid)
        with self._read.connect() as connection:
            return [
                (row.field, stored_bytes(row.salt), stored_bytes(row.value))
                for row in connection.execute(query.order_by(secret.field))
            ]

    @staticmethod
    def _bodies(connection: Connection, seqs: Sequence[int]) -> dict[int, tuple[str, bytes]]:
        event = audit_event.c
        query = select(event.seq, event.eid, event.body).where(event.seq.in_(seqs))
        return {row.seq: (row.eid, stored_bytes(row.body)) for row in connection.execute(query)}

    def _tree(self) -> _Tree | None:
        with self._read.connect() as connection:
            note = connection.execute(select(log_state.c.note)).scalar()
        try:
            parsed_note = Note.parse(stored_bytes(note or b""))
            signed = Checkpoint.parse(parsed_note.text)
        except BadNote:
            return None
        tiles = TileHashes(lambda tile: stored_tile(self._read, tile), signed.size)
        return _Tree(parsed_note, signed, _Known(tiles))


class _Known:
    """The tree's hashes, each computed once: the entries of a page share most of them."""

    def __init__(self, hashes: Hashes) -> None:
        self.at = lru_cache(maxsize=4096)(hashes.at)


@dataclass(frozen=True, slots=True)
class _Tree:
    note: Note
    signed: Checkpoint
    hashes: _Known

    def holds(self, seq: int, body: bytes) -> bool:
        """Whether the body is entry `seq` under the signed root."""
        signed = self.signed
        try:
            path = inclusion(self.hashes, seq, signed.size)
            verify_inclusion(
                leaf_hash(body), index=seq, size=signed.size, path=path, root=signed.root
            )
        except (BadProof, ValueError, IndexError):
            return False
        return True


def _checked(row: IndexRow, kept: tuple[str, bytes] | None, tree: _Tree | None) -> Entry:
    if kept is None:
        return Entry(
            seq=row.seq, eid="", body=b"", fields={}, row=row, covered_by=None, flaw=Flaw.GONE
        )
    eid, body = kept
    fields = parsed(body)
    digests = {"src_ip": row.address, "login": row.name}
    own = derive(row.seq, fields, {k: v for k, v in digests.items() if k in DIGESTED and v})
    flaw = None if own == row else Flaw.COPIED_WRONG
    covered = tree.signed.size if tree is not None and row.seq < tree.signed.size else None
    if tree is not None and covered is not None and not tree.holds(row.seq, body):
        flaw, covered = Flaw.CHANGED, None
    return Entry(
        seq=row.seq, eid=eid, body=body, fields=fields, row=own, covered_by=covered, flaw=flaw
    )


def _unindexed(seq: int) -> IndexRow:
    return derive(seq, {}, {})
