"""The Merkle tree of the log: roots, proofs, and their verification.

Source: RFC 6962, section 2.1, and RFC 9162, sections 2.1.3.2 and 2.1.4.2, whose algorithms
stand here as they are written: index and sizes come from the verifier, never from the proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

HASH_BYTES = 32
TILE_HEIGHT = 8
EMPTY = sha256(b"").digest()
"""The root of the tree without entries."""


class BadProof(ValueError):
    """A proof does not show what it is said to show."""


class Hashes(Protocol):
    """Where the roots of complete subtrees come from."""

    def at(self, height: int, index: int) -> bytes:
        """Return the root of the `index`-th complete subtree of 2**height leaves."""


class Leaves:
    """A tree held in memory, for tests and small logs."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        row = list(leaves)
        self._rows = [row]
        while len(row) > 1:
            row = [node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
            self._rows.append(row)

    def at(self, height: int, index: int) -> bytes:
        """Return the root of a complete subtree."""
        return self._rows[height][index]


def node(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """Return the largest power of two below `size` (2 or more)."""
    return 1 << ((size - 1).bit_length() - 1)


def root(hashes: Hashes, size: int) -> bytes:
    """Return the root of the first `size` leaves."""
    return span(hashes, 0, size) if size else EMPTY


def span(hashes: Hashes, start: int, end: int) -> bytes:
    """Return MTH(D[start:end]) for a span that the tree of RFC 6962 has as a node."""
    size = end - start
    height = size.bit_length() - 1
    if size == 1 << height:
        return hashes.at(height, start >> height)
    middle = start + split(size)
    return node(span(hashes, start, middle), span(hashes, middle, end))


def inclusion(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    start, end = 0, size
    path: list[bytes] = []
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(span(hashes, middle, end))
            end = middle
        else:
            path.append(span(hashes, start, middle))
            start = middle
    return path[::-1]


def consistency(hashes: Hashes, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is the beginning of that of `new`.

    Raises:
        ValueError: the sizes are not in order.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not grow from one of {old}")
    if old in {0, new}:
        return []
    start, end = 0, new
    path: list[bytes] = []
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            path.append(span(hashes, middle, end))
            end = middle
        else:
            path.append(span(hashes, start, middle))
            start = middle
    if start:
        path.append(span(hashes, start, end))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf` stands at `index` of the tree with this size and root.

    Raises:
        BadProof: it is not shown (RFC 9162, section 2.1.3.2).
    """
    _require_hashes([root])
    if reached(leaf, index=index, size=size, path=path) != root:
        raise BadProof("the proof leads to another root")


def reached(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root to which a proof leads from `leaf` at `index`.

    Raises:
        BadProof: it is no proof for this place in a tree of this size.
    """
    _require_hashes([leaf, *path])
    if not 0 <= index < size:
        raise BadProof(f"no leaf {index} in a tree of {size}")
    here, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise BadProof("the proof is too long")
        if here & 1 or here == last:
            found = node(step, found)
            here, last = _climb(here, last)
        else:
            found = node(found, step)
        here, last = here >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short")
    return found


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree of `old` leaves is the beginning of the tree of `new`.

    Raises:
        BadProof: it is not shown (RFC 9162, section 2.1.4.2).
    """
    _require_hashes([old_root, new_root, *path])
    if not 0 <= old <= new:
        raise BadProof(f"a tree of {new} does not grow from one of {old}")
    if old in {0, new}:
        expected = new_root if old else EMPTY
        if path or old_root != expected:
            raise BadProof("the two roots are not the same")
        return
    if not path:
        raise BadProof("the proof is empty")
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    _walk_consistency(old - 1, new - 1, steps, old_root, new_root)


def _walk_consistency(
    here: int, last: int, steps: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    while here & 1:
        here, last = here >> 1, last >> 1
    old_found = new_found = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise BadProof("the proof is too long")
        if here & 1 or here == last:
            old_found, new_found = node(step, old_found), node(step, new_found)
            here, last = _climb(here, last)
        else:
            new_found = node(new_found, step)
        here, last = here >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short")
    if (old_found, new_found) != (old_root, new_root):
        raise BadProof("the proof leads to other roots")


def _climb(here: int, last: int) -> tuple[int, int]:
    """Go up past the levels where the right edge has no sibling."""
    while here and not here & 1:
        here, last = here >> 1, last >> 1
    return here, last


def _require_hashes(values: Iterable[bytes]) -> None:
    if any(len(value) != HASH_BYTES for value in values):
        raise BadProof("a hash has 32 bytes")


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that is needed to grow it and to know its root.

    `hashes` are the roots of the complete subtrees, largest first: one for each bit of `size`.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"{len(self.hashes)} hashes are no edge of a tree of {self.size}")

    def root(self) -> bytes:
        """Return the root of the tree."""
        if not self.hashes:
            return EMPTY
        found = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            found = node(left, found)
        return found

    def grown(self, leaves: Sequence[bytes]) -> tuple[Frontier, dict[int, list[bytes]]]:
        """Return the edge after `leaves`, and the new hashes of each tile level, in order."""
        edge, size = list(self.hashes), self.size
        new: dict[int, list[bytes]] = {0: list(leaves)}
        for leaf in leaves:
            found, height, rest = leaf, 0, size
            while rest & 1:
                found = node(edge.pop(), found)
                rest, height = rest >> 1, height + 1
                if height % TILE_HEIGHT == 0:
                    new.setdefault(height // TILE_HEIGHT, []).append(found)
            edge.append(found)
            size += 1
        return Frontier(size, tuple(edge)), new

    def at_level(self, level: int) -> tuple[bytes, ...]:
        """Return the edge's part inside the partial tile of `level`, largest first."""
        above = (self.size >> TILE_HEIGHT * (level + 1)).bit_count()
        width = (self.size >> TILE_HEIGHT * level) % (1 << TILE_HEIGHT)
        return self.hashes[above : above + width.bit_count()]
