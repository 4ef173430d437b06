"""Signed notes, checkpoints, cosignatures and receipts, to the byte."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worked_example import (
    CHECKPOINT,
    COSIGNED_AT,
    ENTRIES,
    LEAVES,
    LOG_KEY,
    LOG_VKEY,
    ORIGIN,
    ROOT_3,
    WITNESS,
    WITNESS_KEY,
    WITNESS_VKEY,
)

from audit import verify as standalone
from audit.note import COSIGNATURE, BadNote, Checkpoint, Note, Vkey, cosign, sign, vkey_of
from audit.proof import Receipt, receipt
from audit.record import Secret, commitment, leaf_hash
from audit.tree import BadProof, Leaves

LOG, WITNESS_ITSELF = Vkey.parse(LOG_VKEY), Vkey.parse(WITNESS_VKEY)


def test_the_worked_example_has_these_keys_and_signatures() -> None:
    assert str(vkey_of(LOG_KEY, name=ORIGIN)) == LOG_VKEY
    assert str(vkey_of(WITNESS_KEY, name=WITNESS, algorithm=COSIGNATURE)) == WITNESS_VKEY
    text = Checkpoint(ORIGIN, 3, ROOT_3).text()
    note = sign(text, name=ORIGIN, key=LOG_KEY)
    assert cosign(note, name=WITNESS, key=WITNESS_KEY, at=COSIGNED_AT).encode() == CHECKPOINT


def test_the_worked_example_is_accepted_by_both_verifiers() -> None:
    note = Note.parse(CHECKPOINT)
    assert note.encode() == CHECKPOINT
    assert note.verified([LOG, WITNESS_ITSELF]) == {LOG: None, WITNESS_ITSELF: COSIGNED_AT}
    assert Checkpoint.parse(note.text) == Checkpoint(ORIGIN, 3, ROOT_3)
    other = standalone.parse_checkpoint(CHECKPOINT)
    assert (other.origin, other.size, other.root) == (ORIGIN, 3, ROOT_3)
    assert standalone.signed_by(other, standalone.parse_vkey(LOG_VKEY)) == 0
    assert standalone.signed_by(other, standalone.parse_vkey(WITNESS_VKEY)) == COSIGNED_AT


def test_the_commitment_of_the_worked_example() -> None:
    secret = Secret(field="src_ip", salt=bytes(range(16)), value="10.1.2.3")
    assert f'"{commitment(secret)}"'.encode() in ENTRIES[1]


def test_the_note_of_the_specification_is_accepted() -> None:
    """golang.org/x/mod/sumdb/note, example; the key PeterNeumann."""
    key = Vkey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvq"
        "fqdngotpRZb6KE6RyyBwJnAM=\n"
    ).encode()
    assert Note.parse(note).verified([key]) == {key: None}


@given(st.integers(0, len(CHECKPOINT) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_checkpoint_is_accepted(at: int, flip: int) -> None:
    """Both implementations: refused as a form, as a signature, or by an unknown key."""
    data = bytearray(CHECKPOINT)
    data[at] ^= flip
    signed: dict[Vkey, int | None] = {}
    with suppress(BadNote):
        signed = Note.parse(bytes(data)).verified([LOG, WITNESS_ITSELF])
    assert len(signed) < 2
    found = []
    try:
        note = standalone.parse_checkpoint(bytes(data))
        found = [standalone.signed_by(note, standalone.parse_vkey(k)) for k in
                 (LOG_VKEY, WITNESS_VKEY)]  # fmt: skip
    except standalone.Wrong:
        pass
    assert None in found or not found


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"gateway.example/audit\n3\n",
        CHECKPOINT[:-1],
        CHECKPOINT.replace(b"\n\n", b"\n"),
        CHECKPOINT.replace(b"audit\n3", b"audit\r\n3"),
        CHECKPOINT + b"\n",
        CHECKPOINT.replace("—".encode(), b"-"),
        CHECKPOINT.replace(b"AA==", b"AB=="),
        b"\xff" + CHECKPOINT,
        CHECKPOINT + b"\xe2\x80\x94 a+b cpZm/wAAAABp\n",
        CHECKPOINT + b"\xe2\x80\x94 ab cpZm\n" * 101,
        b"x" * 1_000_001,
    ],
)
def test_a_note_of_another_form_is_refused_by_both(bad: bytes) -> None:
    with pytest.raises(BadNote):
        Checkpoint.parse(Note.parse(bad).text)
    with pytest.raises(standalone.Wrong):
        standalone.parse_checkpoint(bad)


@pytest.mark.parametrize(
    "text",
    [
        "o\n03\n854oEotXw0wu+0xqTH/Ll7LKhbrARop1x/RnFu5o5Vc=\n",
        "o\n-3\n854oEotXw0wu+0xqTH/Ll7LKhbrARop1x/RnFu5o5Vc=\n",
        "o\n٣\n854oEotXw0wu+0xqTH/Ll7LKhbrARop1x/RnFu5o5Vc=\n",
        "o\n9223372036854775808\n854oEotXw0wu+0xqTH/Ll7LKhbrARop1x/RnFu5o5Vc=\n",
        "\n3\n854oEotXw0wu+0xqTH/Ll7LKhbrARop1x/RnFu5o5Vc=\n",
        "o\n3\n854oEotXw0wu\n",
        "o\n3\n",
    ],
)
def test_a_checkpoint_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        Checkpoint.parse(text)


def test_an_unknown_key_is_ignored_and_a_known_one_must_be_right() -> None:
    note = Note.parse(CHECKPOINT)
    assert note.verified([LOG]) == {LOG: None}
    with pytest.raises(BadNote, match="no known key"):
        note.verified([Vkey(ORIGIN, 1, bytes(32))])
    wrong = Note(note.text.replace("\n3\n", "\n4\n"), note.signatures)
    with pytest.raises(BadNote, match="is wrong"):
        wrong.verified([LOG])


def test_a_receipt_goes_through_a_file_and_proves_only_its_entry() -> None:
    made = receipt(Leaves(LEAVES), 1, Note.parse(CHECKPOINT))
    read = Receipt.parse(made.encode())
    assert read == made
    assert read.verify(leaf_hash(ENTRIES[1]), [LOG]).size == 3
    for other in (0, 2):
        with pytest.raises(BadProof):
            read.verify(LEAVES[other], [LOG])
    with pytest.raises(BadNote):
        read.verify(LEAVES[1], [WITNESS_ITSELF])
    extra = Receipt(1, made.path, CHECKPOINT, b"what it is about")
    assert Receipt.parse(extra.encode()) == extra


@pytest.mark.parametrize(
    "bad", [b"", b"c2sp.org/tlog-proof@v1\n\n", b"c2sp.org/tlog-proof@v1\nindex 01\n\nx",
            b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx", b"c2sp.org/tlog-proof@v2\nindex 1\n\nx"]
)  # fmt: skip
def test_a_receipt_of_another_form_is_refused(bad: bytes) -> None:
    with pytest.raises(BadProof):
        Receipt.parse(bad)
