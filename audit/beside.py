"""What the database keeps beside the bodies of entries: columns, personal values, erasures."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from audit import erasure
from audit.record import Secret, commitment, leaf_hash, timestamp
from audit.stored import stored_bytes
from audit.tables import audit_event, audit_secret
from audit.verify import Report

Unseal = Callable[[str, str, bytes], bytes | None]
"""Opens one personal value: (entry id, field, sealed bytes) to plain bytes, or None."""


def stamp(value: object) -> str:
    """A stored time as entries write it; empty if it is none."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    return timestamp(at if at.tzinfo else at.replace(tzinfo=UTC))


def wrong_columns(eid: str, body: bytes, leaf: bytes, created: str) -> str:
    """Name the column beside a body that is not the body's own; empty if there is none."""
    if leaf != leaf_hash(body):
        return "the leaf hash"
    if not _says(body, "eid", eid):
        return "the id"
    return "" if _says(body, "ts", created) else "the time"


def _says(body: bytes, key: str, value: str) -> bool:
    """Whether the body's own `key` has this value, without parsing it.

    Keys are sorted and only `c` and `d`, which come first, nest: the last place where the
    key stands is the outermost. Quotes inside texts are escaped.
    """
    at = body.rfind(f'"{key}":"'.encode())
    return at >= 0 and body.startswith(f'"{key}":"{value}"'.encode(), at)


def inspect_erased(connection: Connection, report: Report) -> None:
    """Personal values that are gone must be said to be erased, by the log itself."""
    gone = list(erasure.missing(connection))
    said = erasure.recorded(connection) if gone else set()
    for seq, eid, field in gone:
        if eid not in said:
            report.tampered(seq, f"entry {seq}: the kept value of {field} is gone, not erased")
    if gone:
        report.uncovered.append(f"{len(gone)} personal values: erased, as the log itself says")


def wrong_secrets(connection: Connection, unseal: Unseal) -> Iterator[tuple[int, str]]:
    """Return the kept values that do not fit their commitments: the entry's number, the field."""
    event, secret = audit_event.c, audit_secret.c
    query = (
        select(event.seq, event.body, secret.eid, secret.field, secret.salt, secret.value)
        .join(audit_event, event.eid == secret.eid)
        .where(event.seq.is_not(None))
        .execution_options(yield_per=1000)
    )
    for row in connection.execute(query):
        field = str(row.field)
        plain = unseal(str(row.eid), field, stored_bytes(row.value))
        committed = _commitments(stored_bytes(row.body)).get(field)
        if plain is None or committed != _commitment(field, stored_bytes(row.salt), plain):
            yield row.seq, field


def _commitments(body: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(body).get("c")
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}


def _commitment(field: str, salt: bytes, plain: bytes) -> str:
    try:
        return commitment(Secret(field=field, salt=salt, value=plain.decode()))
    except UnicodeDecodeError:
        return b64encode(plain).decode()
