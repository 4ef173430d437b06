"""The attack classes of gateway.md, section 3, against the decision endpoint itself."""

from __future__ import annotations

import pytest
from access_corpus import (
    ADDRESSES,
    ALIASES,
    CONNECTIONS,
    COOKIES,
    FRAGMENTS,
    HOSTS,
    MALFORMED,
    MATRIX,
    QUERIES,
    SPOOFED,
    VARIANTS,
)
from access_questions import CONTRACTS, HOST, Desk, answer, question, svc
from access_world import GATEWAY, RULES, World, service
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.access.canonical import Ambiguous, RawRequest, canonicalise


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("target", MALFORMED)
def test_class_01_malformed_addresses_are_refused(
    standing: Desk, contract: str, target: bytes
) -> None:
    got = standing.ask(contract, target)

    assert got.status == (403 if contract == "nginx" else 400)
    assert not got.allowed


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("target", [b"x", b"http://x/", b"*", b"ledger.gate.example.cn:443"])
def test_class_01_what_is_no_path_is_refused(standing: Desk, contract: str, target: bytes) -> None:
    got = standing.ask(contract, target)

    assert got.status in ({403} if contract == "nginx" else {400, 404})
    assert not got.allowed


def reading(target: bytes) -> str:
    raw = RawRequest(method="GET", scheme="https", host=HOST, target=target)
    try:
        return canonicalise(raw).path
    except Ambiguous as refusal:
        return f"refused: {refusal.code}"


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("target", VARIANTS)
def test_class_02_every_spelling_gets_the_decision_of_its_one_reading(
    standing: Desk, contract: str, target: bytes
) -> None:
    got = standing.ask(contract, target)

    path = reading(target)
    if path.startswith("refused: "):
        assert got.status in {400, 403}
        assert got["X-Hangu-Reason"] == path.removeprefix("refused: ")
    else:
        assert got.status == standing.ask(contract, path.encode()).status
        assert got.allowed is not (path == "/admin" or path.startswith("/admin/"))


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("target", [*MATRIX, *FRAGMENTS])
def test_class_03_04_matrix_parameters_and_fragments_are_refused(
    standing: Desk, contract: str, target: bytes
) -> None:
    assert standing.ask(contract, target).status in {400, 403}


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("target", QUERIES)
def test_class_05_a_query_is_no_path(standing: Desk, contract: str, target: bytes) -> None:
    assert not standing.ask(contract, target).allowed


@pytest.mark.parametrize("contract", CONTRACTS)
def test_class_06_who_is_not_the_proxy_gets_401(standing: Desk, contract: str) -> None:
    environ = question(contract, cookie=standing.cookie)
    environ["hangu.headers"] = environ["hangu.headers"][1:]

    got = answer(standing.app, environ)

    assert got.status == 401
    assert not got.allowed
    assert not got.has("Location")


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize(("name", "value"), SPOOFED)
def test_class_06_08_12_no_header_of_the_client_turns_no_into_yes(
    standing: Desk, contract: str, name: str, value: str
) -> None:
    pair = (name.lower().encode(), value.encode())

    assert not standing.ask(contract, b"/admin", more=[pair]).allowed
    assert not standing.ask(contract, b"/books", more=[pair], cookie=None).allowed


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_class_07_an_unreadable_address_fails_closed(
    standing: Desk, contract: str, address: str
) -> None:
    got = standing.ask(contract, address=address)

    assert got.status == (403 if contract == "nginx" else 400)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("name", ALIASES)
def test_class_09_another_spelling_of_an_identity_header_is_refused_or_replaced(
    standing: Desk, contract: str, name: str
) -> None:
    got = standing.ask(contract, more=[(name.lower().encode(), b"root")])

    if got.status == 200:  # then it is the very name, which the proxy replaces
        assert name.lower() == "x-ledger-name"
        assert got["X-Ledger-Name"] == "%E5%BC%A0zhang"
    else:
        assert got.status == (403 if contract == "nginx" else 400)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_class_10_every_identity_header_is_there_even_if_empty(
    small_world: World, contract: str
) -> None:
    small_world.open(service(headers={"Remote-Groups": "roles", "X-Ledger-Unit": "unit"}))
    small_world.publish(RULES.replace("role:staff", "unit:finance"))
    small_world.person("li", roles=())
    cookie = svc(small_world.sign_in("li"))

    got = answer(small_world.forward_auth(), question(contract, cookie=cookie))

    assert got.status == 200
    assert got["Remote-Groups"] == ""
    assert got["X-Ledger-Unit"] == "finance"


