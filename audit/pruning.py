"""Retention with provable pruning: what may go, the sealer's word for it, and the going.

    propose (an officer) → approve (another, of another office) → the sealer looks for itself,
    enters `retention.prune`, signed → rows go, at most 5,000 a transaction, hash tiles stay

So what was removed in its time and what was torn out are told apart by anyone who has the
log: the verifier asks for the leaf. Entries that hand over to another key stay for ever.
Source: reference design, section 3.7; c2sp.org/tlog-tiles, "Pruning".
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, func, select, update

from audit.accord_rows import settle
from audit.accords import Accords
from audit.index_row import parsed
from audit.leaves import SEALER
from audit.note import Checkpoint, Note
from audit.record import Event, Json, Record, compose, leaf_hash, timestamp
from audit.stored import stored_bytes
from audit.tables import NUMBERED, audit_event, log_state, log_tile
from audit.tables_anchors import log_hold, log_pruned
from audit.tiles import WIDTH, Tile, TileHashes
from audit.tree import HASH_BYTES, BadProof, Frontier, inclusion, verify_inclusion

FLOOR = timedelta(days=184)
"""Nothing younger ever goes: six months, the longest six there are (Cybersecurity Law, 21(3))."""
TITLE = "hangu.retention.prune/v1"
KEPT = (b'"ev":"key.rotate"', b'"ev":"retention.prune"')
"""What stays when its bundle goes: without it neither keys nor prunings could be followed."""

log = logging.getLogger("hangu.sealer")


class NothingToPrune(Exception):
    """There is no whole bundle that may go; the message says what stands in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What two officers agree on: entries `first` to `to`, exclusive, go.

    `newest` is the time of the youngest among them, `policy` the rule in words.
    """

    first: int
    to: int
    newest: datetime
    policy: str

    def plain(self) -> dict[str, Json]:
        """Return them as JSON."""
        newest = timestamp(self.newest)
        return {"from": self.first, "to": self.to, "newest": newest, "policy": self.policy}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Terms:
        """Read what `plain` wrote. Raises ValueError, KeyError."""
        newest = datetime.fromisoformat(str(plain["newest"]))
        policy = str(plain["policy"])
        return cls(first=int(plain["from"]), to=int(plain["to"]), newest=newest, policy=policy)


def terms(connection: Connection, *, keep: timedelta, now: datetime) -> Terms:
    """Return what may go at present: `due`, cut before the first entry that is too young.

    Such a one lies there only where the clock was set back after it. It is sought among all of
    them, so this takes seconds where a million entries are due.

    Raises:
        NothingToPrune: as `due`.
    """
    found, (limit, why) = due(connection, keep=keep, now=now), _limit(connection, keep, now)
    event = audit_event.c
    inside = (event.seq >= found.first) & (event.seq < found.to)
    first_young = select(func.min(event.seq)).where(inside, event.created >= limit)
    young: int | None = connection.execute(first_young).scalar()
    to = found.to if young is None else young // WIDTH * WIDTH
    if to <= found.first:
        raise NothingToPrune(f"no whole bundle of 256 entries may go: {why}")
    return replace(found, to=to, newest=_newest(connection, found.first, to))


def due(connection: Connection, *, keep: timedelta, now: datetime) -> Terms:
    """Return what may go if time never went back in the log; found at once, for looking at.

    Args:
        connection: to the log.
        keep: how long the office keeps entries; never less than `FLOOR`.
        now: the present.

    Raises:
        NothingToPrune: not a single bundle is old enough and free of holds.
    """
    (limit, why), first = _limit(connection, keep, now), done(connection).upto
    ends = range(first + WIDTH, connection.execute(NUMBERED).scalar_one() + 1, WIDTH)
    low, high = 0, len(ends)  # the first bundle that is too young, by halving
    while low < high:
        middle = (low + high) // 2
        if _newest(connection, ends[middle] - WIDTH, ends[middle]) < limit:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        raise NothingToPrune(f"no whole bundle of 256 entries may go: {why}")
    to = ends[low - 1]
    newest = _newest(connection, to - WIDTH, to)
    return Terms(first=first, to=to, newest=newest, policy=f"{max(keep, FLOOR).days} days")


def _limit(connection: Connection, keep: timedelta, now: datetime) -> tuple[datetime, str]:
    """From when on entries stay, and why."""
    limit, held = now - max(keep, FLOOR), holding(connection)
    if held is not None and held <= limit:
        return held, f"a hold keeps everything since {held}"
    return limit, f"younger than {limit}"


def holding(connection: Connection) -> datetime | None:
    """Return from when on a hold keeps everything, or None."""
    query = select(func.min(log_hold.c.since)).where(log_hold.c.lifted_at.is_(None))
    found: datetime | None = connection.execute(query).scalar()
    return found


@dataclass(frozen=True, slots=True)
class Done:
    """Entries below `upto` may go, those below `done` are gone."""

    upto: int
    done: int
    at: datetime | None


def done(connection: Connection) -> Done:
    """Return how far pruning is."""
    row = connection.execute(select(log_pruned.c.upto, log_pruned.c.done, log_pruned.c.at)).one()
    return Done(row.upto, row.done, row.at)


def is_published(connection: Connection) -> bool:
    """Whether the sealer's word for what may go is under a checkpoint that is published."""
    rows = connection.execute(select(log_state.c.size, log_state.c.note)).one()
    leaf = connection.execute(select(log_pruned.c.leaf)).scalar()
    if leaf is None or rows.note is None:
        return False
    return Checkpoint.parse(Note.parse(bytes(rows.note)).text).size > int(leaf)


