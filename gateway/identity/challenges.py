"""Challenges for passkeys: random, bound to what they were asked for, good once and for minutes.

A challenge is 16 random bytes, the second at which it expires, and the keyed digest of both
with its purpose and binding. So nothing is stored when one is asked for, and nobody can fill
the database by asking; what is stored is that one was answered.
Source: Web Authentication level 3, 13.4.3; OWASP ASVS 5.0, 6.7.2.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete

from audit.ledger import Transaction
from gateway.identity.statements import changed, insert_if_new
from gateway.identity.tables_factors import SpentChallenge
from gateway.vault import Vault

LIFE = timedelta(minutes=5)
RANDOM = 16
"""Random bytes: 128 bits, twice what is asked for."""

_TIME = 8
_PROOF = 32
_PURPOSE = "identity/challenge"


def new(vault: Vault, purpose: str, bound_to: str, *, now: datetime) -> bytes:
    """Return a fresh challenge, 56 bytes.

    `purpose` names the ceremony; `bound_to` the session, step or browser that may answer.
    """
    expires = int((now + LIFE).timestamp())
    body = secrets.token_bytes(RANDOM) + expires.to_bytes(_TIME, "big")
    return body + _proof(vault, purpose, bound_to, body)


def spend(
    tx: Transaction, vault: Vault, challenge: bytes, purpose: str, bound_to: str, *, now: datetime
) -> bool:
    """Tell whether a challenge is ours, for this purpose and binding, and was never answered."""
    body, proof = challenge[:-_PROOF], challenge[-_PROOF:]
    if len(body) != RANDOM + _TIME:
        return False
    if not hmac.compare_digest(proof, _proof(vault, purpose, bound_to, body)):
        return False
    expires = datetime.fromtimestamp(int.from_bytes(body[RANDOM:], "big"), UTC)
    if not now < expires <= now + LIFE:
        return False
    digest = hashlib.sha256(challenge).digest()
    return insert_if_new(tx.session, SpentChallenge, {"digest": digest, "expires": expires})


def forget(tx: Transaction, *, now: datetime) -> None:
    """Drop what has expired: housekeeping."""
    changed(tx.session, delete(SpentChallenge).where(SpentChallenge.expires <= now))


def _proof(vault: Vault, purpose: str, bound_to: str, body: bytes) -> bytes:
    fields = (purpose.encode(), bound_to.encode(), body)
    message = b"".join(len(each).to_bytes(4, "big") + each for each in fields)
    return hmac.digest(vault.derive(_PURPOSE), message, "sha256")
