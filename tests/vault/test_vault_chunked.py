"""The byte format: public vectors, an independent derivation, and attacks on the bytes."""

from __future__ import annotations

import hmac
import json
import zlib
from hashlib import sha512
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.vault import chunked
from gateway.vault.chunked import AES_256, CHUNK, HEADER, SM4, TAG, Suite, Unopenable
from gateway.vault.files import decrypt_file, encrypt_file

VECTORS = json.loads((Path(__file__).parent / "cobblestone_256.json").read_text())["tests"]
SUITES = [AES_256, SM4]
BORDERS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7]


def key_of(suite: Suite) -> bytes:
    return bytes(range(suite.key_size))


def sealed(suite: Suite, plaintext: bytes, context: bytes = b"here") -> bytes:
    return chunked.encrypt(plaintext, suite=suite, key=key_of(suite), context=context)


def opened(suite: Suite, ciphertext: bytes, context: bytes = b"here") -> bytes:
    return chunked.decrypt(ciphertext, suite=suite, key=key_of(suite), context=context)


class Dribble(BytesIO):
    """A source that answers at most 1000 bytes a time, as pipes do."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Answer short."""
        return super().read(min(size if size and size > 0 else 1000, 1000))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"tc{vector['tcId']}")
def test_public_vectors_of_cobblestone_256_agree(vector: dict[str, Any]) -> None:
    ciphertext = zlib.decompress(bytes.fromhex(vector["ct"]))
    key, context = bytes.fromhex(vector["key"]), bytes.fromhex(vector["ctx"])
    if "flaw" in vector:
        with pytest.raises(Unopenable) as caught:
            chunked.decrypt(ciphertext, suite=AES_256, key=key, context=context)
        assert caught.value.flaw == vector["flaw"]
        return
    plaintext = chunked.decrypt(ciphertext, suite=AES_256, key=key, context=context)
    assert len(plaintext) == vector["msgLength"]
    assert sha512(plaintext).hexdigest() == vector["msgSha512"]


def plain_expand(name: str, key: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, 2.3, written out."""
    out, block, counter = b"", b"", 0
    while len(out) < length:
        counter += 1
        block = hmac.digest(key, block + info + bytes([counter]), name)
        out += block
    return out[:length]


def plain_aead(suite: Suite, key: bytes, nonce: bytes, data: bytes) -> bytes:
    if suite is AES_256:
        return AESGCM(key).encrypt(nonce, data, None)
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    return encryptor.update(data) + encryptor.finalize() + encryptor.tag


def rederive(suite: Suite, key: bytes, salt: bytes, context: bytes, plaintext: bytes) -> bytes:
    """The format from the specification's text alone, without a line of ours."""
    name, digest = {1: (b"AEAD_AES_256_GCM", "sha512"), 2: (b"AEAD_SM4_GCM", "sm3")}[suite.number]
    info = b"c2sp.org/chunked-encryption@v1+" + name + b"\x00" + salt + context
    size = len(key)
    made = plain_expand(digest, key, info, size + 12 + 32)
    out = salt + made[size + 12 :]
    for k in range(len(plaintext) // 16384 + 1):
        base = made[size : size + 12]
        nonce = bytes(a ^ b for a, b in zip(base, k.to_bytes(12, "big"), strict=True))
        out += plain_aead(suite, made[:size], nonce, plaintext[k * 16384 : (k + 1) * 16384])
    return out


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.aead)
@pytest.mark.parametrize("size", BORDERS)
def test_ciphertext_equals_an_independent_derivation(suite: Suite, size: int) -> None:
    plaintext = bytes(i % 251 for i in range(size))
    ciphertext = sealed(suite, plaintext, b"a context\x00")
    again = rederive(suite, key_of(suite), ciphertext[:24], b"a context\x00", plaintext)
    assert ciphertext == again


KNOWN = {
    # Ours, for others to check against: key 00 01 …, salt 24 times a5, context "here",
    # plaintext "函谷". The SM4 combination has no public vectors.
    1: (
        "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5de5609bd12b025245bef1ee196083c7f"
        "d103d4fb8011e820124fc28c12f16c10a703f389e1ec6be3ac705b2c0462e1b3e9f961ffa532"
    ),
    2: (
        "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a57685be52602df91ba149749109e350eb"
        "fc3961934383248faefa627ff3763bfdd7217d1e26746d2af30ec4f7fadbb87626bac0cfb2c7"
    ),
}


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.aead)
def test_published_known_answers_open(suite: Suite) -> None:
    ciphertext = bytes.fromhex(KNOWN[suite.number])
    assert opened(suite, ciphertext) == "函谷".encode()


@given(
    plaintext=st.binary(max_size=200), context=st.binary(max_size=60), which=st.sampled_from(SUITES)
)
def test_what_was_encrypted_is_what_comes_back(
    plaintext: bytes, context: bytes, which: Suite
) -> None:
    ciphertext = sealed(which, plaintext, context)
    assert opened(which, ciphertext, context) == plaintext
    assert len(ciphertext) == len(plaintext) + HEADER + TAG


@given(data=st.data(), which=st.sampled_from(SUITES))
def test_any_single_flipped_bit_refuses(data: st.DataObject, which: Suite) -> None:
    ciphertext = bytearray(sealed(which, data.draw(st.binary(max_size=80))))
    bit = data.draw(st.integers(0, len(ciphertext) * 8 - 1))
    ciphertext[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unopenable):
        opened(which, bytes(ciphertext))


