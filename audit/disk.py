"""Files that are replaced in one step: after a crash there is the old or the new one, whole."""

from __future__ import annotations

import os
from pathlib import Path

_SECRET = 0o600


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path`, durably, before this returns. Nobody else may read it."""
    partial = path.with_name(path.name + ".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(partial, flags, _SECRET), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
