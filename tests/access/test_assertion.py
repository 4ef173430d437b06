"""An assertion proves one request to one service for a minute, and nothing else."""
# ruff: noqa: ANN401 - each test changes any claim

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from access_world import GATEWAY, World, canonical, service
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.access.assertion import TYPE, Signer, thumbprint, verify
from gateway.access.refusals import AssertionRefused

SEED = bytes(range(32))


@pytest.fixture
def token(small_world: World) -> str:
    world = small_world
    verdict = world.access.check(
        world.current("zhang"), world.open(service()), canonical("/books"), world.clock
    )
    return world.signer.sign(verdict, world.current("zhang"), canonical("/books"), now=world.clock)


def check(world: World, token: str, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "jwks": world.signer.jwks(),
        "issuer": GATEWAY,
        "audience": "ledger",
        "method": "GET",
        "path": "/books",
        "now": world.clock,
    }
    return verify(token, **(usual | changes))


def forged(
    now: datetime, *, headers: Mapping[str, Any] | None = None, key: Any = None, **changes: Any
) -> str:
    """Return a token signed with the world's seed or another key, with claims changed."""
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": GATEWAY,
        "aud": "ledger",
        "sub": "person:x",
        "iat": issued,
        "exp": issued + 60,
        "jti": "1",
        "zone": "intranet",
        "method": "GET",
        "path": "/books",
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    signer = Signer(SEED, issuer=GATEWAY, zone="intranet")
    kid = signer.jwks()["keys"][0]["kid"]
    usual = {"typ": TYPE, "kid": kid}
    key = key or Ed25519PrivateKey.from_private_bytes(SEED)
    return jwt.encode(claims, key, algorithm="EdDSA", headers=usual | dict(headers or {}))


def refuse(now: datetime, token: str, **changes: Any) -> None:
    usual: dict[str, Any] = {
        "jwks": Signer(SEED, issuer=GATEWAY, zone="intranet").jwks(),
        "issuer": GATEWAY,
        "audience": "ledger",
        "method": "GET",
        "path": "/books",
        "now": now,
    }
    with pytest.raises(AssertionRefused):
        verify(token, **(usual | changes))


def test_a_service_learns_who_asks_how_they_signed_in_and_for_what(
    small_world: World, token: str
) -> None:
    claims = check(small_world, token)

    assert claims["sub"] == f"person:{small_world.people['zhang']}"
    assert claims["roles"] == ["staff"]
    assert claims["unit"] == "finance"
    assert claims["zone"] == "intranet"
    assert claims["amr"] == ["pwd", "otp"]
    assert (claims["method"], claims["path"]) == ("GET", "/books")
    assert claims["exp"] - claims["iat"] == 60
    assert len(claims["jti"]) == 32
    assert len(claims["policy"]) == 16


def test_the_unchanged_forgery_would_pass_so_that_each_change_below_is_what_fails(
    now: datetime,
) -> None:
    signer = Signer(SEED, issuer=GATEWAY, zone="intranet")
    claims = verify(
        forged(now),
        jwks=signer.jwks(),
        issuer=GATEWAY,
        audience="ledger",
        method="GET",
        path="/books",
        now=now,
    )
    assert claims["sub"] == "person:x"


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": "wiki"},
        {"audience": "Ledger"},
        {"issuer": "https://gate.example.org"},
        {"method": "POST"},
        {"path": "/"},
        {"path": "/books/"},
    ],
    ids=str,
)
def test_class_27_an_assertion_is_good_for_its_own_service_and_request_alone(
    small_world: World, token: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(AssertionRefused):
        check(small_world, token, **changes)


@pytest.mark.parametrize("seconds", [-3600, -6, 65, 3600])
def test_class_27_an_assertion_lives_a_minute(small_world: World, token: str, seconds: int) -> None:
    with pytest.raises(AssertionRefused):
        check(small_world, token, now=small_world.clock + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "headers",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "at+jwt"},
        {"kid": "other"},
        {"kid": None},
        {"kid": ""},
        {"kid": ["x"]},
        {"crit": ["exp"]},
    ],
    ids=str,
)
def test_class_27_a_wrong_type_or_key_id_is_refused(now: datetime, headers: dict[str, Any]) -> None:
    try:
        token = forged(now, headers=headers)
    except jwt.PyJWTError:  # it cannot even be written
        signed, payload, signature = forged(now).split(".")
        content = json.loads(base64.urlsafe_b64decode(signed + "==")) | headers
        token = ".".join([_encode(content), payload, signature])
    refuse(now, token)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["ledger", "wiki"]},
        {"aud": None},
        {"iss": None},
        {"sub": None},
        {"jti": None},
        {"exp": None},
        {"iat": None},
        {"method": None},
        {"path": None},
        {"exp": 2**40},
        {"exp": "9999999999"},
        {"iat": 0.5},
        {"exp": True},
    ],
    ids=str,
)
def test_class_27_missing_or_strange_claims_are_refused(
    now: datetime, changes: dict[str, Any]
) -> None:
    refuse(now, forged(now, **changes))


def test_class_27_other_algorithms_are_refused(now: datetime) -> None:
    signer = Signer(SEED, issuer=GATEWAY, zone="intranet")
    jwk = signer.jwks()["keys"][0]
    _, payload, _ = forged(now).split(".")
    for algorithm in ("none", "HS256", "ES256", "RS256", "Ed25519", "eddsa", ""):
        header = _encode({"alg": algorithm, "typ": TYPE, "kid": jwk["kid"]})
        refuse(now, f"{header}.{payload}.")
        refuse(now, f"{header}.{payload}.AAAA")
    # The public key, taken for a shared secret.
    public = base64.urlsafe_b64decode(jwk["x"] + "=")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    headers = {"typ": TYPE, "kid": jwk["kid"]}
    refuse(now, jwt.encode(claims, public, algorithm="HS256", headers=headers))


def test_class_27_another_key_is_refused_even_if_the_token_brings_it_along(now: datetime) -> None:
    other = Ed25519PrivateKey.generate()
    mine = Signer(other.private_bytes_raw(), issuer=GATEWAY, zone="intranet").jwks()["keys"][0]
    refuse(now, forged(now, key=other))
    refuse(now, forged(now, key=other, headers={"jwk": mine, "kid": mine["kid"]}))
    lying = {"keys": [mine | {"kid": Signer(SEED, issuer="x", zone="y").jwks()["keys"][0]["kid"]}]}
    refuse(now, forged(now, key=other), jwks=lying)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "💥", "a" * 10_000])
def test_class_27_what_is_no_token_is_refused(now: datetime, token: str) -> None:
    refuse(now, token)


def test_class_27_one_changed_byte_breaks_it(small_world: World, token: str) -> None:
    for place in range(0, len(token), 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(AssertionRefused):
            check(small_world, changed)


def test_only_what_was_allowed_is_asserted(small_world: World) -> None:
    world = small_world
    person = world.current("zhang")
    denied = world.access.check(person, world.open(service()), canonical("/admin"), world.clock)

    with pytest.raises(ValueError, match="allowed"):
        world.signer.sign(denied, person, canonical("/admin"), now=world.clock)


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    public = {"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_published_keys_hold_nothing_private(small_world: World) -> None:
    (key,) = small_world.signer.jwks()["keys"]
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}


@pytest.mark.parametrize("life", [0, 61])
def test_an_assertion_never_lives_longer_than_a_minute(life: int) -> None:
    with pytest.raises(ValueError, match="60"):
        Signer(SEED, issuer=GATEWAY, zone="intranet", life=timedelta(seconds=life))


def _encode(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
