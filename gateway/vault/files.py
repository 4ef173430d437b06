"""Private files: read only when nobody else could have written them, replaced whole or not at all.

A replacement is temp, fsync, rename, fsync of the directory, under a lock on the directory: a
crash at any point leaves the old content or the new.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, ClassVar

from gateway.refusals import Refused
from gateway.vault.chunked import Suite, decrypting, encrypting

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


class UnsafeFile(Refused):
    """A secret's file could have been read or written by somebody else."""

    code: ClassVar[str] = "unsafe_file"


def read_private(path: Path, *, modes: Collection[int], limit: int) -> bytes:
    """Read a regular file that is ours and has exactly one of `modes`; at most `limit` bytes.

    Raises UnsafeFile, which names the path and what is wrong with it, or FileNotFoundError.
    """
    # Not following a link and not waiting for a pipe: the checks are on what we opened.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnsafeFile(f"{path}: cannot be opened as a plain file ({error.strerror})") from error
    try:
        _check(path, os.fstat(descriptor), modes)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise UnsafeFile(f"{path}: longer than {limit} bytes")
    return content


def _check(path: Path, status: os.stat_result, modes: Collection[int]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFile(f"{path}: not a regular file")
    if status.st_uid != os.geteuid():
        raise UnsafeFile(f"{path}: owned by user {status.st_uid}, not by us ({os.geteuid()})")
    mode = stat.S_IMODE(status.st_mode)
    if mode not in modes:
        wanted = " or ".join(f"{allowed:04o}" for allowed in sorted(modes))
        raise UnsafeFile(f"{path}: mode {mode:04o}, must be {wanted}")


@contextmanager
def locked(directory: Path) -> Iterator[int]:
    """Hold the directory's lock against other writers; gives its descriptor."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def replace_private(path: Path, parts: Iterable[bytes], *, directory: int) -> None:
    """Put `parts` at `path` (mode 0600) in one step. The caller holds `locked(path.parent)`.

    When the parts' source fails, nothing has changed and the half-written file is gone.
    """
    temporary = path.with_name(f".{path.name}.new")
    # A crashed predecessor may have left one, and O_EXCL proves that this one is ours.
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for part in parts:
                _write_all(file.fileno(), part)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    os.fsync(directory)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def encrypt_file(
    source: BinaryIO, target: Path, *, suite: Suite, key: bytes, context: bytes
) -> None:
    """Write the ciphertext of `source` to `target`, durable before this returns."""
    with locked(target.parent) as directory:
        parts = encrypting(source, suite=suite, key=key, context=context)
        replace_private(target, parts, directory=directory)


def decrypt_file(
    source: BinaryIO, target: Path, *, suite: Suite, key: bytes, context: bytes
) -> None:
    """Write the plaintext of `source` to `target`: whole and verified, or not at all.

    Raises Unopenable; then `target` is as it was.
    """
    with locked(target.parent) as directory:
        parts = decrypting(source, suite=suite, key=key, context=context)
        replace_private(target, parts, directory=directory)
