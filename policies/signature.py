"""The signature under a published version: who can write the database cannot publish.

A version's name is the hash of its rules, which anybody can compute. So the number, the time,
the author and the note are signed together with it, with a key that lies in the zone's key
ring and not in its database. A row from another hand, another zone or another place in the
sequence does not verify, and no engine is built of it.

Ed25519 (RFC 8032) over one statement of fixed form.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from audit.record import timestamp

VAULT: Final = "vault"
"""Under this name a session's `info` holds the zone's keys."""
PURPOSE: Final = "policy-version-v1"
"""`vault.derive(PURPOSE)` gives the seed."""
_SEED_BYTES = 32


@runtime_checkable
class Keys(Protocol):
    """The zone's keys, as far as this module needs them; the gateway's vault."""

    zone: str

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """Return secret bytes for a purpose."""


class KeyMissingError(RuntimeError):
    """The session was opened without the zone's key: nothing can be published or trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is signed: these rules, at this place in the sequence, by this hand, for this reason."""

    seq: int
    hash: str
    created_at: datetime
    author: str
    note: str

    def bytes(self, zone: str) -> bytes:
        """Return the signed bytes: one fact a line; the note as its hash, for it may hold lines."""
        note = hashlib.sha256(self.note.encode()).hexdigest()
        facts = (zone, str(self.seq), self.hash, timestamp(self.created_at), self.author, note)
        return "\n".join(("hangu policy version v1", *facts, "")).encode()


class Signable(Protocol):
    """What the zone's key vouches for."""

    def bytes(self, zone: str) -> bytes:
        """Return the signed bytes; no other kind of statement has the same first line."""


class VersionKey:
    """Signs and verifies the versions of one zone.

    Args:
        seed: 32 secret bytes, `vault.derive(PURPOSE)`.
        zone: which every statement names.
    """

    def __init__(self, seed: bytes, *, zone: str) -> None:
        if len(seed) != _SEED_BYTES:
            raise ValueError(f"a signing seed has {_SEED_BYTES} bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._zone = zone

    def sign(self, statement: Signable) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(statement.bytes(self._zone))

    def verifies(self, statement: Signable, signature: bytes | None) -> bool:
        """Tell whether this zone's key signed exactly this."""
        if signature is None:
            return False
        try:
            self._key.public_key().verify(signature, statement.bytes(self._zone))
        except InvalidSignature:
            return False
        return True


def key_of(session: Session) -> VersionKey:
    """Return the key of the zone a session belongs to.

    Raises:
        KeyMissingError: it was opened without the zone's keys; there is no default.
    """
    keys = session.info.get(VAULT)
    if not isinstance(keys, Keys):
        raise KeyMissingError(f"session.info[{VAULT!r}] holds no keys")
    return VersionKey(keys.derive(PURPOSE), zone=keys.zone)
