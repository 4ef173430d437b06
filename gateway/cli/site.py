"""A new zone is built beside its place and moved there whole.

The building site is `DIR.partial-<pid>`, locked by the process that builds. In it stand
`zone/`, which becomes DIR by one rename, and, while a database outside of it is being
filled, `database`: its URL, for whoever has to clear up. Killed at any moment, there is
either no DIR, or the whole one; the next `hangu init` clears a dead site away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.trouble import Trouble
from gateway.store import migrate

ZONE = "zone"
DATABASE = "database"
PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Site:
    """A place where one zone is being built."""

    directory: Path

    @property
    def zone(self) -> Path:
        """What will be the zone's directory."""
        return self.directory / ZONE

    def note_database(self, url: str) -> None:
        """Remember, before it is touched, a database that has to be emptied if we fail."""
        draft = self.directory / f"{DATABASE}.new"
        write_private(draft, url.encode())
        draft.rename(self.directory / DATABASE)  # so that a half-written note is none
        fsync_directory(self.directory)


def require_new(target: Path) -> None:
    """Raise Trouble if something stands where a zone is to be made."""
    if target.exists() or target.is_symlink():
        raise Trouble(
            f"{target} exists already; nothing was changed.",
            "Name another directory. If it is a zone whose enrolment links were lost: "
            "hangu person link DIR LOGIN",
        )


@contextmanager
def building(target: Path) -> Iterator[Site]:
    """Build a zone for `target`; leaving the block puts it there, an exception undoes all.

    Raises:
        Trouble: `target` exists already, or another process is building it.
    """
    require_new(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_dead_sites(target)
    site = Site(target.with_name(f"{target.name}.partial-{os.getpid()}"))
    site.directory.mkdir(mode=PRIVATE)
    with _locked(site.directory):
        try:
            site.zone.mkdir(mode=PRIVATE)
            yield site
            fsync_tree(site.zone)
            site.zone.rename(target)
        except BaseException:
            _clear(site)
            raise
        fsync_directory(target.parent)
        _clear(site)


def clear_dead_sites(target: Path) -> None:
    """Undo what killed predecessors left. Raises Trouble while one of them is alive."""
    for directory in sorted(target.parent.glob(f"{target.name}.partial-*")):
        with _locked(directory):
            _clear(Site(directory))


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the site's lock, which ends with its process however that ends."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(
                f"Another hangu init is building this zone in {directory}.",
                "Let it finish, or end it, and try again.",
            ) from None
        yield
    finally:
        os.close(descriptor)


def _clear(site: Site) -> None:
    """Remove a site; empty its outside database unless the zone went to its place."""
    noted = site.directory / DATABASE
    if site.zone.exists() and noted.exists():
        migrate.downgrade(noted.read_text(), to="base")
        noted.unlink()
    shutil.rmtree(site.directory)


def write_private(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a new file, durable before this returns. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)  # whatever the umask says
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def fsync_tree(directory: Path) -> None:
    """Make every directory entry below `directory` durable; the files already are."""
    for parent, _, _ in os.walk(directory):
        fsync_directory(Path(parent))


def fsync_directory(directory: Path) -> None:
    """Make the names in `directory` durable, on file systems that can."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
