"""The indexer: copies sealed entries into the search's tables, in the order of the log.

It runs behind the sealer, in transactions of its own, so that no business commit waits for
it. Its place is kept in the database, in the same transaction as its rows: killed at any
moment it goes on where it was, and two at once wait for each other. It needs the keys, for
addresses and sign-in names are indexed by keyed digests; the sealer needs none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from audit import tally
from audit.beside import Unseal
from audit.index_row import (
    BLOCK,
    DIGESTED,
    FORM,
    Blind,
    IndexRow,
    derive,
    digest,
    joined,
    marks,
    parsed,
    split,
    values,
)
from audit.index_tables import (
    audit_block,
    audit_hour,
    audit_index,
    audit_index_state,
    audit_sieve,
    audit_total,
)
from audit.sieve import CHAPTER, OF_CHAPTER, is_laid, lay, lift, marks_in, next_chapter, sieve_of
from audit.stored import stored_bytes
from audit.tables import audit_event, audit_secret, log_state
from audit.tables_anchors import log_pruned

BATCH = 2048
"""Entries of one transaction: what waits for the writer's place meanwhile waits some 50 ms."""
COPIES = (audit_index, audit_block, audit_sieve, audit_hour, audit_total)

Begin = Callable[[], AbstractContextManager[Connection]]

log = logging.getLogger("hangu.indexer")


@dataclass(frozen=True, slots=True)
class Reach:
    """The index holds the sealed entries `first` <= seq < `size`; `sealed` are in the log."""

    first: int
    size: int
    sealed: int

    @property
    def behind(self) -> int:
        """How many sealed entries it does not know yet."""
        return max(0, self.sealed - self.size)


def reach(connection: Connection) -> Reach:
    """How far the index goes. An index of another form, or none, goes nowhere."""
    state = audit_index_state.c
    row = connection.execute(
        select(state.first, state.size, log_state.c.size.label("sealed"))
        .select_from(log_state)
        .outerjoin(audit_index_state, state.form == FORM)
    ).first()
    if row is None:
        return Reach(0, 0, 0)
    # SQLite keeps whatever type was written: what is no number goes nowhere.
    return Reach(*(each if isinstance(each, int) else 0 for each in row))


@dataclass(frozen=True, slots=True)
class Found:
    """An entry with all that the search derives from it."""

    row: IndexRow
    marks: set[bytes]


