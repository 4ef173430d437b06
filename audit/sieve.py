"""The sieve: which blocks of the log may hold a word, for 256 blocks at a look.

A block's marks say exactly which words it holds, but to look through all of them is to read a
fortieth of the log. Each block also has a signature of 16,384 bits, in which each of its marks
sets three. The signatures of 256 blocks, a chapter, are kept bit by bit: all first bits, all
second bits, and so on. So a word costs three reads of 32 bytes a chapter, and of the blocks
without it about one in sixty passes; those are asked for their marks. Nothing passes by that
holds the word. Source: bit-sliced signature files, Faloutsos and Christodoulakis, ACM TOIS 2(4),
1984; Goodwin et al., "BitFunnel", SIGIR 2017.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, delete, func, insert, select

from audit.index_row import BLOCK, MARK
from audit.index_tables import audit_block, audit_sieve
from audit.stored import stored_bytes

CHAPTER = 256
"""Blocks whose signatures are kept together."""
OF_CHAPTER = CHAPTER * BLOCK
"""Entries of a chapter."""
BITS = 16_384
"""Bits of a signature: about ten for each mark of a usual block."""
SLICE = CHAPTER // 8
"""Bytes of one bit of all signatures of a chapter."""
IN_ROW = 32
"""Slices in one row: 1 KiB, which either database keeps in one piece."""
ROWS = BITS // IN_ROW
_MOST = 96
"""Slices that one look reads of a chapter, at most; what is left of the question waits."""
_AT_ONCE = 2000
_ALL = (1 << CHAPTER) - 1

Alternatives = Sequence[Collection[bytes]]
"""Marks, of which a block must hold all of one collection."""


def positions(mark: bytes) -> tuple[int, int, int]:
    """Which bits of a signature a mark sets."""
    low, high = int.from_bytes(mark[:2], "big"), int.from_bytes(mark[2:], "big")
    return low % BITS, (low + high) % BITS, (low + 2 * high + 1) % BITS


def sieve_of(marks: Mapping[int, bytes]) -> bytes:
    """The slices of a chapter, from its blocks' marks as they are stored."""
    made = bytearray(BITS * SLICE)
    for number, stored in marks.items():
        byte, bit = divmod(number % CHAPTER, 8)
        set_bits: set[int] = set()
        for at in range(0, len(stored), MARK):
            set_bits.update(positions(stored[at : at + MARK]))
        for each in set_bits:
            made[each * SLICE + byte] |= 1 << bit
    return bytes(made)


def marks_in(connection: Connection, chapter: int) -> dict[int, bytes]:
    """The marks of a chapter's blocks."""
    block = audit_block.c
    query = select(block.number, block.marks).where(
        block.number >= chapter * CHAPTER, block.number < (chapter + 1) * CHAPTER
    )
    return {row.number: stored_bytes(row.marks) for row in connection.execute(query)}


def lay(connection: Connection, chapter: int, made: bytes) -> None:
    """Store a chapter's slices, in place of what there was."""
    row, size = audit_sieve.c.number, IN_ROW * SLICE
    connection.execute(delete(audit_sieve).where(row >= chapter * ROWS, row < (chapter + 1) * ROWS))
    connection.execute(
        insert(audit_sieve),
        [
            {"number": chapter * ROWS + at, "slices": made[at * size : (at + 1) * size]}
            for at in range(ROWS)
        ],
    )


def lift(connection: Connection, *, below: int) -> None:
    """Drop the chapters below one."""
    connection.execute(delete(audit_sieve).where(audit_sieve.c.number < below * ROWS))


def is_laid(connection: Connection, chapter: int) -> bool:
    """Whether a chapter's slices are kept."""
    query = select(audit_sieve.c.number).where(audit_sieve.c.number == chapter * ROWS)
    return connection.execute(query).first() is not None


