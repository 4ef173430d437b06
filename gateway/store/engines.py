"""The two engines of a zone's database: one that writes through the ledger, one that cannot.

SQLite runs with WAL, synchronous=FULL (NORMAL may lose the last commits when the power
fails: sqlite.org/pragma.html) and one writing connection that threads queue for, which is
faster than letting them collide. PostgreSQL needs none of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

BUSY_MILLISECONDS = 10_000
STATEMENT_MILLISECONDS = 30_000
LOCK_MILLISECONDS = 5_000
_QUIET: dict[str, Any] = {"hide_parameters": True}
"""What a statement was given may name a person, and errors are logged."""


@dataclass(frozen=True, slots=True)
class Store:
    """A zone's database. `write` belongs to the ledger; everybody else reads.

    `info` reaches every reading session (`session.info`), e.g. the vault under `"vault"`.
    """

    write: Engine
    read: Engine
    info: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that cannot write: the database itself refuses."""
        with Session(self.read, info=dict(self.info), expire_on_commit=False) as session:
            yield session

    def place(self) -> tuple[int, int] | None:
        """Return device and inode of the file at the database's path; None for a server.

        Connections stay with the file they opened, even when another takes its place: a zone
        restored from a backup under a running worker has two databases.

        Raises:
            OSError: there is no file at the path.
        """
        if self.write.dialect.name != "sqlite":
            return None
        found = Path(self.write.url.database or "").stat()
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Close every pooled connection."""
        self.write.dispose()
        self.read.dispose()


def open_store(url: str, *, info: Mapping[str, Any] | None = None) -> Store:
    """Open the database at `url` (`sqlite:///path` or `postgresql+psycopg://…`)."""
    if make_url(url).get_backend_name() == "sqlite":
        write = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=30, **_QUIET)
        read = create_engine(url, pool_size=8, max_overflow=32, **_QUIET)
        _dress_sqlite(write, begin="BEGIN IMMEDIATE", read_only=False)
        _dress_sqlite(read, begin="BEGIN", read_only=True)
    else:
        limits = (
            f"-c statement_timeout={STATEMENT_MILLISECONDS} -c lock_timeout={LOCK_MILLISECONDS}"
        )
        arguments: dict[str, Any] = {
            "connect_args": {"options": limits},
            "pool_pre_ping": True,
            **_QUIET,
        }
        write = create_engine(url, **arguments)
        read = create_engine(url, **arguments).execution_options(postgresql_readonly=True)
    return Store(write=write, read=read, info=dict(info or {}))


def open_for_migration(url: str) -> Engine:
    """Open the engine that may change the schema; nothing else may use it."""
    engine = create_engine(url, **_QUIET)
    if engine.dialect.name == "sqlite":
        _dress_sqlite(engine, begin="BEGIN IMMEDIATE", read_only=False)
    return engine


def _dress_sqlite(engine: Engine, *, begin: str, read_only: bool) -> None:
    pragmas = [
        f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
        "PRAGMA foreign_keys=ON",
        "PRAGMA trusted_schema=OFF",
        "PRAGMA query_only=ON" if read_only else "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
    ]

    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own class
        connection.isolation_level = None  # we say BEGIN ourselves, and which one
        for pragma in pragmas:
            connection.execute(pragma).close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