def enter(
    connection: Connection,
    known: Accords,
    accords: Accords,
    *,
    zone: str,
    key: Ed25519PrivateKey,
    origin: str,
    sealed: Frontier,
    before: Frontier,
    now: datetime,
) -> tuple[Record | None, Accords]:
    """The sealer's part: enter the next pruning that was agreed on, if it may be.

    The sealer believes what it heard and its own edge of the tree, and nothing else: two
    officers must have agreed, as the entries say; the youngest entry that is to go must be in
    the tree that it signed, and must itself state a time before the floor; so must all others,
    as far as their columns tell. What stays of them, the handing over of keys each hour, shows
    the verifier the same.

    Args:
        connection: in the sealer's transaction.
        known: what officers had agreed on before this round, so that it is under a checkpoint.
        accords: the same after this round; returned without what is used up here.
        zone: which the entry names.
        key: of the present epoch.
        origin: the log's name.
        sealed: the edge as it was signed last.
        before: the edge that the entry will follow.
        now: the present.
    """
    due = [name for name in known.agreed_prunes if name in accords.agreed]
    if not due:
        return None, accords
    request = min(due, key=lambda name: accords.agreed[name].at)
    accord, accords = accords.agreed[request], accords.without({request})
    try:
        agreed = Terms.read(accord.terms)
        _require(connection, agreed, sealed, accords.held_since, now)
    except (NothingToPrune, BadProof, ValueError, LookupError) as why:  # or a tile is torn
        log.warning("pruning %s is not entered: %s", request, why)
        settle(connection, request, "failed", str(why))
        return None, accords
    approvers = (accord.by, accord.second)
    signature = key.sign(stated(agreed, approvers, origin=origin, before=before))
    details: dict[str, Json] = {
        **agreed.plain(),
        "count": agreed.to - agreed.first,
        "root_before": b64encode(before.root()).decode(),
        "approvers": list(approvers),
        "request": request,
        "sig": b64encode(signature).decode(),
    }
    connection.execute(update(log_pruned).values(upto=agreed.to, leaf=before.size, at=now))
    settle(connection, request, "entered", "")
    event = Event(name="retention.prune", actor=SEALER, at=now, zone=zone, details=details)
    return compose(event), replace(accords, pruned=timestamp(agreed.newest))


def stated(agreed: Terms, approvers: tuple[str, str], *, origin: str, before: Frontier) -> bytes:
    """What the sealer signs: the whole of the entry, and the tree that it follows."""
    lines = [TITLE, origin, f"{agreed.first} {agreed.to}", timestamp(agreed.newest)]
    lines += [agreed.policy, *approvers, str(before.size)]
    return "\n".join([*lines, b64encode(before.root()).decode(), ""]).encode()


def _require(
    connection: Connection,
    agreed: Terms,
    sealed: Frontier,
    held: datetime | None,
    now: datetime,
) -> None:
    """Raise unless the terms hold by what the sealer itself knows."""
    if agreed.first != done(connection).upto or agreed.to % WIDTH or agreed.to <= agreed.first:
        raise NothingToPrune("it does not follow the pruning before")
    if agreed.to > sealed.size:
        raise NothingToPrune("it goes beyond what is sealed")
    query = select(audit_event.c.body).where(audit_event.c.seq == agreed.to - 1)
    body = stored_bytes(connection.execute(query).scalar() or b"")
    hashes = TileHashes(lambda tile: _tile(connection, tile), sealed.size)
    verify_inclusion(
        leaf_hash(body),
        index=agreed.to - 1,
        size=sealed.size,
        path=inclusion(hashes, agreed.to - 1, sealed.size),
        root=sealed.root(),
    )
    newest = datetime.fromisoformat(str(parsed(body).get("ts")))
    # Behind a clock that was set back the last entry is not the youngest.
    youngest = max(newest, _newest(connection, agreed.first, agreed.to))
    newest = datetime.fromisoformat(timestamp(youngest))
    if newest != datetime.fromisoformat(timestamp(agreed.newest)):
        raise NothingToPrune("its youngest entry is of another time than was agreed on")
    if now - newest < FLOOR:
        raise NothingToPrune(f"entries of {newest} have not been kept for {FLOOR.days} days")
    if held is not None and newest >= held:
        raise NothingToPrune(f"a hold keeps everything since {held}")


def _tile(connection: Connection, tile: Tile) -> bytes:
    query = select(log_tile.c.hashes).where(
        log_tile.c.level == tile.level, log_tile.c.number == tile.number
    )
    return stored_bytes(connection.execute(query).scalar() or b"")[: HASH_BYTES * tile.width]


def _newest(connection: Connection, first: int, end: int) -> datetime:
    query = select(func.max(audit_event.c.created)).where(
        audit_event.c.seq >= first, audit_event.c.seq < end
    )
    found: datetime = connection.execute(query).scalar_one()
    return found
