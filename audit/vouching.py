"""The gateway's word for its entries, which nobody gives who merely writes the database.

Each commit's entries are signed together: one Ed25519 signature over the root of the tree
(RFC 6962, section 2.1) of their leaf hashes. Each row carries the signature and its own path
to that root, so that one entry can be checked without the others:

    signature (64) || index (4) || count (4) || path (32 each)

The key is of the zone's key ring. The sealer has only its public half, pinned in its own
directory when it first heard of it, and calls out whatever lacks this word.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.disk import replace_file
from audit.keep import Disagreement
from audit.note import BadNote, Vkey, vkey_of
from audit.tree import HASH_BYTES, BadProof, Leaves, inclusion, reached, root

FILE = "voucher"
"""Where the sealer's directory has the key whose word counts."""
TITLE = "hangu.entries/v1"
_SIGNATURE = 64
_PLACE = struct.Struct(">II")
_HEAD = _SIGNATURE + _PLACE.size


class Mac(Protocol):
    """The gateway's word for a row: a keyed digest, which nobody makes who has no key."""

    def __call__(self, use: str, *fields: bytes) -> bytes:
        """Return 32 bytes for fields, each with its own length, and what they are used for."""


class Voucher:
    """Gives the word. `vkey` is the key by which it is checked.

    Args:
        seed: 32 secret bytes.
        zone: `intranet` or `extranet`; a word of one zone says nothing in the other.
    """

    def __init__(self, seed: bytes, *, zone: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.vkey = vkey_of(self._key, name=f"{zone}/gateway")

    def words(self, leaves: Sequence[bytes]) -> list[bytes]:
        """The word for each of the entries of one commit, given their leaf hashes."""
        tree, count = Leaves(leaves), len(leaves)
        signature = self._key.sign(_stated(self.vkey, count, root(tree, count)))
        return [
            signature + _PLACE.pack(index, count) + b"".join(inclusion(tree, index, count))
            for index in range(count)
        ]


class Vouched:
    """Checks words by the public key. Not for several threads at once."""

    def __init__(self, vkey: Vkey) -> None:
        self.vkey = vkey
        self._public = Ed25519PublicKey.from_public_bytes(vkey.public)
        self._last: tuple[bytes, bytes] | None = None

    def holds(self, leaf: bytes, word: object) -> bool:
        """Whether `word`, as the database has it, is the gateway's for the entry of `leaf`."""
        if not isinstance(word, bytes) or len(word) < _HEAD or (len(word) - _HEAD) % HASH_BYTES:
            return False
        signature, steps = word[:_SIGNATURE], word[_HEAD:]
        index, count = _PLACE.unpack_from(word, _SIGNATURE)
        path = [steps[at : at + HASH_BYTES] for at in range(0, len(steps), HASH_BYTES)]
        try:
            stated = _stated(self.vkey, count, reached(leaf, index=index, size=count, path=path))
            if (signature, stated) != self._last:  # the entries of one commit share these
                self._public.verify(signature, stated)
                self._last = signature, stated
        except (BadProof, InvalidSignature):
            return False
        return True


def pinned(directory: Path) -> Vkey | None:
    """The key whose word counts, as the sealer's directory has it; None if none is pinned yet.

    Raises:
        Disagreement: the file cannot be read.
    """
    try:
        return Vkey.parse((directory / FILE).read_text(encoding="ascii").strip())
    except FileNotFoundError:
        return None
    except (BadNote, OSError, UnicodeDecodeError) as error:
        raise Disagreement(f"{directory / FILE} cannot be read: {error}") from None


def pin(directory: Path, vkey: Vkey) -> None:
    """Let the word of this key count from now on, and no other's."""
    replace_file(directory / FILE, f"{vkey}\n".encode())


def _stated(vkey: Vkey, count: int, top: bytes) -> bytes:
    """What is signed. The first line can be no checkpoint's, whose origin has a host."""
    return f"{TITLE}\n{vkey.name}\n{count}\n{top.hex()}\n".encode()
