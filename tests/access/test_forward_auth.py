"""The decision endpoint answers each proxy in its own terms, and yes in exactly one way."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from access_corpus import WRONG_HOSTS
from access_questions import CONTRACTS, PAGE, SCRIPT, SOCKET, Desk, answer, question, svc
from access_world import GATEWAY, World, service
from sqlalchemy import text

from gateway.access.assertion import verify
from gateway.access.forward_auth import ForwardAuth


@pytest.mark.parametrize("contract", CONTRACTS)
def test_yes_carries_everything_the_service_needs(standing: Desk, contract: str) -> None:
    got = standing.ask(contract, b"/books?x=1")

    assert got.status == 200
    assert got["X-Hangu-Decision"] == "allow"
    assert got["X-Hangu-Path"] == "/books?x=1"
    assert got["Remote-User"] == "zhang"
    assert got["X-Ledger-Name"] == "%E5%BC%A0zhang"
    assert got["X-Hangu-Cookie"] == "a=1; b=2"
    assert got.has("Cookie") is (contract != "nginx")
    claims = verify(
        got["X-Hangu-Assertion"],
        jwks=standing.world.signer.jwks(),
        issuer=GATEWAY,
        audience="ledger",
        method="GET",
        path="/books",
        now=standing.world.clock,
    )
    assert claims["jti"] == got["X-Hangu-Decision-Id"]


@pytest.mark.parametrize(
    ("contract", "method", "kind", "status", "location"),
    [
        ("nginx", "GET", PAGE, 401, True),
        ("nginx", "POST", PAGE, 401, True),
        ("nginx", "GET", SCRIPT, 401, False),
        ("nginx", "GET", SOCKET, 401, False),
        ("traefik", "GET", PAGE, 302, True),
        ("traefik", "HEAD", PAGE, 302, True),
        ("traefik", "POST", PAGE, 303, True),
        ("traefik", "GET", SCRIPT, 401, False),
        ("traefik", "GET", SOCKET, 401, False),
        ("caddy", "GET", PAGE, 302, True),
        ("caddy", "GET", SCRIPT, 401, False),
        ("envoy", "GET", PAGE, 302, True),
        ("envoy", "POST", PAGE, 303, True),
        ("envoy", "GET", SOCKET, 401, False),
    ],
)
def test_without_a_session_people_are_sent_to_sign_in_and_scripts_are_told(
    standing: Desk, contract: str, method: str, kind: dict[str, str], status: int, *, location: bool
) -> None:
    got = standing.ask(contract, b"/books?a=b&c=/d", method=method, extra=kind, cookie=None)

    assert got.status == status
    assert got["X-Hangu-Decision"] == "sign-in"
    assert got.has("Location") is location
    if location:
        to = "/books%3Fa%3Db%26c%3D/d" if method in {"GET", "HEAD"} else "/"
        assert got["Location"] == f"{GATEWAY}/open/ledger?to={to}"
    if status == 401:
        assert got["WWW-Authenticate"].startswith("Hangu ")
        problem = json.loads(got.body)
        assert (problem["status"], problem["code"]) == (401, "sign_in_required")
        assert got["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_step_up_says_which_strength_is_needed(desk: Desk, contract: str) -> None:
    weak = svc(desk.world.sign_in("zhang", strength=1))

    page = desk.ask(contract, b"/", cookie=weak)
    assert page.status == (401 if contract == "nginx" else 302)
    assert page["Location"].endswith("/open/ledger?to=/&reason=stronger_sign_in")
    script = desk.ask(contract, b"/", cookie=weak, extra=SCRIPT)
    assert script.status == 401
    assert not script.has("Location")
    assert 'error="insufficient_user_authentication", acr_values="2"' in script["WWW-Authenticate"]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_denial_names_its_decision(standing: Desk, contract: str) -> None:
    got = standing.ask(contract, b"/admin")

    assert got.status == 403
    problem = json.loads(got.body)
    assert problem["decision"] == got["X-Hangu-Decision-Id"]
    assert problem["code"] == "denied_by_rule"
    assert not got.has("X-Hangu-Assertion")


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_host_that_is_no_service_is_refused(standing: Desk, contract: str) -> None:
    for host in WRONG_HOSTS:
        got = standing.ask(contract, b"/", host=host)
        assert got.status == (403 if contract == "nginx" else 400), host


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_broken_database_opens_nothing(desk: Desk, contract: str) -> None:
    with desk.world.ledger.begin(unaudited_because="the test breaks the sessions") as tx:
        tx.session.execute(text("ALTER TABLE session RENAME TO lost"))

    got = desk.ask(contract)

    assert got.status == (503 if contract in {"traefik", "caddy"} else 403)
    assert not got.allowed


def test_a_page_may_take_the_place_of_the_problem_document(small_world: World) -> None:
    small_world.open(service())
    app = ForwardAuth(
        **{
            name: getattr(small_world.forward_auth(), name)
            for name in ForwardAuth.__dataclass_fields__
            if name != "denied_page"
        },
        denied_page=lambda verdict, asked: (
            f"<p>{verdict.reason} {asked.canonical.path}</p>",
            (("Content-Security-Policy", "default-src 'none'"),),
        ),
    )
    cookie = svc(small_world.sign_in("zhang"))

    page = answer(app, question("traefik", b"/admin", cookie=cookie, extra=PAGE))
    script = answer(app, question("traefik", b"/admin", cookie=cookie, extra=SCRIPT))

    by_nginx = answer(app, question("nginx", b"/admin", cookie=cookie, extra=PAGE))

    assert (page.status, page.body) == (403, b"<p>denied_by_rule /admin</p>")
    assert page["Content-Security-Policy"] == "default-src 'none'"
    assert json.loads(by_nginx.body)["code"] == "denied_by_rule"
    assert json.loads(script.body)["code"] == "denied_by_rule"


def test_an_expired_session_is_none(desk: Desk) -> None:
    desk.world.clock += timedelta(hours=2)
    assert desk.ask("nginx").status == 401
