"""The sealer's private directory: its keys, and what it remembers of the tree.

Nobody but the sealer's own account may write here. `memory.json` holds the right edge of
the tree that was signed last, and, while a commit is under way, the edge it will lead to;
`key-<epoch>` holds the signing key of the current epoch (32 bytes, as long as it is needed)
and, around a rotation, of the next one.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.accords import Accords
from audit.disk import replace_file
from audit.note import Vkey, checked_name, vkey_of
from audit.tree import Frontier

MEMORY = "memory.json"
FORMAT = 1
_PRIVATE = 0o700
_SECRET = 0o600


class Disagreement(Exception):
    """What the sealer finds is not what it remembers. It signs nothing until that is cleared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One state of the log: the tree's edge, and where its clocks stand.

    `epoch` is that of the key which signs this state; `rotated` says that the last entry
    hands over to the next key. `beats` counts the heartbeats so far; `accords` is what
    officers agreed on until then.
    """

    frontier: Frontier = field(default_factory=Frontier)
    epoch: int = 0
    rotated: bool = False
    epoch_began: datetime
    beats: int = 0
    beat_at: datetime
    accords: Accords = field(default_factory=Accords)

    @property
    def next_epoch(self) -> int:
        """The epoch of what is entered after this state."""
        return self.epoch + self.rotated


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Everything the sealer remembers.

    `note` is the checkpoint of `signed`, once there is one, and `signer` the key that made it.
    """

    origin: str
    first_key: str
    signed: Point
    note: bytes = b""
    signer: str = ""
    pending: Point | None = None


class Keep:
    """The opened directory. Made by `create` or `open`; `memory` is what is on the disk."""

    def __init__(self, directory: Path, memory: Memory) -> None:
        self.directory = directory
        self.memory = memory

    @classmethod
    def create(cls, directory: Path, *, origin: str, now: datetime) -> Keep:
        """Make a directory for a new log, with its first key."""
        directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        first = _key(directory, 0)
        memory = Memory(
            origin=checked_name(origin),
            first_key=str(vkey_of(first, name=origin)),
            signed=Point(epoch_began=now, beat_at=now),
        )
        keep = cls(directory, memory)
        keep.write(memory)
        return keep

    @classmethod
    def open(cls, directory: Path) -> Keep:
        """Open what `create` made. Raises FileNotFoundError, or Disagreement if unreadable."""
        text = (directory / MEMORY).read_text(encoding="ascii")
        try:
            return cls(directory, _memory(json.loads(text)))
        except (ValueError, KeyError, TypeError) as error:
            raise Disagreement(f"{directory / MEMORY} cannot be read: {error}") from None

    def write(self, memory: Memory) -> None:
        """Remember, durably, before this returns."""
        replace_file(self.directory / MEMORY, json.dumps(_plain(memory)).encode("ascii"))
        self.memory = memory

    def key(self, epoch: int) -> Ed25519PrivateKey:
        """The signing key of an epoch that has not ended; made if it is not there yet."""
        present = self.memory.signed.next_epoch
        path = self.directory / f"key-{epoch}"
        if epoch not in {present, present + 1}:
            raise Disagreement(f"the key of epoch {epoch} has no use now")
        if epoch == present and not path.exists():
            raise Disagreement(f"{path} is missing: nothing can be signed")
        return _key(self.directory, epoch)

    def vkey(self, epoch: int) -> Vkey:
        """The public half of `key`."""
        return vkey_of(self.key(epoch), name=self.memory.origin)

    def destroy_before(self, epoch: int) -> None:
        """Destroy every key older than `epoch`: overwritten, then removed.

        Neither Python nor a copying file system forgets surely; docs say so.
        """
        for path in self.directory.glob("key-*"):
            if path.name[4:].isdigit() and int(path.name[4:]) < epoch:
                with path.open("r+b") as file:
                    file.write(bytes(32))
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()


class Lead:
    """The right to seal: held by one process at a time, and gone when that process is."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        self._file: int | None = None

    def take(self) -> bool:
        """Try to lead. Returns whether we do."""
        if self._file is not None:
            return True
        self._path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _SECRET)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let another one lead."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _key(directory: Path, epoch: int) -> Ed25519PrivateKey:
    path = directory / f"key-{epoch}"
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except ValueError:
        raise Disagreement(f"{path} is no key") from None
    except FileNotFoundError:
        pass
    key = Ed25519PrivateKey.generate()
    replace_file(path, key.private_bytes_raw())
    return key


def _plain(memory: Memory) -> dict[str, object]:
    return {
        "v": FORMAT,
        "origin": memory.origin,
        "first_key": memory.first_key,
        "signed": _plain_point(memory.signed),
        "note": memory.note.decode(),
        "signer": memory.signer,
        "pending": memory.pending and _plain_point(memory.pending),
    }


def _plain_point(point: Point) -> dict[str, object]:
    return {
        "size": point.frontier.size,
        "edge": [each.hex() for each in point.frontier.hashes],
        "epoch": point.epoch,
        "rotated": point.rotated,
        "epoch_began": point.epoch_began.isoformat(),
        "beats": point.beats,
        "beat_at": point.beat_at.isoformat(),
        "accords": point.accords.plain(),
    }


def _memory(plain: dict[str, Any]) -> Memory:
    if plain["v"] != FORMAT:
        raise ValueError(f"format {plain['v']}")
    return Memory(
        origin=plain["origin"],
        first_key=plain["first_key"],
        signed=_point(plain["signed"]),
        note=plain["note"].encode(),
        signer=plain["signer"],
        pending=plain["pending"] and _point(plain["pending"]),
    )


def _point(plain: dict[str, Any]) -> Point:
    edge = tuple(bytes.fromhex(each) for each in plain["edge"])
    return Point(
        frontier=Frontier(plain["size"], edge),
        epoch=plain["epoch"],
        rotated=plain["rotated"],
        epoch_began=datetime.fromisoformat(plain["epoch_began"]),
        beats=plain["beats"],
        beat_at=datetime.fromisoformat(plain["beat_at"]),
        accords=Accords.read(plain.get("accords", {})),
    )
