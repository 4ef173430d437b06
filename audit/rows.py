"""How entries get into the database: as few statements, and as little ceremony, as can be.

The statements are plain text on the driver's own cursor: all that SQLAlchemy does around a
statement takes ten times as long as SQLite takes to run this one. PostgreSQL gets one
statement for everything, whatever the number, so that it is one trip and is prepared once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from audit.record import Record
from audit.vouching import Voucher

SealSecret = Callable[[str, str, bytes], bytes]
"""Encrypts one personal value: (entry id, field, plain bytes) to sealed bytes."""

Entry: TypeAlias = tuple[Record, datetime]
"""A record and the moment it tells of."""

_SQLITE_EVENTS = "INSERT INTO audit_event (eid, body, leaf, created, vouch) VALUES (?, ?, ?, ?, ?)"
_SQLITE_SECRETS = "INSERT INTO audit_secret (eid, field, salt, value) VALUES (?, ?, ?, ?)"
_POSTGRESQL_EVENTS = """
    INSERT INTO audit_event (eid, body, leaf, created, vouch)
    SELECT * FROM unnest(%(eid)b::text[], %(body)b::bytea[], %(leaf)b::bytea[],
                         %(created)b::timestamptz[], %(vouch)b::bytea[])"""
_POSTGRESQL_BOTH = """
    WITH entered AS (
        INSERT INTO audit_event (eid, body, leaf, created, vouch)
        SELECT * FROM unnest(%(eid)b::text[], %(body)b::bytea[], %(leaf)b::bytea[],
                             %(created)b::timestamptz[], %(vouch)b::bytea[]))
    INSERT INTO audit_secret (eid, field, salt, value)
    SELECT * FROM unnest(%(secret_eid)b::text[], %(field)b::text[], %(salt)b::bytea[],
                         %(value)b::bytea[])"""

_ALONE = """
    INSERT INTO audit_event (eid, body, leaf, created, vouch)
    VALUES (%(eid)s, %(body)b, %(leaf)b, %(created)s, %(vouch)b)"""
_ALONE_BOTH = """
    WITH entered AS (
        INSERT INTO audit_event (eid, body, leaf, created, vouch)
        VALUES (%(eid)s, %(body)b, %(leaf)b, %(created)s, %(vouch)b))
    INSERT INTO audit_secret (eid, field, salt, value)
    VALUES (%(eid)s, %(field)s, %(salt)b, %(value)b)"""
"""One entry with at most one personal value, as most commits have: arrays would cost a
fifth of the whole commit."""

_SECRET_COLUMNS = ("secret_eid", "field", "salt", "value")


def store(
    connection: Connection, entries: Sequence[Entry], seal: SealSecret, voucher: Voucher | None
) -> None:
    """Insert the entries of one commit and their personal values, in their order."""
    words: Sequence[bytes | None] = [None] * len(entries)
    if voucher is not None:
        words = voucher.words([record.leaf for record, _ in entries])
    secrets = [
        (
            record.eid,
            secret.field,
            secret.salt,
            seal(record.eid, secret.field, secret.value.encode()),
        )
        for record, _ in entries
        for secret in record.secrets
    ]
    if connection.dialect.name == "sqlite":
        _sqlite(connection, entries, words, secrets)
    else:
        _postgresql(connection, entries, words, secrets)


def _sqlite(
    connection: Connection,
    entries: Sequence[Entry],
    words: Sequence[bytes | None],
    secrets: Sequence[tuple[str, str, bytes, bytes]],
) -> None:
    rows = [
        (record.eid, record.body, record.leaf, _naive(at), word)
        for (record, at), word in zip(entries, words, strict=True)
    ]
    with _cursor(connection) as cursor:
        cursor.executemany(_SQLITE_EVENTS, rows)
        if secrets:
            cursor.executemany(_SQLITE_SECRETS, secrets)


def _postgresql(
    connection: Connection,
    entries: Sequence[Entry],
    words: Sequence[bytes | None],
    secrets: Sequence[tuple[str, str, bytes, bytes]],
) -> None:
    if len(entries) == 1 and len(secrets) <= 1:
        _postgresql_alone(connection, entries[0], words[0], secrets)
        return
    columns: dict[str, Sequence[object]] = {
        "eid": [record.eid for record, _ in entries],
        "body": [record.body for record, _ in entries],
        "leaf": [record.leaf for record, _ in entries],
        "created": [at for _, at in entries],
        "vouch": words,
    }
    for name, values in zip(_SECRET_COLUMNS, zip(*secrets, strict=True), strict=False):
        columns[name] = list(values)
    with _cursor(connection) as cursor:
        cursor.execute(_POSTGRESQL_BOTH if secrets else _POSTGRESQL_EVENTS, columns)


def _postgresql_alone(
    connection: Connection,
    entry: Entry,
    word: bytes | None,
    secrets: Sequence[tuple[str, str, bytes, bytes]],
) -> None:
    record, at = entry
    values: dict[str, object] = {
        "eid": record.eid,
        "body": record.body,
        "leaf": record.leaf,
        "created": at,
        "vouch": word,
    }
    for _, *secret in secrets:
        values |= zip(("field", "salt", "value"), secret, strict=True)
    with _cursor(connection) as cursor:
        cursor.execute(_ALONE_BOTH if secrets else _ALONE, values)


@contextmanager
def _cursor(connection: Connection) -> Iterator[DBAPICursor]:
    """The driver's cursor; what it raises comes out as SQLAlchemy's errors do.

    Outside of a transaction there is none: SQLAlchemy would not commit what it did not begin.
    """
    if not connection.in_transaction():
        raise RuntimeError("an entry is written inside of a transaction")
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except driver.Error as error:
        gone = connection.dialect.is_disconnect(error, connection.connection, cursor)
        if gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            *("an entry of the audit log", None, error, driver.Error),
            hide_parameters=True,
            connection_invalidated=gone,
            dialect=connection.dialect,
        ) from error
    finally:
        cursor.close()


def _naive(at: datetime) -> str:
    """A moment as `audit.columns.UtcDateTime` keeps it in SQLite."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
