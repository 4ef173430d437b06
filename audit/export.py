"""The log as a folder that anybody can verify, with the verifier in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from audit import verify
from audit.source import DatabaseSource
from audit.tiles import bundle_path, bundles, tiles

VERIFIER = "verify.py"


class ExportExists(FileExistsError):
    """Where the export should go is something already."""


def paths(source: DatabaseSource) -> Iterator[str]:
    """The names of all files of an export, in the order they are written."""
    yield from ("first-key", "policy")
    yield from (bundle_path(number, width) for number, width in bundles(source.size))
    yield from (tile.path for tile in tiles(source.size))
    yield from (f"checkpoints/{size}" for size in source.sizes())
    yield from ("kept", "cosigned", "standing")
    yield "checkpoint"  # last, as tlog-tiles wants it: what it covers is there by then


def write(
    source: DatabaseSource, folder: Path, *, tell: Callable[[int], None] = lambda _done: None
) -> int:
    """Write the folder, whole or not at all; return the number of entries.

    What the database lacks is left out: the verifier, not the export, finds fault. `tell`
    is told how many files are done.

    Raises:
        ExportExists: `folder` exists.
    """
    if folder.exists():
        raise ExportExists(17, "exists already", str(folder))
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for done, path in enumerate(paths(source), 1):
        data = source.read(path)
        if data is not None:
            file = partial / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        tell(done)
    shutil.copyfile(verify.__file__, partial / VERIFIER)
    partial.rename(folder)
    return source.size
