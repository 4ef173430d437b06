"""The Merkle tree: the worked example, every proof, and every proof that must not convince."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worked_example import CONSISTENCY_2_3, ENTRIES, INCLUSION_1, LEAVES, ROOT_2, ROOT_3

from audit.record import leaf_hash
from audit.tree import (
    EMPTY,
    BadProof,
    Frontier,
    Leaves,
    consistency,
    inclusion,
    node,
    root,
    verify_consistency,
    verify_inclusion,
)
from audit.verify import fold

SIZES = st.integers(1, 700)


def leaves(size: int) -> list[bytes]:
    return [sha256(b"%d" % number).digest() for number in range(size)]


def naive_root(rows: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written."""
    if len(rows) <= 1:
        return rows[0] if rows else EMPTY
    k = 1
    while k * 2 < len(rows):
        k *= 2
    return node(naive_root(rows[:k]), naive_root(rows[k:]))


def test_the_worked_example_has_these_hashes_and_proofs() -> None:
    assert tuple(leaf_hash(entry) for entry in ENTRIES) == LEAVES
    tree = Leaves(LEAVES)
    assert (root(tree, 2), root(tree, 3)) == (ROOT_2, ROOT_3)
    assert tuple(b64encode(step).decode() for step in inclusion(tree, 1, 3)) == INCLUSION_1
    assert tuple(b64encode(step).decode() for step in consistency(tree, 2, 3)) == CONSISTENCY_2_3


@given(SIZES)
def test_every_way_to_a_root_is_the_rfcs(size: int) -> None:
    rows = leaves(size)
    expected = naive_root(rows)
    assert root(Leaves(rows), size) == expected
    assert Frontier().grown(rows)[0].root() == expected
    assert fold(rows) == expected


@given(SIZES, st.data())
def test_a_frontier_grown_in_pieces_is_the_same(size: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, size))
    rows = leaves(size)
    first, one = Frontier().grown(rows[:cut])
    second, two = first.grown(rows[cut:])
    whole, all_new = Frontier().grown(rows)
    assert second == whole
    assert {level: one.get(level, []) + two.get(level, []) for level in all_new} == all_new


@given(SIZES, st.data())
def test_an_inclusion_proof_proves_its_own_place_and_no_other(
    size: int, data: st.DataObject
) -> None:
    rows = leaves(size)
    tree, top = Leaves(rows), naive_root(rows)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion(tree, index, size)
    verify_inclusion(rows[index], index=index, size=size, path=path, root=top)
    other = data.draw(st.integers(0, size + 3).filter(lambda n: n != index))
    with pytest.raises(BadProof):
        verify_inclusion(rows[index], index=other, size=size, path=path, root=top)


@given(SIZES, st.data())
def test_a_consistency_proof_proves_growth(size: int, data: st.DataObject) -> None:
    rows = leaves(size)
    old = data.draw(st.integers(0, size))
    path = consistency(Leaves(rows), old, size)
    first, second = naive_root(rows[:old]), naive_root(rows)
    verify_consistency(old=old, new=size, old_root=first, new_root=second, path=path)
    if old not in {0, size}:
        with pytest.raises(BadProof):
            verify_consistency(
                old=old, new=size, old_root=first, new_root=second, path=[*path, path[-1]]
            )
        with pytest.raises(BadProof):
            verify_consistency(old=old, new=size, old_root=bytes(32), new_root=second, path=path)


@given(st.integers(2, 40), st.data())
def test_pymerkles_flaw_no_entry_is_inserted_before_older_ones(
    size: int, data: st.DataObject
) -> None:
    """Shape and size chosen by the prover: a history with forged entries in front."""
    honest = leaves(size)
    forged = [leaf_hash(b"forged 1"), leaf_hash(b"forged 2"), *honest]
    old = data.draw(st.integers(1, size))
    tree = Leaves(forged)
    proofs = [consistency(tree, n, len(forged)) for n in range(1, len(forged) + 1)]
    for path in proofs:
        with pytest.raises(BadProof):
            verify_consistency(
                old=old,
                new=len(forged),
                old_root=naive_root(honest[:old]),
                new_root=naive_root(forged),
                path=path,
            )


@pytest.mark.parametrize("length", [0, 12, 31, 33])
def test_a_hash_of_another_length_is_never_taken(length: int) -> None:
    with pytest.raises(BadProof, match="32 bytes"):
        verify_inclusion(
            LEAVES[0], index=0, size=2, path=[bytes(length)], root=node(LEAVES[0], bytes(length))
        )


def test_an_empty_tree_proves_nothing() -> None:
    with pytest.raises(BadProof):
        verify_inclusion(EMPTY, index=0, size=0, path=[], root=EMPTY)
    with pytest.raises(BadProof):
        verify_consistency(old=0, new=3, old_root=ROOT_2, new_root=ROOT_3, path=[])


def test_a_node_cannot_pass_for_a_leaf() -> None:
    """Second preimage: the inner node's bytes as an entry hash to another leaf."""
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != ROOT_2
