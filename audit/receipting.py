"""Receipts for people: the proof that the log holds what they did, in one file.

The file is a `.tlog-proof` that carries the entry itself and the standing key's certificate,
so that it can be verified years later beside the log, or alone, from the first key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, select

from audit.indexer import reach
from audit.note import BadNote, Checkpoint, Note
from audit.proof import Receipt, receipt
from audit.record import canonical
from audit.source import stored_tile
from audit.tables import audit_event, log_state
from audit.tables_anchors import log_cosigned, log_key
from audit.tiles import TileHashes

EVENTS = frozenset(
    {
        "access.refused",
        "audit.exported",
        "break_glass.opened",
        "break_glass.proposed",
        "break_glass.reviewed",
        "grant.ended",
        "grant.given",
        "person.created",
        "person.disabled",
        "person.restored",
        "person.roles_changed",
        "policy.published",
        "report.closed",
        "retention.approved",
        "retention.erased",
        "retention.held",
        "retention.proposed",
        "retention.refused",
        "service.approved",
        "service.changed",
        "session.ended",
        "staff_list.imported",
    }
)
"""Acts for which a receipt is handed out: grants, approvals, changes of roles, exports."""


class NotSealed(Exception):
    """The entry has no signed checkpoint above it yet; that takes about a second."""


class Unprovable(Exception):
    """The log's tiles give no proof of the entry: `hangu audit verify` says what is wrong."""


@dataclass(frozen=True, slots=True)
class Proved:
    """An entry and the file that proves it."""

    index: int
    body: bytes
    receipt: Receipt


def prove(read: Engine, index: int) -> Proved:
    """Make the receipt of entry `index`, under a checkpoint that witnesses signed if one covers it.

    Raises:
        NotSealed: there is no such entry, or no checkpoint covers it yet.
        Unprovable: the tiles are damaged.
    """
    with read.connect() as connection:
        query = select(audit_event.c.body).where(audit_event.c.seq == index)
        body = connection.execute(query).scalar()
        note = _note(connection, index)
        standing = connection.execute(select(log_key.c.standing)).scalar()
    if body is None or note is None:
        raise NotSealed(index)
    size = Checkpoint.parse(note.text).size
    try:
        made = receipt(TileHashes(lambda tile: stored_tile(read, tile), size), index, note)
    except (ValueError, IndexError) as error:
        raise Unprovable(f"entry {index} cannot be proved: {error}") from None
    carried = {"entry": bytes(body).decode()} | ({"standing": standing} if standing else {})
    return Proved(index, bytes(body), replace(made, extra=canonical(carried)))


def _note(connection: Connection, index: int) -> Note | None:
    """A checkpoint above an entry: the one that witnesses signed if it is, else the newest."""
    for query in (select(log_cosigned.c.note), select(log_state.c.note)):
        found = connection.execute(query).scalar()
        if found is None:
            continue
        try:
            note = Note.parse(bytes(found))
            if Checkpoint.parse(note.text).size > index:
                return note
        except BadNote:
            continue
    return None


def unsealed_of(read: Engine, subject: str) -> Sequence[bytes]:
    """Return the bodies of a person's entries that have no number yet, oldest first."""
    mark = b'"sub":' + canonical(subject)
    query = select(audit_event.c.body).where(audit_event.c.seq.is_(None))
    with read.connect() as connection:
        rows = connection.execute(query.order_by(audit_event.c.id).limit(5000))
        return [bytes(row.body) for row in rows if mark in bytes(row.body)]


def bodies(connection: Connection, numbers: Sequence[int]) -> dict[int, bytes]:
    """Return the entries with these numbers, as far as they are there."""
    event = audit_event.c
    query = select(event.seq, event.body).where(event.seq.in_(numbers))
    return {row.seq: bytes(row.body) for row in connection.execute(query)}


def unindexed(connection: Connection, *, most: int = 2000) -> Sequence[int]:
    """Return the numbers of the newest sealed entries that the index does not know yet."""
    goes = reach(connection)
    return range(max(goes.size, goes.sealed - most), goes.sealed)
