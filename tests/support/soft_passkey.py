"""A security key in software: it makes passkeys and answers challenges, or lies on request."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
COORDINATE = 32


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """The bytes again."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftKey:
    """One passkey. `counter` grows with each answer unless `counts` is off."""

    origin: str
    rp: str
    counts: bool = True
    flags: int = PRESENT | VERIFIED
    counter: int = 0
    handle: bytes | None = None
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    secret: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: str) -> str:
        """Answer `navigator.credentials.create`."""
        asked = json.loads(options)
        self.handle = unb64(asked["user"]["id"])
        point = self.secret.public_key().public_numbers()
        key = cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: point.x.to_bytes(COORDINATE, "big"),
                -3: point.y.to_bytes(COORDINATE, "big"),
            }
        )
        credential = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        data = self._data(self.flags | ATTESTED) + credential
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"])
        return self._answer(clientDataJSON=client, attestationObject=attested)

    def answer(self, options: str, *, kind: str = "webauthn.get", handle: bool = True) -> str:
        """Answer `navigator.credentials.get`."""
        if self.counts:
            self.counter += 1
        client = self._client(kind, json.loads(options)["challenge"])
        data = self._data(self.flags)
        signed = data + hashlib.sha256(client).digest()
        signature = self.secret.sign(signed, ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        if handle and self.handle is not None:
            parts["userHandle"] = self.handle
        return self._answer(**parts)

    def _data(self, flags: int) -> bytes:
        return (
            hashlib.sha256(self.rp.encode()).digest()
            + bytes([flags])
            + self.counter.to_bytes(4, "big")
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        said: dict[str, Any] = {"type": kind, "challenge": challenge, "origin": self.origin}
        return json.dumps(said | {"crossOrigin": False}).encode()

    def _answer(self, **parts: bytes) -> str:
        response = {name: b64(value) for name, value in parts.items()}
        name = b64(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