@settings(max_examples=30)
@given(size=st.sampled_from(BORDERS), data=st.data(), which=st.sampled_from(SUITES))
def test_t6_any_truncation_refuses(size: int, data: st.DataObject, which: Suite) -> None:
    ciphertext = sealed(which, bytes(size))
    kept = data.draw(st.integers(0, len(ciphertext) - 1))
    with pytest.raises(Unopenable):
        opened(which, ciphertext[:kept])


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.aead)
@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_t6_truncation_at_each_chunk_border_refuses(suite: Suite, kept: int) -> None:
    ciphertext = sealed(suite, bytes(3 * CHUNK))
    cut = ciphertext[: HEADER + kept * (CHUNK + TAG)]
    with pytest.raises(Unopenable) as caught:
        opened(suite, cut)
    assert caught.value.flaw == "truncated"


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.aead)
@pytest.mark.parametrize("order", [(1, 0, 2), (0, 0, 2), (1, 2), (0, 2), (2,), (0, 1, 1, 2)])
def test_t6_reordered_doubled_and_dropped_chunks_refuse(
    suite: Suite, order: tuple[int, ...]
) -> None:
    ciphertext = sealed(suite, bytes(2 * CHUNK) + b"end")
    body = ciphertext[HEADER:]
    chunks = [body[i : i + CHUNK + TAG] for i in range(0, len(body), CHUNK + TAG)]
    with pytest.raises(Unopenable):
        opened(suite, ciphertext[:HEADER] + b"".join(chunks[i] for i in order))


@given(garbage=st.binary(min_size=1, max_size=50), size=st.sampled_from([0, 5, CHUNK]))
@settings(max_examples=30)
def test_t6_appended_garbage_refuses(garbage: bytes, size: int) -> None:
    with pytest.raises(Unopenable):
        opened(AES_256, sealed(AES_256, bytes(size)) + garbage)


def test_the_other_suite_never_opens() -> None:
    with pytest.raises(Unopenable) as caught:
        opened(SM4, sealed(AES_256, b"text"))
    assert caught.value.flaw == "commitment"


def test_commitment_is_checked_before_the_first_chunk_is_read() -> None:
    ciphertext = bytearray(sealed(AES_256, bytes(2 * CHUNK)))
    ciphertext[30] ^= 1
    source = BytesIO(ciphertext)
    with pytest.raises(Unopenable):
        next(chunked.decrypting(source, suite=AES_256, key=key_of(AES_256), context=b"here"))
    assert source.tell() == HEADER


@pytest.mark.parametrize("size", [15, 16, 31, 33])
def test_a_key_of_another_length_is_a_bug_of_the_caller(size: int) -> None:
    with pytest.raises(ValueError, match="takes a key of 32 bytes"):
        chunked.encrypt(b"", suite=AES_256, key=bytes(size), context=b"")


def test_no_salt_comes_twice() -> None:
    salts = {sealed(AES_256, b"same")[:24] for _ in range(2000)}
    assert len(salts) == 2000


def test_the_counter_stops_at_the_formats_limit() -> None:
    message = chunked._derive(AES_256, key_of(AES_256), bytes(24), b"")
    assert len(message.nonce(chunked.MAX_CHUNKS - 1)) == 12
    with pytest.raises(Unopenable):
        message.nonce(chunked.MAX_CHUNKS)


@pytest.mark.parametrize("size", BORDERS)
def test_streaming_from_a_dribbling_source_gives_the_same(size: int) -> None:
    plaintext = bytes(i % 253 for i in range(size))
    arguments: dict[str, Any] = {"suite": AES_256, "key": key_of(AES_256), "context": b"here"}
    ciphertext = b"".join(chunked.encrypting(Dribble(plaintext), **arguments))
    assert opened(AES_256, ciphertext) == plaintext
    assert b"".join(chunked.decrypting(Dribble(ciphertext), **arguments)) == plaintext
    assert chunked.verify(Dribble(ciphertext), **arguments) == size


def test_t6_a_file_comes_back_whole(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"suite": AES_256, "key": key_of(AES_256), "context": b"file"}
    plaintext = bytes(range(256)) * 300
    encrypt_file(BytesIO(plaintext), tmp_path / "sealed", **arguments)
    with (tmp_path / "sealed").open("rb") as source:
        decrypt_file(source, tmp_path / "clear", **arguments)
    assert (tmp_path / "clear").read_bytes() == plaintext
    assert (tmp_path / "sealed").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"sealed", "clear"}


@pytest.mark.parametrize("kept", [HEADER + CHUNK + TAG, HEADER + 2 * (CHUNK + TAG), 20])
def test_t6_a_truncated_file_releases_nothing(tmp_path: Path, kept: int) -> None:
    ciphertext = sealed(AES_256, bytes(2 * CHUNK + 5), b"file")
    arguments: dict[str, Any] = {"suite": AES_256, "key": key_of(AES_256), "context": b"file"}
    with pytest.raises(Unopenable):
        decrypt_file(BytesIO(ciphertext[:kept]), tmp_path / "clear", **arguments)
    assert list(tmp_path.iterdir()) == []
