"""Secrets and zone files: read only what nobody else could have read or replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OTHERS = 0o077
"""Every permission of the group and of everybody else."""


class UnsafeFile(Exception):
    """A file is missing, not a plain file, not ours, or open to others; says which."""


def own_directory(path: Path) -> None:
    """Raise UnsafeFile unless `path` is a directory of ours that nobody else can change."""
    _check(path, kind=stat.S_ISDIR, noun="directory", forbidden=0o022, want="0700 or 0750")


def own_secret_directory(path: Path) -> None:
    """Raise UnsafeFile unless `path` is a directory of ours that nobody else can enter."""
    _check(path, kind=stat.S_ISDIR, noun="directory", forbidden=OTHERS, want="0700")


def own_file(path: Path) -> None:
    """Raise UnsafeFile unless `path` is a plain file of ours (or root's) no one else can write."""
    _check(path, kind=stat.S_ISREG, noun="plain file", forbidden=0o022, want="0600 or 0640")


def read_secret(path: Path) -> bytes:
    """The bytes of one secret file: a plain file of ours, mode 0400 or 0600.

    Raises UnsafeFile. The mode is that of the opened file, so a swap in between is seen.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UnsafeFile(f"{path}: {_why(error)}") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        _judge(
            path, status, kind=stat.S_ISREG, noun="plain file", forbidden=0o177, want="0400 or 0600"
        )
        return file.read()


def _check(path: Path, *, kind: object, noun: str, forbidden: int, want: str) -> None:
    try:
        status = path.lstat()
    except OSError as error:
        raise UnsafeFile(f"{path}: {_why(error)}") from None
    _judge(path, status, kind=kind, noun=noun, forbidden=forbidden, want=want)


def _judge(
    path: Path, status: os.stat_result, *, kind: object, noun: str, forbidden: int, want: str
) -> None:
    assert callable(kind)
    if not kind(status.st_mode):
        raise UnsafeFile(f"{path}: not a {noun}")
    if status.st_uid not in {os.geteuid(), 0}:
        raise UnsafeFile(
            f"{path}: belongs to user number {status.st_uid}, not to us ({os.geteuid()}); "
            "change the owner"
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & forbidden:
        raise UnsafeFile(f"{path}: mode {mode:04o} lets others in; chmod {want}")


def _why(error: OSError) -> str:
    return "missing" if isinstance(error, FileNotFoundError) else (error.strerror or "unreadable")
