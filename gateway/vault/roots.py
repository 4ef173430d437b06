"""What opens a zone's key ring: a key file, or a passphrase through Argon2id."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from typing import ClassVar

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.refusals import Refused
from gateway.vault.files import UnsafeFile, read_private

ROOT_BYTES = 32
KEY_FILE_MODE = 0o400
MIN_PASSPHRASE = 12
"""Characters. A passphrase can be tried offline against a stolen key ring."""

_SALT_BYTES = 16
# RFC 9106, 4, second recommended option: 3 passes, 4 lanes, 64 MiB.
_PASSES, _LANES, _MEMORY_KIB = 3, 4, 64 * 1024
# Parameters come from a file: never fewer than ours, and no more than a start can bear.
_MOST_PASSES, _MOST_LANES, _MOST_MEMORY_KIB = 64, 16, 2 * 1024 * 1024

Parameters = Mapping[str, str | int]


class RootRefused(Refused):
    """The key file or passphrase is not the one this key ring was made with."""

    code: ClassVar[str] = "keyring_root_refused"


class PassphraseTooShort(Refused):
    """A new key ring may not hang on a passphrase that can be guessed."""

    code: ClassVar[str] = "passphrase_too_short"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """32 random bytes in a regular file, ours, mode exactly 0400."""

    path: Path

    def create(self) -> None:
        """Write a new key file, durable before this returns. Raises FileExistsError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, KEY_FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(token_bytes(ROOT_BYTES))
            file.flush()
            os.fsync(descriptor)

    def parameters(self) -> Parameters:
        """What a new key ring remembers about its root."""
        return {"kind": "key_file"}

    def unlock(self, parameters: Parameters) -> bytes:
        """The 32 root bytes. Raises UnsafeFile with the reason, RootRefused, FileNotFoundError."""
        if parameters != self.parameters():
            raise RootRefused("the key ring was not made with a key file")
        secret = read_private(Path(self.path), modes={KEY_FILE_MODE}, limit=ROOT_BYTES)
        if len(secret) != ROOT_BYTES:
            raise UnsafeFile(f"{self.path}: must hold exactly {ROOT_BYTES} bytes")
        return secret


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase somebody types at the start; stretched by Argon2id (RFC 9106)."""

    text: str = field(repr=False)

    def parameters(self) -> Parameters:
        """A fresh salt and the cost, for a new key ring. Raises PassphraseTooShort."""
        if len(self.text) < MIN_PASSPHRASE:
            raise PassphraseTooShort(f"at least {MIN_PASSPHRASE} characters")
        return {
            "kind": "argon2id",
            "salt": token_bytes(_SALT_BYTES).hex(),
            "passes": _PASSES,
            "lanes": _LANES,
            "memory_kib": _MEMORY_KIB,
        }

    def unlock(self, parameters: Parameters) -> bytes:
        """The 32 root bytes for the stored salt and cost. Raises RootRefused."""
        if parameters.get("kind") != "argon2id":
            raise RootRefused("the key ring was not made with a passphrase")
        salt = parameters.get("salt")
        if not isinstance(salt, str) or len(salt) != 2 * _SALT_BYTES:
            raise RootRefused("the stored salt is damaged")
        stretch = Argon2id(
            salt=bytes.fromhex(salt),
            length=ROOT_BYTES,
            iterations=_bounded(parameters, "passes", _PASSES, _MOST_PASSES),
            lanes=_bounded(parameters, "lanes", _LANES, _MOST_LANES),
            memory_cost=_bounded(parameters, "memory_kib", _MEMORY_KIB, _MOST_MEMORY_KIB),
        )
        return stretch.derive(unicodedata.normalize("NFC", self.text).encode())


def _bounded(parameters: Parameters, name: str, least: int, most: int) -> int:
    value = parameters.get(name)
    if not isinstance(value, int) or not least <= value <= most:
        raise RootRefused(f"the stored {name} is not between {least} and {most}")
    return value


Root = KeyFile | Passphrase
