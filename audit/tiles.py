"""The log as files: hash tiles and entry bundles, their names and their bytes.

Source: c2sp.org/tlog-tiles. A tile holds up to 256 hashes of one level; a bundle the
entries below a tile of level 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from audit.record import MAX_BODY
from audit.tree import HASH_BYTES, TILE_HEIGHT, node

WIDTH = 1 << TILE_HEIGHT
"""Hashes of a full tile, entries of a full bundle."""
LEVELS = 64
_GROUP = 1000


class BadBundle(ValueError):
    """An entry bundle cannot be read."""


class Tile(NamedTuple):
    """One hash tile: its level, its number there, and how many hashes it holds (1 to 256)."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its name, e.g. `tile/0/x001/x234/067.p/8`."""
        return f"tile/{self.level}/{_name(self.number, self.width)}"


def bundle_path(number: int, width: int = WIDTH) -> str:
    """Return the name of an entry bundle, e.g. `tile/entries/000.p/3`."""
    return f"tile/entries/{_name(number, width)}"


def _name(number: int, width: int) -> str:
    groups = [f"{number % _GROUP:03d}"]
    while number := number // _GROUP:
        groups.insert(0, f"x{number % _GROUP:03d}")
    return "/".join(groups) + ("" if width == WIDTH else f".p/{width}")


def tiles(size: int) -> Iterator[Tile]:
    """All tiles of a tree of `size` leaves, level by level."""
    for level in range(LEVELS):
        count = size >> TILE_HEIGHT * level
        if not count:
            return
        for number in range(count // WIDTH):
            yield Tile(level, number)
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)


def bundles(size: int) -> Iterator[tuple[int, int]]:
    """The (number, width) of every entry bundle of a log of `size` entries."""
    for number in range((size + WIDTH - 1) // WIDTH):
        yield number, min(WIDTH, size - number * WIDTH)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bytes of a bundle: each entry after its length in 16 bits, big-endian.

    Raises:
        BadBundle: an entry is empty or longer than 65535 bytes.
    """
    if any(not 0 < len(entry) <= MAX_BODY for entry in entries):
        raise BadBundle("an entry has 1 to 65535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        BadBundle: it ends inside an entry, or holds an empty one or more than 256.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if not entry or len(entry) != length or len(entries) == WIDTH:
            raise BadBundle(f"cannot be read from byte {at} on")
        entries.append(entry)
        at += 2 + length
    return entries


class TileHashes:
    """The hashes of a tree of `size` leaves, read from its tiles as they are needed.

    Args:
        read: returns the hashes of a tile in their order, at least `tile.width` of them.
        size: of the tree.
    """

    def __init__(self, read: Callable[[Tile], bytes], size: int) -> None:
        self._size = size
        self._read = lru_cache(maxsize=256)(read)

    def at(self, height: int, index: int) -> bytes:
        """Return the root of a complete subtree."""
        level, inside = divmod(height, TILE_HEIGHT)
        first = index << inside
        number = first // WIDTH
        count = self._size >> TILE_HEIGHT * level
        data = self._read(Tile(level, number, min(WIDTH, count - number * WIDTH)))
        start = first % WIDTH
        row = split_hashes(data)[start : start + (1 << inside)]
        return fold(row)


def split_hashes(data: bytes) -> list[bytes]:
    """Return the hashes that stand one after the other in `data`."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def fold(row: Sequence[bytes]) -> bytes:
    """Return the root over a row of 2**n hashes."""
    row = list(row)
    while len(row) > 1:
        row = [node(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def edge(row: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the roots of the complete subtrees of a row of hashes, largest first."""
    found: list[bytes] = []
    at = 0
    for bit in reversed(range(len(row).bit_length())):
        if len(row) >> bit & 1:
            found.append(fold(row[at : at + (1 << bit)]))
            at += 1 << bit
    return tuple(found)
