"""The sealer's own entries: the heartbeat, and the handing over to the next key."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, text

from audit.note import Vkey
from audit.record import Actor, Event, Json, Record, compose
from audit.tree import Frontier
from audit.vocabulary import Outcome

SEALER = Actor(subject="system:sealer")
ROTATION = "hangu.key.rotate/v1"

_TRIGGERS = {
    "sqlite": "SELECT name, sql, 'on' FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": """SELECT t.tgname, pg_get_triggerdef(t.oid) || p.prosrc, t.tgenabled::text
                     FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                     WHERE NOT t.tgisinternal ORDER BY t.tgname, t.tgrelid::regclass::text""",
}
_SCHEMA = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master WHERE type != 'trigger' ORDER BY 1, 2",
    # Columns with their types, owner and grants of every table, and grants of single columns.
    "postgresql": """SELECT c.relname, c.relowner::regrole::text, c.relacl::text,
                            string_agg(concat_ws(' ', a.attname, a.atttypid::regtype, a.attnotnull,
                                                 a.attacl), ',' ORDER BY a.attnum)
                     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
                     GROUP BY c.oid ORDER BY c.relname""",
}


@dataclass(frozen=True, slots=True)
class Guards:
    """Hashes over what guards the log inside the database: SHA-256, hexadecimal.

    `triggers` covers every trigger and whether it is on; `schema` every table, and on
    PostgreSQL who owns it and what is granted on it.
    """

    triggers: str
    schema: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that a heartbeat names: the standing one, and the one whose word counts."""

    standing: Vkey
    voucher: Vkey | None


def heartbeat(
    *, zone: str, beat: int, after: int, guards: Guards, keys: Keys, now: datetime
) -> Record:
    """The entry that says: still here, nothing cut off.

    `beat` counts from 0, without gaps; `after` are the whole seconds since the beat before,
    so that a standstill is said aloud; `guards` make a trigger or a right that was changed
    for a minute leave a trace. From the first beat that names a standing key on, every
    checkpoint bears its signature: without that, one could be taken away unseen.
    """
    details: dict[str, Json] = {
        "beat": beat,
        "after": after,
        "triggers": guards.triggers,
        "schema": guards.schema,
        "standing": str(keys.standing),
    }
    if keys.voucher is not None:
        details["voucher"] = str(keys.voucher)
    return _own("log.heartbeat", zone=zone, details=details, now=now)


def clock_step(*, zone: str, seconds: int, now: datetime) -> Record:
    """The entry that says that the clock was set, by so many seconds, forward or back."""
    return _own("clock.stepped", zone=zone, details={"seconds": seconds}, now=now)


def missing(*, zone: str, eid: str, leaf: bytes, now: datetime) -> Record:
    """The entry in place of one that was durable and gone before it could be sealed."""
    return _alarm("audit.missing", f"audit:{eid}", {"leaf": leaf.hex()}, zone=zone, now=now)


def unannounced(*, zone: str, eids: Sequence[str], leaf: bytes, now: datetime) -> Record:
    """The entry beside those, in the same round, for which the gateway never gave its word."""
    details: dict[str, Json] = {"count": len(eids), "leaf": leaf.hex(), "eids": eids[:100]}
    return _alarm("audit.unannounced", f"audit:{eids[0]}", details, zone=zone, now=now)


def disagreed(*, zone: str, name: str, request: bool, words: str, now: datetime) -> Record:
    """The entry that says that a request or hold is not what the officers' entries say."""
    named = f"{'keeping' if request else 'hold'}:{name}"
    return _alarm("audit.disagreed", named, {"words": words}, zone=zone, now=now)


def rotation(
    *,
    zone: str,
    old: Ed25519PrivateKey,
    next_key: Vkey,
    epoch: int,
    before: Frontier,
    now: datetime,
) -> Record:
    """The entry that hands over to the key of `epoch`, signed by the key before.

    The signature covers the tree so far, so that not even a later key's thief can give
    an earlier entry another content.
    """
    signature = old.sign(
        rotation_text(next_key, epoch=epoch, index=before.size, root=before.root())
    )
    details: dict[str, Json] = {
        "epoch": epoch,
        "next_vkey": str(next_key),
        "sig": b64encode(signature).decode(),
    }
    return _own("key.rotate", zone=zone, details=details, now=now)


def rotation_text(next_key: Vkey, *, epoch: int, index: int, root: bytes) -> bytes:
    """What the old key signs. The first line can be no checkpoint's, whose origin has a host."""
    lines = [ROTATION, next_key.name, str(epoch), str(next_key), str(index)]
    return "\n".join([*lines, b64encode(root).decode(), ""]).encode()


def guards_of(connection: Connection) -> Guards:
    """Look at the guards as they are now."""
    dialect = connection.dialect.name
    return Guards(_hash(connection, _TRIGGERS[dialect]), _hash(connection, _SCHEMA[dialect]))


def _hash(connection: Connection, query: str) -> str:
    rows = connection.execute(text(query)).all()
    return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()


def _alarm(name: str, about: str, details: dict[str, Json], *, zone: str, now: datetime) -> Record:
    return compose(
        Event(
            name=name,
            actor=SEALER,
            at=now,
            zone=zone,
            object=about,
            outcome=Outcome.FAILURE,
            details=details,
        )
    )


def _own(name: str, *, zone: str, details: dict[str, Json], now: datetime) -> Record:
    return compose(Event(name=name, actor=SEALER, at=now, zone=zone, details=details))
