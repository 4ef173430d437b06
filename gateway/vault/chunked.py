"""c2sp.org/chunked-encryption v1: the one byte format for fields, files and wrapped keys.

    salt (24) || commitment (32) || chunk 0 || chunk 1 || ...

Each chunk is 16 KiB of plaintext and a 16-byte tag; the last one is always shorter, possibly
empty, which is how truncation at a chunk border shows. The context is bound by the commitment,
so a ciphertext in the wrong place is refused before anything is decrypted.

Two suites: Cobblestone-256 as published, with its public vectors, and the same construction on
SM4-GCM (RFC 8998) and SM3 for bodies that need the Chinese profile. The second has no public
vectors; ours are in the tests.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from secrets import token_bytes
from typing import BinaryIO, ClassVar, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from gateway.refusals import Refused

CHUNK = 16 * 1024
TAG = 16
SALT = 24
COMMITMENT = 32
HEADER = SALT + COMMITMENT
NONCE = 12
MAX_CHUNKS = 2**38
"""The format's own limit, 4 PiB of plaintext."""

_INFO = b"c2sp.org/chunked-encryption@v1+"


class Flaw(StrEnum):
    """What was wrong with sealed bytes; for the log, never for the page."""

    HEADER = "header"
    SUITE = "suite"
    ZONE = "zone"
    KEY = "key"
    COMMITMENT = "commitment"
    CHUNK = "chunk"
    TRUNCATED = "truncated"
    TEXT = "text"


class Unopenable(Refused):
    """Sealed bytes are not what was sealed here, under this key, for this place.

    Whoever asked learns only the code. `flaw` and `where` (table.column and row, or a file's
    name) are for the log and the audit record.
    """

    code: ClassVar[str] = "unopenable"

    def __init__(self, flaw: Flaw, where: str = "") -> None:
        super().__init__(flaw.value, where)
        self.flaw = flaw
        self.where = where


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: None, /) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: None, /) -> bytes: ...


class _Sm4Gcm:
    """AEAD_SM4_GCM (RFC 8998, 12-byte nonce, 16-byte tag) with AESGCM's manners."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, _associated_data: None, /) -> bytes:
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, _associated_data: None, /) -> bytes:
        decryptor = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG:])).decryptor()
        plaintext = decryptor.update(data[:-TAG])
        return plaintext + decryptor.finalize()  # raises before any plaintext is returned


@dataclass(frozen=True, slots=True)
class Suite:
    """One AEAD with one hash. `number` is the suite byte of the envelope."""

    number: int
    aead: str
    key_size: int
    kdf_hash: hashes.HashAlgorithm
    index_hash: hashes.HashAlgorithm
    cipher: type[AESGCM | _Sm4Gcm]


AES_256 = Suite(1, "AEAD_AES_256_GCM", 32, hashes.SHA512(), hashes.SHA256(), AESGCM)
SM4 = Suite(2, "AEAD_SM4_GCM", 16, hashes.SM3(), hashes.SM3(), _Sm4Gcm)
SUITES = {suite.number: suite for suite in (AES_256, SM4)}


def expand(suite: Suite, key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand (RFC 5869, 2.3) of a uniformly random `key` with the suite's hash."""
    return HKDFExpand(suite.kdf_hash, length, info).derive(key)


@dataclass(frozen=True, slots=True)
class _Message:
    """The single-use secrets of one message."""

    aead: _Aead
    base_nonce: int
    commitment: bytes

    def nonce(self, counter: int) -> bytes:
        if counter >= MAX_CHUNKS:
            raise Unopenable(Flaw.CHUNK)
        return (self.base_nonce ^ counter).to_bytes(NONCE, "big")


def _derive(suite: Suite, key: bytes, salt: bytes, context: bytes) -> _Message:
    if len(key) != suite.key_size:
        raise ValueError(f"{suite.aead} takes a key of {suite.key_size} bytes")
    info = _INFO + suite.aead.encode() + b"\0" + salt + context
    secrets = expand(suite, key, info, suite.key_size + NONCE + COMMITMENT)
    message_key, rest = secrets[: suite.key_size], secrets[suite.key_size :]
    return _Message(suite.cipher(message_key), int.from_bytes(rest[:NONCE], "big"), rest[NONCE:])


def _read(source: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end: raw sources may answer short in between."""
    parts: list[bytes] = []
    while size > 0 and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def encrypting(source: BinaryIO, *, suite: Suite, key: bytes, context: bytes) -> Iterator[bytes]:
    """Yield the ciphertext of everything `source` holds: the header, then chunk by chunk.

    Raises ValueError on a key of the wrong length.
    """
    salt = token_bytes(SALT)
    message = _derive(suite, key, salt, context)
    yield salt + message.commitment
    counter, size = 0, CHUNK
    while size == CHUNK:
        plaintext = _read(source, CHUNK)
        size = len(plaintext)
        yield message.aead.encrypt(message.nonce(counter), plaintext, None)
        counter += 1


def decrypting(source: BinaryIO, *, suite: Suite, key: bytes, context: bytes) -> Iterator[bytes]:
    """Yield the plaintext, each chunk authenticated, the commitment before the first of them.

    The message is whole only when the iterator ends without `Unopenable`: a reader that may
    not act on a prefix calls `verify` first, or uses `decrypt`.
    """
    header = _read(source, HEADER)
    if len(header) < HEADER:
        raise Unopenable(Flaw.TRUNCATED)
    message = _derive(suite, key, header[:SALT], context)
    if not hmac.compare_digest(message.commitment, header[SALT:]):
        raise Unopenable(Flaw.COMMITMENT)
    counter, size = 0, CHUNK + TAG
    while size == CHUNK + TAG:
        ciphertext = _read(source, CHUNK + TAG)
        size = len(ciphertext)
        if size < TAG:
            raise Unopenable(Flaw.TRUNCATED)
        yield _open_chunk(message, counter, ciphertext)
        counter += 1


def _open_chunk(message: _Message, counter: int, ciphertext: bytes) -> bytes:
    nonce = message.nonce(counter)
    try:
        return message.aead.decrypt(nonce, ciphertext, None)
    except InvalidTag:
        raise Unopenable(Flaw.CHUNK) from None


def encrypt(plaintext: bytes, *, suite: Suite, key: bytes, context: bytes) -> bytes:
    """Encrypt one value. Adds 72 bytes, and 16 more for every full 16 KiB."""
    return b"".join(encrypting(BytesIO(plaintext), suite=suite, key=key, context=context))


def decrypt(ciphertext: bytes, *, suite: Suite, key: bytes, context: bytes) -> bytes:
    """Decrypt one value whole. Raises `Unopenable`."""
    return b"".join(decrypting(BytesIO(ciphertext), suite=suite, key=key, context=context))


def verify(source: BinaryIO, *, suite: Suite, key: bytes, context: bytes) -> int:
    """Read `source` to its last chunk and return the plaintext's length in bytes.

    Run before the first byte of a protected download leaves. Raises `Unopenable`.
    """
    return sum(map(len, decrypting(source, suite=suite, key=key, context=context)))
