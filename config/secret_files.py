"""Secrets and zone files: read only what nobody else could have read or replaced."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

SECRETS = "secrets"
ROOT_KEY_BYTES = 32
PROXY_KEY_CHARACTERS = 32
PASSPHRASE_CHARACTERS = 12

OTHERS = 0o077
"""Every permission of the group and of everybody else."""


class UnsafeFile(Exception):
    """A file is missing, not a plain file, not ours, or open to others; says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What DIR/secrets holds. One of `root_key` and `passphrase` is set, or, for a sealer, none."""

    root_key: Path | None
    """The checked key file; its 32 bytes are read by the vault alone."""
    passphrase: str | None = field(repr=False)
    proxy_key: bytes = field(repr=False)


def secrets_of(
    folder: Path, problems: list[str], *, root: str | None
) -> tuple[Secrets, str | None]:
    """Read a zone's secrets and, if there is one, the database password.

    `root` says what opens the key ring, "file" or "passphrase"; None: nothing but the
    password is needed.

    Appends what is wrong to `problems`; then the returned values must not be used.
    """
    proxy_key = b"" if root is None else _secret(folder / "proxy-key", problems).strip()
    if proxy_key and len(proxy_key) < PROXY_KEY_CHARACTERS:
        problems.append(f"{folder}/proxy-key: at least {PROXY_KEY_CHARACTERS} characters")
    password = None
    if (folder / "database-password").exists():
        password = _line(folder / "database-password", problems)
    root_key, phrase = None, None
    if root == "passphrase":
        phrase = _line(folder / "root-passphrase", problems)
        if 0 < len(phrase) < PASSPHRASE_CHARACTERS:
            problems.append(
                f"{folder}/root-passphrase: at least {PASSPHRASE_CHARACTERS} characters"
            )
    elif root == "file":
        root_key = folder / "root-key"
        content = _secret(root_key, problems, modes="0400")
        if content and len(content) != ROOT_KEY_BYTES:
            problems.append(f"{root_key}: {len(content)} bytes; exactly {ROOT_KEY_BYTES}")
    return Secrets(root_key=root_key, passphrase=phrase, proxy_key=proxy_key), password


def _line(path: Path, problems: list[str]) -> str:
    """A secret that is one line of UTF-8 text, without its line end."""
    try:
        line = _secret(path, problems).decode().removesuffix("\n")
    except UnicodeDecodeError:
        problems.append(f"{path}: not UTF-8 text")
        return ""
    if not line.isprintable():
        problems.append(f"{path}: one line of printable text")
    return line


def _secret(path: Path, problems: list[str], *, modes: str = "0400 or 0600") -> bytes:
    """One secret; empty after reporting what is wrong with it."""
    try:
        content = read_secret(path, owner_writes="0600" in modes)
    except UnsafeFile as problem:
        problems.append(str(problem))
        return b""
    if not content:
        problems.append(f"{path}: empty")
    return content


def own_directory(path: Path) -> None:
    """Raise UnsafeFile unless `path` is a directory of ours that nobody else can change."""
    _check(path, kind=stat.S_ISDIR, noun="directory", forbidden=0o022, want="0700 or 0750")


def own_secret_directory(path: Path) -> None:
    """Raise UnsafeFile unless `path` is a directory of ours that nobody else can enter."""
    _check(path, kind=stat.S_ISDIR, noun="directory", forbidden=OTHERS, want="0700")


def own_file(path: Path) -> None:
    """Raise UnsafeFile unless `path` is a plain file of ours (or root's) no one else can write."""
    _check(path, kind=stat.S_ISREG, noun="plain file", forbidden=0o022, want="0600 or 0640")


def read_secret(path: Path, *, owner_writes: bool = True) -> bytes:
    """The bytes of one secret file: a plain file of ours, mode 0400 or (if it may) 0600.

    Raises UnsafeFile. The mode is that of the opened file, so a swap in between is seen.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UnsafeFile(f"{path}: {_why(error)}") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        forbidden, want = (0o177, "0400 or 0600") if owner_writes else (0o377, "0400")
        _judge(path, status, kind=stat.S_ISREG, noun="plain file", forbidden=forbidden, want=want)
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
