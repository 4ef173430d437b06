"""Tile names, tile counts, bundles, and proofs read from tiles."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import verify as standalone
from audit.tiles import (
    BadBundle,
    Tile,
    TileHashes,
    bundle_path,
    bundles,
    decode_bundle,
    edge,
    encode_bundle,
    tiles,
)
from audit.tree import Frontier, Leaves, consistency, inclusion, root

ENTRIES = st.lists(st.binary(min_size=1, max_size=300), max_size=256)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (Tile(0, 1234067, 8).path, "tile/0/x001/x234/067.p/8"),
        (Tile(3, 5).path, "tile/3/005"),
        (bundle_path(1000), "tile/entries/x001/000"),
        (bundle_path(0, 3), "tile/entries/000.p/3"),
        (Tile(63, 999, 255).path, "tile/63/999.p/255"),
    ],
)
def test_a_tile_has_the_name_of_the_specification(path: str, expected: str) -> None:
    assert path == expected


def test_a_tree_of_70000_has_the_specifications_tiles() -> None:
    found = list(tiles(70_000))
    assert [tile for tile in found if tile.width < 256] == [
        Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1),
    ]  # fmt: skip
    assert sum(tile.level == 0 for tile in found) == 274
    assert list(bundles(70_000))[-1] == (273, 112)


@given(st.integers(0, 2**40), st.integers(1, 256))
def test_the_standalone_verifier_names_files_likewise(number: int, width: int) -> None:
    assert standalone.path("0", number, width) == Tile(0, number, width).path
    assert standalone.path("entries", number, width) == bundle_path(number, width)


@given(ENTRIES)
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]) -> None:
    data = encode_bundle(entries)
    assert decode_bundle(data) == entries
    assert standalone.decode(data) == entries


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_bundle_in_exactly_one_way_or_none(data: bytes) -> None:
    try:
        entries = decode_bundle(data)
    except BadBundle:
        return
    assert encode_bundle(entries) == data
    assert standalone.decode(data) == entries


@pytest.mark.parametrize("bad", [b"\x00\x00", b"\x00", b"\x00\x05abc", b"\x00\x01a" * 257])
def test_a_broken_bundle_is_refused(bad: bytes) -> None:
    with pytest.raises(BadBundle):
        decode_bundle(bad)


@pytest.mark.parametrize("entry", [b"", b"x" * 65_536])
def test_an_entry_that_no_bundle_can_hold_is_refused(entry: bytes) -> None:
    with pytest.raises(BadBundle):
        encode_bundle([entry])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 1500), st.data())
def test_proofs_from_tiles_are_those_of_the_tree(size: int, data: st.DataObject) -> None:
    leaves = [sha256(b"%d" % number).digest() for number in range(size)]
    levels = Frontier().grown(leaves)[1]

    def read(tile: Tile) -> bytes:
        row = levels[tile.level][tile.number * 256 :][: tile.width]
        assert len(row) == tile.width
        return b"".join(row)

    stored, tree = TileHashes(read, size), Leaves(leaves)
    assert root(stored, size) == root(tree, size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert inclusion(stored, index, size) == inclusion(tree, index, size)
    assert consistency(stored, old, size) == consistency(tree, old, size)


@given(st.integers(0, 600))
def test_the_partial_tiles_edge_is_part_of_the_frontier(size: int) -> None:
    rows = [bytes(32)] * (size % 256)
    frontier, _ = Frontier().grown([bytes(32)] * size)
    assert frontier.at_level(0) == edge(rows)
