"""Receipts: a file that proves, offline, that an entry stands in the log.

Source: c2sp.org/tlog-proof. The file's name ends in `.tlog-proof`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from audit.note import BadNote, Checkpoint, Note, Vkey, from_base64, whole_number
from audit.tree import HASH_BYTES, BadProof, Hashes, inclusion, verify_inclusion

MAGIC = "c2sp.org/tlog-proof@v1"
MAX_STEPS = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """Index, inclusion path and checkpoint of one entry. `extra` is not authenticated."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Receipt:
        """Read a receipt. Raises BadProof for whatever has not the prescribed form."""
        head, blank, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
            if not blank or lines.pop(0) != MAGIC:
                raise BadProof("not a tlog-proof")
            extra = b""
            if lines and lines[0].startswith("extra "):
                extra = from_base64(lines.pop(0).removeprefix("extra "))
            if not lines or not lines[0].startswith("index "):
                raise BadProof("a receipt names its index")
            index = whole_number(lines.pop(0).removeprefix("index "))
            path = tuple(from_base64(line) for line in lines)
        except (BadNote, UnicodeDecodeError) as error:
            raise BadProof(str(error)) from None
        if len(path) > MAX_STEPS or any(len(step) != HASH_BYTES for step in path):
            raise BadProof("a path has at most 63 hashes of 32 bytes")
        return cls(index, path, note, extra)

    def encode(self) -> bytes:
        """Return the receipt's bytes."""
        lines = [MAGIC]
        if self.extra:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [b64encode(step).decode() for step in self.path]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    def verify(self, leaf: bytes, keys: Sequence[Vkey]) -> Checkpoint:
        """Check the whole receipt for a leaf hash; return the checkpoint that covers it.

        Args:
            leaf: SHA-256(0x00 || entry), made by the verifier from the entry itself.
            keys: the log's keys; one of them must have signed, under the log's own name.

        Raises:
            BadProof, BadNote: the receipt does not show it.
        """
        note = Note.parse(self.checkpoint)
        checkpoint = Checkpoint.parse(note.text)
        note.verified([key for key in keys if key.name == checkpoint.origin])
        verify_inclusion(
            leaf, index=self.index, size=checkpoint.size, path=self.path, root=checkpoint.root
        )
        return checkpoint


def receipt(hashes: Hashes, index: int, note: Note) -> Receipt:
    """Make the receipt of entry `index` under a signed checkpoint."""
    size = Checkpoint.parse(note.text).size
    return Receipt(index, tuple(inclusion(hashes, index, size)), note.encode())
