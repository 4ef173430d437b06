"""What others published: our two readers of notes and our witness agree with it, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit import verify
from audit.note import Note, Vkey
from audit.witness import Witness

SIGNED_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONn"
    "cAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SIGNED_NOTE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
COSIGNED = (
    "rome2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n\n"
    "— rome2026h1.example.org kVB1JgAAAZtxtEwABAMARzBFAiEAi+mTa2xjL1IdWpH82OeciGsGvwRAP+f1WkfKaSZC"
    "fFECIHoNPZ/Q3y6UNzvKOO9cuLr6V16vPNfhwhle9f6r5H/Z\n"
    "— witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqK"
    "qLX8jWlwLKasxEGTLIqAVusneCBmBw==\n"
)
COSIGNER = "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"
LITEWITNESS_LOG = "52c05edad1bf5feffa81354faae59a655d9a9a1a793ed2f62c39c26c0be2aecd"
LITEWITNESS_BODY = (
    "old 0\n\n"
    "sigsum.org/v1/tree/985ea163f5af026723561354f51f2ebcdcf2af809ce254ccfb64aa9aadd80f90\n1\n"
    "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    "— sigsum.org/v1/tree/985ea163f5af026723561354f51f2ebcdcf2af809ce254ccfb64aa9aadd80f90 7BKT0gOf"
    "NZ1J0So9unY3BZtm2YkPIoNYM/dce0Z2avJDs8dxN6ts9bOSwwrVrbjm6P9K3ZxpK6jJngOG6YvGGzV/lwo=\n"
)


def test_the_example_of_c2sp_signed_note() -> None:
    key = Vkey.parse(SIGNED_NOTE_KEY)
    assert str(key) == SIGNED_NOTE_KEY
    note = Note.parse(SIGNED_NOTE.encode())
    assert note.verified([key]) == {key: None}
    assert note.encode().decode() == SIGNED_NOTE
    line = note.signatures[0]
    assert verify.ed25519(key.public, note.text.encode(), line.value)
    assert not verify.ed25519(key.public, b"This is another message.\n", line.value)


def test_a_cosignature_type_4_of_sunlights_test_data() -> None:
    """FiloSottile/sunlight, cmd/skylight/testdata/witness; the log's own key is ECDSA."""
    key = Vkey.parse(COSIGNER)
    note = Note.parse(COSIGNED.encode())
    at = int(datetime(2025, 12, 31, tzinfo=UTC).timestamp())
    assert note.verified([key]) == {key: at}
    standalone = verify.parse_checkpoint(COSIGNED.encode())
    assert (standalone.origin, standalone.size) == ("rome2026h1.example.org", 300)
    assert verify.signed_by(standalone, verify.parse_vkey(COSIGNER)) == at


def test_a_request_of_litewitness_own_tests_is_cosigned(tmp_path: Path) -> None:
    """FiloSottile/torchwood, cmd/litewitness/testdata: the checkpoint of a Sigsum log."""
    Witness.create(tmp_path, name="example.com/witness")
    witness = Witness(tmp_path, clock=lambda: datetime.now(UTC))
    assert witness.add_checkpoint(LITEWITNESS_BODY.encode()).status == 404
    origin = LITEWITNESS_BODY.split("\n")[2]
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(LITEWITNESS_LOG))
    log = Vkey(origin, 1, public.public_bytes_raw())
    assert log.key_id.hex() == "ec1293d2"
    witness.trust(log)
    answer = witness.add_checkpoint(LITEWITNESS_BODY.encode())
    assert answer.status == 200
    assert answer.body.startswith("— example.com/witness ".encode())
    assert witness.add_checkpoint(LITEWITNESS_BODY.encode()).body == b"1\n"
