"""The signed statement a service gets with each request: who, how signed in, for what.

A JSON Web Token (RFC 7519) with EdDSA over Ed25519 (RFC 8037), explicitly typed (RFC 8725,
3.11), good for one service, one method, one path and at most 60 seconds: a captured one opens
nothing else. The public key is published as a JWK Set under its RFC 7638 thumbprint.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.access.canonical import Canonical
from gateway.access.decide import Verdict
from gateway.access.identity_headers import Person
from gateway.access.refusals import AssertionRefused

ALGORITHM = "EdDSA"
TYPE = "hangu-assertion+jwt"
SEED_PURPOSE = "assertion-v1"
"""`vault.derive(SEED_PURPOSE)` gives the signing seed."""
LONGEST_LIFE = timedelta(seconds=60)
SKEW = timedelta(seconds=5)
"""How far the clocks of gateway and service may differ."""

_SEED_BYTES = 32
_NEEDED = ("iss", "aud", "sub", "iat", "exp", "jti", "zone", "method", "path")


@dataclass(frozen=True, slots=True)
class _Times:
    issued: int
    expires: int


class Signer:
    """Signs assertions of one zone.

    Args:
        seed: 32 secret bytes, `vault.derive(SEED_PURPOSE)`.
        issuer: the gateway's public origin.
        zone: the zone it speaks for.
        life: how long an assertion is good, at most 60 s.
    """

    def __init__(
        self, seed: bytes, *, issuer: str, zone: str, life: timedelta = LONGEST_LIFE
    ) -> None:
        if len(seed) != _SEED_BYTES:
            raise ValueError(f"a signing seed has {_SEED_BYTES} bytes")
        if not timedelta(seconds=1) <= life <= LONGEST_LIFE:
            raise ValueError("an assertion is good for 1 to 60 seconds")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._jwk = _jwk(self._key.public_key())
        self._issuer = issuer
        self._zone = zone
        self._life = life

    def sign(self, verdict: Verdict, person: Person, canonical: Canonical, *, now: datetime) -> str:
        """Return the assertion of an allowed request. Raises ValueError for any other."""
        if not verdict.allowed:
            raise ValueError("only what was allowed is asserted")
        issued = int(now.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": verdict.service.slug,
            "sub": person.subject,
            "iat": issued,
            "exp": issued + int(self._life.total_seconds()),
            "jti": verdict.decision_id,
            "zone": self._zone,
            "unit": person.unit,
            "roles": sorted(person.roles),
            "amr": list(person.amr),
            "method": canonical.method,
            "path": canonical.path,
            "policy": verdict.version,
        }
        headers = {"typ": TYPE, "kid": self._jwk["kid"]}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers=headers)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public key as a JWK Set (RFC 7517, 5), for `/.well-known/jwks.json`."""
        return {"keys": [dict(self._jwk)]}


def verify(
    token: str,
    *,
    jwks: Mapping[str, Any],
    issuer: str,
    audience: str,
    method: str,
    path: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of an assertion that a service received, or refuse it.

    What every service should do, and what our own tests do. `path` is the path of the request
    line without the query; `audience` the service's slug.

    Raises:
        AssertionRefused: with the first thing that is wrong: key, algorithm, type, signature,
            a missing claim, issuer, audience, time, method or path.
    """
    claims = _verified(token, jwks)
    expected = {"iss": issuer, "aud": audience, "method": method, "path": path}
    for claim, value in expected.items():
        if claims[claim] != value:
            raise AssertionRefused(claim)
    times = _times(claims)
    if times.expires - times.issued > LONGEST_LIFE.total_seconds():
        raise AssertionRefused("life")
    moment, skew = now.timestamp(), SKEW.total_seconds()
    if not times.issued - skew <= moment < times.expires + skew:
        raise AssertionRefused("time")
    return claims


def thumbprint(public: Mapping[str, str]) -> str:
    """Return the RFC 7638 thumbprint of an Ed25519 JWK: SHA-256, base64url, no padding."""
    members = {name: public[name] for name in ("crv", "kty", "x")}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode()).digest())


def _verified(token: str, jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Check form, key and signature; every claim we use is present afterwards."""
    try:
        header = jwt.get_unverified_header(token)
        if (header.get("alg"), header.get("typ")) != (ALGORITHM, TYPE):
            raise AssertionRefused("alg or typ")
        known = {key["kid"]: key for key in jwks["keys"]}
        key = known.get(header.get("kid"))
        if key is None or key["kid"] != thumbprint(key):
            raise AssertionRefused("kid")
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(dict(key), algorithm=ALGORITHM),
            algorithms=[ALGORITHM],
            # PyJWT would read the clock itself; times and audience are checked by verify().
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "require": list(_NEEDED),
            },
        )
    except jwt.PyJWTError as error:
        raise AssertionRefused(type(error).__name__) from error
    return claims


def _times(claims: Mapping[str, Any]) -> _Times:
    issued, expires = claims["iat"], claims["exp"]
    if type(issued) is not int or type(expires) is not int:
        raise AssertionRefused("time")
    return _Times(issued, expires)


def _jwk(public: Ed25519PublicKey) -> dict[str, str]:
    members = {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public.public_bytes_raw())}
    return members | {"kid": thumbprint(members), "use": "sig", "alg": ALGORITHM}


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
