"""The sealer's own entries: the heartbeat, and the handing over to the next key."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, text

from audit.note import Vkey
from audit.record import Actor, Event, Json, Record, compose
from audit.tree import Frontier

SEALER = Actor(subject="system:sealer")
ROTATION = "hangu.key.rotate/v1"

_TRIGGERS = {
    "sqlite": "SELECT name, sql, 'on' FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": """SELECT t.tgname, pg_get_triggerdef(t.oid) || p.prosrc, t.tgenabled::text
                     FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                     WHERE NOT t.tgisinternal ORDER BY t.tgname""",
}


def heartbeat(*, zone: str, beat: int, after: int, triggers: str, now: datetime) -> Record:
    """The entry that says: still here, nothing cut off.

    `beat` counts from 0, without gaps; `after` are the whole seconds since the beat before,
    so that a standstill is said aloud; `triggers` is what `triggers_hash` returned.
    """
    details: dict[str, Json] = {"beat": beat, "after": after, "triggers": triggers}
    return _own("log.heartbeat", zone=zone, details=details, now=now)


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


def triggers_hash(connection: Connection) -> str:
    """SHA-256 over the database's triggers: one switched off for a minute leaves a trace."""
    rows = connection.execute(text(_TRIGGERS[connection.dialect.name])).all()
    return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()


def _own(name: str, *, zone: str, details: dict[str, Json], now: datetime) -> Record:
    return compose(Event(name=name, actor=SEALER, at=now, zone=zone, details=details))
