"""The two engines of a zone's database: one that writes through the ledger, one that cannot.

SQLite runs with WAL, synchronous=FULL (NORMAL may lose the last commits when the power
fails: sqlite.org/pragma.html) and one writing connection that threads queue for, which is
faster than letting them collide. PostgreSQL needs none of this.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_MILLISECONDS = 10_000
CHECKPOINT_PAGES = 4_000
"""Pages of SQLite's write-ahead log (4 KiB each) before they are moved into the file: an audited
commit writes six or so, and with the usual 1,000 too many would wait for two more syncs."""
STATEMENT_MILLISECONDS = 30_000
LOCK_MILLISECONDS = 5_000
IDLE_SECONDS = 1.0
"""How long a connection to PostgreSQL may lie unused before it is asked whether it is there."""
_IDLE_SINCE = "idle_since"
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
        arguments: dict[str, Any] = {"connect_args": {"options": limits}, **_QUIET}
        write = create_engine(url, **arguments)
        read = create_engine(url, **arguments)
        for engine in (write, read):
            _ask_who_was_idle(engine)
        read = read.execution_options(postgresql_readonly=True)
    return Store(write=write, read=read, info=dict(info or {}))


def open_for_migration(url: str) -> Engine:
    """Open the engine that may change the schema; nothing else may use it."""
    engine = create_engine(url, **_QUIET)
    if engine.dialect.name == "sqlite":
        _dress_sqlite(engine, begin="BEGIN IMMEDIATE", read_only=False)
    return engine


def _ask_who_was_idle(engine: Engine) -> None:
    """Before a connection that lay idle is used, ask whether it is still there.

    Not before every use, as SQLAlchemy's own `pool_pre_ping`: that is a trip to the server and
    back for every transaction. A server that goes away under a busy connection spoils that
    one transaction, and with it every pooled connection is thrown away.
    """

    def returned(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_IDLE_SINCE] = time.monotonic()

    def taken(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        since = record.info.get(_IDLE_SINCE)
        if since is None or time.monotonic() - since < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise DisconnectionError from None  # the pool makes another one

    event.listen(engine, "checkin", returned)
    event.listen(engine, "checkout", taken)


def _dress_sqlite(engine: Engine, *, begin: str, read_only: bool) -> None:
    pragmas = [
        f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
        "PRAGMA foreign_keys=ON",
        "PRAGMA trusted_schema=OFF",
        "PRAGMA query_only=ON" if read_only else "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}",
    ]

    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own class
        connection.isolation_level = None  # we say BEGIN ourselves, and which one
        for pragma in pragmas:
            connection.execute(pragma).close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