def hiding(connection: Connection, chapter: int, marks: Mapping[int, bytes]) -> int | None:
    """The first block of a chapter whose bits are not its marks' own; None if there is none.

    A chapter that is not laid keeps nothing back. One that begins with blocks that retention
    took has their bits still.
    """
    row = audit_sieve.c.number
    inside = (row >= chapter * ROWS, row < (chapter + 1) * ROWS)
    query = select(audit_sieve.c.slices).where(*inside).order_by(row)
    kept = [stored_bytes(each) for each in connection.execute(query).scalars()]
    first = min(marks, default=chapter * CHAPTER)
    if not kept:
        return None
    if len(kept) != ROWS or any(len(each) != IN_ROW * SLICE for each in kept):
        return first
    wrong = 0
    own, stored = sieve_of(marks), b"".join(kept)
    for at in range(0, len(own), SLICE):
        if own[at : at + SLICE] != stored[at : at + SLICE]:
            pair = (int.from_bytes(each[at : at + SLICE], "little") for each in (own, stored))
            wrong |= next(pair) ^ next(pair)
    taken = (1 << first % CHAPTER) - 1
    return next(_numbers(chapter, wrong & ~taken), None)


def next_chapter(connection: Connection, *, first: int, size: int) -> int | None:
    """The next chapter to be laid, if the index, which holds `first` <= seq < `size`, has it."""
    last = connection.execute(select(func.max(audit_sieve.c.number))).scalar()
    following = first // OF_CHAPTER if last is None else last // ROWS + 1
    return following if (following + 1) * OF_CHAPTER <= size else None


def passing(
    connection: Connection, asked: Iterable[Alternatives], *, low: int, high: int
) -> list[int] | None:
    """The blocks `low` <= number <= `high` that may hold what is asked: one of each alternatives.

    None if the sieve keeps nothing back. Blocks of chapters that are not laid all pass.
    """
    kept = _affordable(asked)
    if not kept:
        return None
    wanted = {bit for group in kept for marks in group for mark in marks for bit in positions(mark)}
    chapters = range(low // CHAPTER, high // CHAPTER + 1)
    found = _slices(connection, chapters, wanted)
    numbers: list[int] = []
    for chapter in chapters:
        numbers += _numbers(chapter, _bits(kept, found.get(chapter, {})))
    return [number for number in numbers if low <= number <= high]


def _affordable(asked: Iterable[Alternatives]) -> list[Alternatives]:
    """As much of the question as may be looked up; less lets more pass, never fewer."""
    kept: list[Alternatives] = []
    room = _MOST
    for group in sorted(asked, key=_cost):
        if _cost(group) <= room and all(group):
            kept.append(group)
            room -= _cost(group)
    return kept


def _cost(group: Alternatives) -> int:
    return 3 * sum(len(marks) for marks in group)


def _slices(
    connection: Connection, chapters: Sequence[int], wanted: Collection[int]
) -> dict[int, dict[int, int]]:
    """The wanted bits of each chapter, each as a number with one bit a block."""
    rows: dict[int, list[int]] = {}
    for bit in wanted:
        rows.setdefault(bit // IN_ROW, []).append(bit)
    numbers = [chapter * ROWS + row for chapter in chapters for row in sorted(rows)]
    found: dict[int, dict[int, int]] = {}
    for some in (numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE)):
        query = select(audit_sieve).where(audit_sieve.c.number.in_(some))
        for number, stored in connection.execute(query):
            chapter, row = divmod(number, ROWS)
            slices = stored_bytes(stored)
            if len(slices) != IN_ROW * SLICE:
                continue
            for bit in rows[row]:
                at = bit % IN_ROW * SLICE
                piece = int.from_bytes(slices[at : at + SLICE], "little")
                found.setdefault(chapter, {})[bit] = piece
    return found


def _bits(kept: Sequence[Alternatives], found: Mapping[int, int]) -> int:
    """Which blocks of a chapter pass. A slice that is not there keeps nothing back."""
    passed = _ALL
    for group in kept:
        some = 0
        for marks in group:
            every = _ALL
            for mark in marks:
                for bit in positions(mark):
                    every &= found.get(bit, _ALL)
            some |= every
        passed &= some
    return passed


def _numbers(chapter: int, passed: int) -> Iterator[int]:
    while passed:
        lowest = passed & -passed
        yield chapter * CHAPTER + lowest.bit_length() - 1
        passed ^= lowest