class Indexer:
    """Keeps the index of one zone.

    Args:
        begin: opens a transaction that may write the index.
        read: an engine that cannot write.
        unseal, blind: open a personal value, and digest it.
    """

    def __init__(self, *, begin: Begin, read: Engine, unseal: Unseal, blind: Blind) -> None:
        self._begin = begin
        self._read = read
        self._unseal = unseal
        self._blind = blind

    def round(self) -> int:
        """Index up to `BATCH` sealed entries; return how many. Raises SQLAlchemyError."""
        with self._read.connect() as connection:
            at = reach(connection)
        if not at.behind:
            return 0
        with self._begin() as connection:
            size = _settled(connection)
            found = self.derived(connection, size, size + BATCH)
            if found:
                _store(connection, found)
                connection.execute(update(audit_index_state).values(size=found[-1].row.seq + 1))
        self._lay_next()
        return len(found)

    def rebuild(self, *, tell: Callable[[int], None] = lambda _done: None) -> int:
        """Make the index anew from the entries; return how many it holds.

        It may be interrupted: the running zone goes on with it. `tell` hears how many are done.
        """
        with self._begin() as connection:
            _clear(connection)
        return self.catch_up(tell=tell)

    def catch_up(self, *, tell: Callable[[int], None] = lambda _done: None) -> int:
        """Index every sealed entry that is not indexed yet; return how many there were."""
        done = 0
        while more := self.round():
            done += more
            tell(done)
        while self._lay_next():
            pass
        return done

    def _lay_next(self) -> bool:
        """Lay the next chapter of the sieve, if there is one; it is made before anybody waits."""
        with self._read.connect() as connection:
            goes = reach(connection)
            chapter = next_chapter(connection, first=goes.first, size=goes.size)
            if chapter is None:
                return False
            made = sieve_of(marks_in(connection, chapter))
        with self._begin() as connection:
            _settled(connection)  # two at once wait for each other
            if next_chapter(connection, first=goes.first, size=goes.size) == chapter:
                lay(connection, chapter, made)
        return True

    def renew(self, seqs: Sequence[int]) -> None:
        """Derive these rows anew, after personal values of theirs were erased."""
        with self._begin() as connection:
            for seq in seqs:
                for each in self.derived(connection, seq, seq + 1):
                    same = audit_index.c.seq == seq
                    connection.execute(update(audit_index).where(same).values(values(each.row)))
            numbers = {seq // BLOCK for seq in seqs}
            for number in numbers:
                found = self.derived(connection, number * BLOCK, (number + 1) * BLOCK)
                whole = set().union(*(each.marks for each in found))
                connection.execute(
                    update(audit_block)
                    .where(audit_block.c.number == number)
                    .values(marks=joined(whole))
                )
            for chapter in {number // CHAPTER for number in numbers}:
                if is_laid(connection, chapter):
                    lay(connection, chapter, sieve_of(marks_in(connection, chapter)))

    def derived(self, connection: Connection, start: int, end: int) -> list[Found]:
        """What the bodies of the sealed entries `start` <= seq < `end` say, in their order."""
        event = audit_event.c
        query = (
            select(event.seq, event.eid, event.body)
            .where(event.seq >= start, event.seq < end)
            .order_by(event.seq)
        )
        rows = connection.execute(query).all()
        digests = self._digests(connection, start, end)
        return [_found(row.seq, stored_bytes(row.body), digests.get(row.eid, {})) for row in rows]

    def _digests(
        self, connection: Connection, start: int, end: int
    ) -> Mapping[str, Mapping[str, str]]:
        secret = audit_secret.c
        query = (
            select(secret.eid, secret.field, secret.value)
            .join(audit_event, audit_event.c.eid == secret.eid)
            .where(
                audit_event.c.seq >= start,
                audit_event.c.seq < end,
                secret.field.in_(DIGESTED),
            )
        )
        found: dict[str, dict[str, str]] = {}
        for row in connection.execute(query):
            plain = self._unseal(row.eid, row.field, stored_bytes(row.value))
            if plain is not None:
                value = plain.decode("utf-8", "replace")
                found.setdefault(row.eid, {})[row.field] = digest(self._blind, row.field, value)
        return found


def forget(connection: Connection, *, below: int) -> None:
    """Drop what the index holds of entries that retention took: the blocks below `below`.

    Retention takes whole bundles of 256 entries, and so does this.
    """
    connection.execute(delete(audit_index).where(audit_index.c.seq < below))
    connection.execute(delete(audit_block).where(audit_block.c.number < below // BLOCK))
    lift(connection, below=below // OF_CHAPTER)
    connection.execute(
        update(audit_index_state).where(audit_index_state.c.first < below).values(first=below)
    )


def _found(seq: int, body: bytes, digests: Mapping[str, str]) -> Found:
    entry = parsed(body)
    row = derive(seq, entry, digests)
    return Found(row, marks(entry, row))


def _settled(connection: Connection) -> int:
    """Take the indexer's place; return the next number.

    An index of another form is dropped, and so is one whose end is not where its place says.
    """
    state = audit_index_state.c
    row = connection.execute(
        select(state.form, state.first, state.size).with_for_update(of=audit_index_state)
    ).first()
    if row is not None:
        last = connection.execute(select(func.max(audit_index.c.seq))).scalar()
        if row.form == FORM and row.size == (row.first if last is None else last + 1):
            return int(row.size)
        log.warning("the index of the search does not fit and is made anew")
    _clear(connection)
    return int(connection.execute(select(state.size)).scalar_one())


def _clear(connection: Connection) -> None:
    for table in (*COPIES, audit_index_state):
        connection.execute(delete(table))
    # Not the least number there is: of pruned bundles, single entries stay.
    first = connection.execute(select(log_pruned.c.done)).scalar() or 0
    connection.execute(insert(audit_index_state).values(id=1, form=FORM, first=first, size=first))


def _store(connection: Connection, found: Sequence[Found]) -> None:
    connection.execute(insert(audit_index), [values(each.row) for each in found])
    by_block: dict[int, list[Found]] = {}
    for each in found:
        by_block.setdefault(each.row.seq // BLOCK, []).append(each)
    for number, inside in by_block.items():
        _store_block(connection, number, inside)
    tally.count(connection, [each.row for each in found])


def _store_block(connection: Connection, number: int, inside: Sequence[Found]) -> None:
    block = audit_block.c
    times = [each.row.at for each in inside]
    whole = set().union(*(each.marks for each in inside))
    before = connection.execute(select(audit_block).where(block.number == number)).first()
    if before is None:
        row = {"first_at": min(times), "last_at": max(times), "marks": joined(whole)}
        connection.execute(insert(audit_block).values(number=number, **row))
        return
    row = {
        "first_at": min(before.first_at, *times),
        "last_at": max(before.last_at, *times),
        "marks": joined(whole | split(stored_bytes(before.marks))),
    }
    connection.execute(update(audit_block).where(block.number == number).values(**row))
