"""Is the index what the entries say? Every row is derived anew and compared, and counted.

Whoever changes only a copied column hides an entry from every search while all proofs hold.
The check reads one moment of the database, so that what is written meanwhile is no alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from audit.index_row import BLOCK, COLUMNS, split, values
from audit.index_tables import audit_block, audit_hour, audit_index, audit_total
from audit.indexer import Found, Indexer, Reach, reach
from audit.sieve import OF_CHAPTER, hiding, marks_in
from audit.stored import stored_bytes
from audit.tally import HourKey, hours, totals
from audit.verify import Report

STEP = 8 * BLOCK
"""Entries that are compared at a time: whole blocks."""


def inspect(
    read: Engine,
    report: Report,
    indexer: Indexer,
    *,
    tell: Callable[[int], None] = lambda _done: None,
) -> None:
    """Add to a report what is wrong with the index. `tell` hears how many entries are done."""
    with moment(read) as connection:
        goes = reach(connection)
        if goes.size == goes.first and goes.sealed:
            report.uncovered.append("the index of the search, which has not been made yet")
            return
        if goes.behind:
            report.uncovered.append(f"{goes.behind} entries that are not indexed yet")
        _Check(connection, report, indexer, goes).run(tell)


class _Check:
    def __init__(
        self, connection: Connection, report: Report, indexer: Indexer, goes: Reach
    ) -> None:
        self._connection = connection
        self._report = report
        self._indexer = indexer
        self._goes = goes
        self._hours: dict[HourKey, int] = {}

    def run(self, tell: Callable[[int], None]) -> None:
        goes = self._goes
        floor = -1
        for start in range(goes.first, goes.size, STEP):
            end = min(goes.size, start + STEP)
            found = self._indexer.derived(self._connection, start, end)
            self._rows(found, start, end)
            self._blocks(found, start, end)
            for key, entries in hours(each.row for each in found).items():
                self._hours[key] = self._hours.get(key, 0) + entries
            if start == goes.first and goes.first:
                floor = max((key[0] for key in self._hours), default=-1)
            tell(end)
        for chapter in range(goes.first // OF_CHAPTER, -(-goes.size // OF_CHAPTER)):
            self._sieve(chapter)
        self._outside()
        self._counts(floor)

    def _rows(self, found: Sequence[Found], start: int, end: int) -> None:
        seq = audit_index.c.seq
        query = select(*(audit_index.c[name] for name in COLUMNS)).where(seq >= start, seq < end)
        kept = {row.seq: tuple(row) for row in self._connection.execute(query)}
        for each in found:
            stored = kept.pop(each.row.seq, None)
            number = each.row.seq
            if stored is None:
                self._report.tampered(number, f"entry {number} is hidden from the search")
            elif stored != (own := tuple(values(each.row).values())):
                wrong = next(n for n, a, b in zip(COLUMNS, stored, own, strict=True) if a != b)
                self._report.tampered(
                    number, f"entry {number}: the search's {wrong} is not its own"
                )
        for number in sorted(kept):
            self._report.tampered(number, f"the search shows an entry {number} that is not there")

    def _blocks(self, found: Sequence[Found], start: int, end: int) -> None:
        block = audit_block.c
        query = select(audit_block).where(
            block.number >= start // BLOCK, block.number <= (end - 1) // BLOCK
        )
        kept = {row.number: row for row in self._connection.execute(query)}
        for number, inside in _by_block(found):
            row = kept.get(number)
            if row is None:
                self._bad_block(self._first_of(inside), "is gone")
                continue
            stored = stored_bytes(row.marks)
            wanted = set().union(*(each.marks for each in inside))
            if split(stored) != wanted or len(stored) != len(wanted) * 4:
                hidden = _first_hidden(inside, split(stored))
                at = self._first_of(inside) if hidden is None else hidden
                self._bad_block(at, "is not the entries' own")
            times = [each.row.at for each in inside]
            if (row.first_at, row.last_at) != (min(times), max(times)):
                self._bad_block(self._first_of(inside), "has other times than its entries")

    def _first_of(self, inside: Sequence[Found]) -> int:
        """Where a block goes wrong: at its entry that is known to be bad, else at its first.

        What is copied for many entries together shows no entry by itself, and must not draw the
        first bad index away from an entry that was deleted or changed.
        """
        first, bad = inside[0].row.seq, self._report.first_bad
        return bad if bad is not None and bad // BLOCK == first // BLOCK else first

    def _bad_block(self, seq: int, what: str) -> None:
        self._report.tampered(seq, f"entry {seq}: the search's list of words for its block {what}")

    def _sieve(self, chapter: int) -> None:
        """The slices of a chapter beside its blocks' marks, which have been looked at."""
        bad = hiding(self._connection, chapter, marks_in(self._connection, chapter))
        if bad is not None:
            seq = max(self._goes.first, bad * BLOCK)
            self._report.tampered(seq, f"entry {seq}: the search's sieve is not its block's own")

    def _outside(self) -> None:
        seq, goes = audit_index.c.seq, self._goes
        query = select(func.min(seq)).where((seq < goes.first) | (seq >= goes.size))
        found = self._connection.execute(query).scalar()
        if found is not None:
            self._report.tampered(found, f"the search has an entry {found} that it cannot know")

    def _counts(self, floor: int) -> None:
        """Hours up to `floor` may count entries that retention has taken since, and so may all."""
        rows = self._connection.execute(select(audit_hour)).all()
        kept: dict[object, object] = {
            tuple(row)[:-1]: row.entries
            for row in rows
            if not isinstance(row.hour, int) or row.hour > floor
        }
        self._same(kept, {k: n for k, n in self._hours.items() if k[0] > floor})
        if not self._goes.first:
            every = self._connection.execute(select(audit_total)).all()
            self._same({tuple(row)[:-1]: row.entries for row in every}, totals(self._hours))

    def _same(self, kept: Mapping[Any, object], own: Mapping[Any, object]) -> None:
        wrong = [key for key in kept.keys() | own.keys() if kept.get(key, 0) != own.get(key, 0)]
        if wrong:
            bad = self._report.first_bad
            self._report.tampered(
                self._goes.first if bad is None else bad,
                f"the search's count of {min(wrong, key=repr)} is not the entries' own",
            )


def _by_block(found: Sequence[Found]) -> Iterator[tuple[int, list[Found]]]:
    kept: dict[int, list[Found]] = {}
    for each in found:
        kept.setdefault(each.row.seq // BLOCK, []).append(each)
    yield from sorted(kept.items())


def _first_hidden(inside: Sequence[Found], stored: set[bytes]) -> int | None:
    """The first entry of the block with a word that the list lacks."""
    return next((each.row.seq for each in inside if not each.marks <= stored), None)


@contextmanager
def moment(read: Engine) -> Iterator[Connection]:
    """A connection that sees one moment however long it reads. SQLite's readers always do."""
    if read.dialect.name == "postgresql":
        read = read.execution_options(isolation_level="REPEATABLE READ")
    with read.connect() as connection:
        yield connection
