"""Signed notes, the checkpoints and cosignatures made of them, and the keys that check them.

Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature.
Parsing is strict: what is accepted has exactly one form.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from audit.tree import HASH_BYTES

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_NOTE = 1_000_000  # bytes
MAX_SIGNATURES = 100
PUBLIC_BYTES = 32
_KEY_ID = 4
_DASH = "— "
_TIME = 8
_CHECKPOINT_LINES = 3
_VKEY_PARTS = 3


class BadNote(ValueError):
    """A note, checkpoint or key is not of the form it must have, or its signature is wrong."""


@dataclass(frozen=True, slots=True)
class Vkey:
    """A public key with its name: `name+hex(key id)+base64(type || key)`."""

    name: str
    algorithm: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Vkey:
        """Read the text form. Raises BadNote."""
        parts = text.split("+", 2)  # base64 may hold a plus, a name may not
        if len(parts) != _VKEY_PARTS:
            raise BadNote("a verifier key has three parts")
        name, stated, encoded = parts
        material = from_base64(encoded)
        key = cls(checked_name(name), material[0] if material else 0, material[1:])
        if key.algorithm not in {ED25519, COSIGNATURE} or len(key.public) != PUBLIC_BYTES:
            raise BadNote("a verifier key of an unknown type")
        if stated != key.key_id.hex():
            raise BadNote("a verifier key whose id is not its own")
        return key

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || 0x0A || type || public key)."""
        return sha256(self.name.encode() + b"\n" + self._material()).digest()[:_KEY_ID]

    def _material(self) -> bytes:
        return bytes([self.algorithm]) + self.public

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self._material()).decode()}"

    def check(self, text: str, signature: Signature) -> int | None:
        """Check a signature of this key over a note's text; return a cosignature's time.

        Raises:
            BadNote: the signature is wrong. The time is in seconds since 1970.
        """
        value, message, at = signature.value, text.encode(), None
        if self.algorithm == COSIGNATURE:
            at = int.from_bytes(value[:_TIME], "big")
            value, message = value[_TIME:], cosigned(text, at)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(value, message)
        except (InvalidSignature, ValueError):
            raise BadNote(f"the signature of {self.name} is wrong") from None
        return at


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, by which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """Return the line with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures below it."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Read a note. Raises BadNote for whatever has not exactly the prescribed form."""
        if len(data) > MAX_NOTE:
            raise BadNote("a note of more than 1 MB")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError:
            raise BadNote("a note that is not UTF-8") from None
        if any(character < " " and character != "\n" for character in whole):
            raise BadNote("a note with control characters")
        text, blank, tail = whole.rpartition("\n\n")
        if not blank or not tail.endswith("\n"):
            raise BadNote("a note without signatures")
        lines = tail[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise BadNote("a note with too many signatures")
        return cls(text + "\n", tuple(_signature(line) for line in lines))

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return (self.text + "\n" + "".join(each.line() for each in self.signatures)).encode()

    def signed_also(self, signature: Signature) -> Note:
        """Return the note with one more signature."""
        return replace(self, signatures=(*self.signatures, signature))

    def verified(self, keys: Sequence[Vkey]) -> dict[Vkey, int | None]:
        """Return which of `keys` signed, with the time of a cosignature.

        Signatures of unknown keys are ignored. A known key that signed twice counts once.

        Raises:
            BadNote: a known key's signature is wrong, or no known key signed.
        """
        known = {(key.name, key.key_id): key for key in keys}
        found: dict[Vkey, int | None] = {}
        for signature in self.signatures:
            key = known.get((signature.name, signature.key_id))
            if key is not None:
                found[key] = key.check(self.text, signature)
        if not found:
            raise BadNote("no known key signed this note")
        return found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its name, how many entries it has, the root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = field(default=())

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text. Raises BadNote."""
        lines = text.split("\n")
        if len(lines) <= _CHECKPOINT_LINES or lines.pop():
            raise BadNote("a checkpoint has three lines")
        origin, size, encoded, *extensions = lines
        if not origin or not all(extensions):
            raise BadNote("a checkpoint with an empty line")
        root = from_base64(encoded)
        if len(root) != HASH_BYTES:
            raise BadNote("a root has 32 bytes")
        return cls(origin, whole_number(size), root, tuple(extensions))

    def text(self) -> str:
        """Return the text that is signed."""
        lines = [self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions]
        return "\n".join(lines) + "\n"


def sign(text: str, *, name: str, key: Ed25519PrivateKey) -> Note:
    """Return the note signed by a log's key (type 0x01)."""
    vkey = vkey_of(key, name=name)
    return Note(text, (Signature(name, vkey.key_id, key.sign(text.encode())),))


def cosign(note: Note, *, name: str, key: Ed25519PrivateKey, at: int) -> Note:
    """Return the note with a witness's cosignature (type 0x04) made at `at`, Unix seconds."""
    vkey = vkey_of(key, name=name, algorithm=COSIGNATURE)
    value = at.to_bytes(_TIME, "big") + key.sign(cosigned(note.text, at))
    return note.signed_also(Signature(name, vkey.key_id, value))


def cosigned(text: str, at: int) -> bytes:
    """Return what a witness signs: the time, then the checkpoint."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def vkey_of(key: Ed25519PrivateKey, *, name: str, algorithm: int = ED25519) -> Vkey:
    """Return the public half of a key under a name."""
    return Vkey(checked_name(name), algorithm, key.public_key().public_bytes_raw())


def checked_name(name: str) -> str:
    """Return a key's name, or raise BadNote: not empty, no spaces, no plus."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise BadNote(f"not a key's name: {name!r}")
    return name


def from_base64(text: str) -> bytes:
    """Decode base64 in its one canonical form (RFC 4648, section 4). Raises BadNote."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("not base64") from None
    if b64encode(data).decode() != text:
        raise BadNote("not canonical base64")
    return data


def whole_number(text: str) -> int:
    """Read an ASCII decimal without leading zeros, below 2**63. Raises BadNote."""
    if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0"):
        raise BadNote(f"not a whole number: {text[:20]!r}")
    if len(text) > len(str(2**63)) or int(text) >= 2**63:
        raise BadNote("a number of 2**63 or more")
    return int(text)


def _signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise BadNote("a signature line begins with a dash")
    name, _, encoded = line[len(_DASH) :].partition(" ")
    value = from_base64(encoded)
    if len(value) <= _KEY_ID:
        raise BadNote("a signature without its bytes")
    return Signature(checked_name(name), value[:_KEY_ID], value[_KEY_ID:])
