"""A witness: it cosigns a log's checkpoints, each only if the log has merely grown.

Source: c2sp.org/tlog-witness and c2sp.org/tlog-cosignature (Ed25519, type 0x04). A witness
needs no database: for each log it keeps the last checkpoint that it cosigned, in a file of
its own directory. Looking at it and replacing it is one step, under a lock of the file system.

    key                  the signing key, 32 bytes
    name                 the witness's name, one line
    logs                 the logs it takes checkpoints of: lines `log <vkey>`
    seen/<sha256>        the text of the last checkpoint cosigned, one file a log
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.disk import replace_file
from audit.note import (
    COSIGNATURE,
    BadNote,
    Checkpoint,
    Note,
    Vkey,
    checked_name,
    cosign,
    from_base64,
    vkey_of,
    whole_number,
)
from audit.tree import EMPTY, BadProof, verify_consistency
from audit.trust import Policy

MAX_PROOF = 63
SIZE_TYPE = "text/x.tlog.size"
_PLAIN = "text/plain; charset=utf-8"
_OK, _BAD, _FORBIDDEN, _UNKNOWN, _CONFLICT, _UNPROVED = 200, 400, 403, 404, 409, 422


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer to `add-checkpoint`."""

    status: int
    body: bytes
    media_type: str = _PLAIN


class _Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, words: str, media_type: str = _PLAIN) -> None:
        super().__init__(words)
        self.answer = Answer(status, f"{words}\n".encode(), media_type)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a log sends: the size it believes we know, the proof from there, the checkpoint."""

    old: int
    path: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> Submission:
        """Read a request's body. Raises BadNote for whatever has not the prescribed form."""
        head, blank, rest = body.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise BadNote("the lines above the checkpoint are ASCII") from None
        if not blank or not first.startswith("old ") or len(lines) > MAX_PROOF:
            raise BadNote("an old size line, at most 63 proof lines, an empty line, a checkpoint")
        path = tuple(from_base64(line) for line in lines)
        if any(len(step) != len(EMPTY) for step in path):
            raise BadNote("a proof line holds 32 bytes")
        note = Note.parse(rest)
        old = whole_number(first.removeprefix("old "))
        return cls(old, path, note, Checkpoint.parse(note.text))

    @staticmethod
    def encode(old: int, path: tuple[str, ...], note: bytes) -> bytes:
        """Return the body of a request; `path` holds base64."""
        return "\n".join([f"old {old}", *path, "", ""]).encode() + note


class Witness:
    """An opened witness. `clock` gives the time that its cosignatures state."""

    KEY: ClassVar[str] = "key"

    def __init__(self, directory: Path, *, clock: Callable[[], datetime]) -> None:
        self._directory, self._clock = directory, clock
        self._key = Ed25519PrivateKey.from_private_bytes((directory / self.KEY).read_bytes())
        self.name = checked_name((directory / "name").read_text(encoding="utf-8").strip())
        self.logs()  # a list that cannot be read is said now, not at the first checkpoint

    @classmethod
    def create(cls, directory: Path, *, name: str) -> None:
        """Make a directory for a new witness. Raises FileExistsError, BadNote."""
        checked_name(name)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / "seen").mkdir(mode=0o700)
        replace_file(directory / "logs", b"# log <vkey>\n")
        replace_file(directory / "name", f"{name}\n".encode())
        replace_file(directory / cls.KEY, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def vkey(self) -> Vkey:
        """The key by which its cosignatures are checked."""
        return vkey_of(self._key, name=self.name, algorithm=COSIGNATURE)

    def logs(self) -> tuple[Vkey, ...]:
        """The logs' keys, as the file names them now. Raises BadPolicy."""
        text = (self._directory / "logs").read_text(encoding="utf-8")
        return Policy.parse(f"{text}\nquorum none\n").logs

    def trust(self, log: Vkey) -> None:
        """Take checkpoints of one more log."""
        if log not in self.logs():
            old = (self._directory / "logs").read_bytes()
            replace_file(self._directory / "logs", old + f"log {log}\n".encode())

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request: check everything, remember the checkpoint, cosign it."""
        try:
            sent = self._checked(body)
            with self._seen(sent.checkpoint.origin) as place:
                _require_growth(_last(place, sent.checkpoint.origin), sent)
                replace_file(place, sent.checkpoint.text().encode())
        except _Refusal as refusal:
            return refusal.answer
        at = int(self._clock().timestamp())
        cosigned = cosign(sent.note, name=self.name, key=self._key, at=at)
        return Answer(_OK, cosigned.signatures[-1].line().encode())

    def _checked(self, body: bytes) -> Submission:
        try:
            sent = Submission.parse(body)
        except BadNote as error:
            raise _Refusal(_BAD, str(error)) from None
        keys = [key for key in self.logs() if key.name == sent.checkpoint.origin]
        if not keys:
            raise _Refusal(_UNKNOWN, "not a log that this witness knows")
        try:
            sent.note.verified(keys)
        except BadNote as error:
            raise _Refusal(_FORBIDDEN, str(error)) from None
        if sent.old > sent.checkpoint.size:
            raise _Refusal(_BAD, "the old size is larger than the checkpoint's")
        return sent

    @contextmanager
    def _seen(self, origin: str) -> Iterator[Path]:
        """The file of a log's last checkpoint, ours alone while the block lasts."""
        name = hashlib.sha256(origin.encode()).hexdigest()
        lock = os.open(
            self._directory / "seen" / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._directory / "seen" / name
        finally:
            os.close(lock)


def _last(place: Path, origin: str) -> Checkpoint:
    """The last checkpoint cosigned. Raises BadNote if the file is damaged: then nothing is."""
    if not place.exists():
        return Checkpoint(origin, 0, EMPTY)
    found = Checkpoint.parse(place.read_text(encoding="utf-8"))
    if found.origin != origin:
        raise BadNote(f"{place} is of another log")
    return found


def _require_growth(last: Checkpoint, sent: Submission) -> None:
    new = sent.checkpoint
    if sent.old != last.size:
        raise _Refusal(_CONFLICT, str(last.size), SIZE_TYPE)
    if new.size == last.size and new.root != last.root:
        raise _Refusal(_CONFLICT, str(last.size), SIZE_TYPE)
    try:
        verify_consistency(
            old=last.size, new=new.size, old_root=last.root, new_root=new.root, path=sent.path
        )
    except BadProof as error:
        raise _Refusal(_UNPROVED, str(error)) from None