@pytest.mark.parametrize("value", CONNECTIONS)
def test_class_11_a_connection_header_that_drops_others_is_refused(
    standing: Desk, value: str
) -> None:
    got = standing.ask("nginx", more=[(b"x-original-connection", value.encode())])

    assert got.status == 403
    assert standing.ask("nginx", more=[(b"x-original-connection", b"keep-alive, Upgrade")]).allowed


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("cookie", COOKIES)
def test_class_13_a_malformed_cookie_opens_nothing(
    standing: Desk, contract: str, cookie: bytes
) -> None:
    assert not standing.ask(contract, cookie=cookie).allowed


def test_class_13_two_different_tokens_are_nobodys(desk: Desk) -> None:
    other = svc(desk.world.sign_in("zhang"))
    assert not desk.ask("nginx", more=[(b"cookie", other)]).allowed
    assert desk.ask("nginx", more=[(b"cookie", desk.cookie)]).allowed


@settings(max_examples=60, deadline=None)
@given(cookie=st.binary(max_size=120))
def test_class_13_no_bytes_are_a_session(standing: Desk, cookie: bytes) -> None:
    assert not standing.ask("nginx", cookie=cookie).allowed


@pytest.mark.parametrize("path", ["", "/", "/nginx/", "/nginx/x", "/other", "/NGINX", "/nginx%00"])
def test_class_14_no_other_address_of_the_endpoint_says_yes(standing: Desk, path: str) -> None:
    environ = question("nginx", cookie=standing.cookie)
    environ["hangu.raw_path"] = b"/-/decide" + path.encode()

    assert answer(standing.app, environ).status == 404


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("host", HOSTS)
def test_class_17_other_spellings_of_a_host_get_the_same_decision(
    standing: Desk, contract: str, host: str
) -> None:
    assert standing.ask(contract, b"/books", host=host).allowed
    assert not standing.ask(contract, b"/admin", host=host).allowed


@pytest.mark.parametrize("contract", CONTRACTS)
def test_class_26_the_next_question_after_a_change_gets_the_new_answer(
    desk: Desk, contract: str
) -> None:
    assert desk.ask(contract).allowed
    desk.world.change("zhang", drop_role="staff")
    assert desk.ask(contract).status == 403

    desk.world.change("zhang", state="disabled")
    assert desk.ask(contract).status in {401, 302}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_class_27_only_a_session_of_this_very_service_opens_it(desk: Desk, contract: str) -> None:
    desk.world.open(service("wiki"))
    tokens = {
        "of another service": desk.world.sign_in("zhang", "wiki"),
        "of the gateway itself": desk.world.sign_in("zhang", None),
        "an assertion": desk.ask(contract)["X-Hangu-Assertion"],
    }
    for kind, token in tokens.items():
        assert not desk.ask(contract, cookie=svc(token)).allowed, kind


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("path", [b"/open", b"//e.example", b"/\\e", b"/%09/e", b"/@e.example"])
def test_class_21_31_a_redirect_leads_to_our_own_page_with_a_path_at_most(
    standing: Desk, contract: str, path: bytes
) -> None:
    got = standing.ask(contract, path, cookie=None)

    if got.has("Location"):
        assert got["Location"].startswith(f"{GATEWAY}/open/ledger?to=/")
        assert "//" not in got["Location"].removeprefix("https://")


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("prefix", [b"/open/x", b"/.hangu", b"/.hangu/denied", b"/-/decide/nginx"])
def test_class_31_paths_that_look_like_our_own_pages_are_not_open(
    standing: Desk, contract: str, prefix: bytes
) -> None:
    assert not standing.ask(contract, prefix, cookie=None).allowed
    if prefix.startswith(b"/.hangu"):
        assert standing.ask(contract, prefix).status in {400, 403}
        assert standing.ask(contract, b"/%2ehangu/enter").status in {400, 403}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_class_34_the_gateways_cookies_never_reach_a_service(standing: Desk, contract: str) -> None:
    cookie = standing.cookie + b'; __Host-hangu-intranet=x; x="__Host-hangu-intranet-step=y"; c=3'
    got = standing.ask(contract, cookie=cookie)

    assert got.allowed
    assert got["X-Hangu-Cookie"] == "a=1; b=2; c=3"
