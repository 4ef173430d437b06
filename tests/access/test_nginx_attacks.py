"""The attack classes of gateway.md, section 3, through a real nginx."""

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
from access_questions import answer, question
from access_world import GATEWAY_HOST, RULES
from echo_upstream import headers_of
from hypothesis import given, settings
from hypothesis import strategies as st
from nginx_front import Front

from gateway.access.channel import Channel

_SEGMENT = (
    b"admin books %61dmin .. . %2e%2e ; %2f a%20b ~ %00 \\ %25 admin;x %5c x %C3%A4 \xc3\xa4 * %3f"
)
SEGMENTS = st.lists(st.sampled_from([b"", *_SEGMENT.split(b" ")]), min_size=1, max_size=5)


def directly(front: Front, target: bytes) -> tuple[int, str]:
    """Return (status, canonical target) of the decision without nginx between."""
    app = front.world.forward_auth(Channel(key=b"k" * 32))
    asked = question(
        "nginx", target, host=f"ledger.{GATEWAY_HOST}:{front.port}", cookie=front.cookie.encode()
    )
    asked["hangu.peer"] = "unix"
    got = answer(app, asked)
    return got.status, got["X-Hangu-Path"] if got.status == 200 else ""


@pytest.mark.parametrize("target", MALFORMED)
def test_class_01_malformed_addresses_never_reach_the_service(front: Front, target: bytes) -> None:
    seen = front.ask(target)

    assert seen.status in {0, 400, 403, 414}
    assert not seen.reached


@pytest.mark.parametrize("target", VARIANTS)
def test_class_02_every_spelling_is_decided_as_its_one_reading_or_refused(
    front: Front, target: bytes
) -> None:
    seen = front.ask(target)
    status, path = directly(front, target)

    if seen.reached:
        assert status == 200
        assert seen.shown["line"] == f"GET {path} HTTP/1.1"
        assert not path.startswith("/admin")
    else:
        assert seen.status in {400, 403}


@settings(max_examples=150, deadline=None)
@given(parts=SEGMENTS, end=st.sampled_from([b"", b"/", b"?q=/books", b"#/books"]))
def test_class_02_no_combination_reaches_what_was_not_decided(
    front: Front, parts: list[bytes], end: bytes
) -> None:
    target = b"/" + b"/".join(parts) + end
    seen = front.ask(target)
    status, path = directly(front, target)

    assert seen.reached is (status == 200)
    if seen.reached:
        assert seen.shown["line"] == f"GET {path} HTTP/1.1"
        assert path.partition("?")[0].rstrip("/").split("/")[:2] != ["", "admin"]


@pytest.mark.parametrize("target", [*MATRIX, *FRAGMENTS, *QUERIES])
def test_class_03_04_05_parameters_fragments_and_queries_open_nothing(
    front: Front, target: bytes
) -> None:
    seen = front.ask(target)

    assert seen.status in {400, 403}
    assert not seen.reached


@pytest.mark.parametrize(("name", "value"), SPOOFED)
def test_class_06_08_12_no_header_of_the_client_changes_the_decision(
    front: Front, name: str, value: str
) -> None:
    for spelling in (name, name.upper(), name.replace("-", "_"), name.replace("-", ".")):
        header = [(spelling, value)]
        assert not front.ask(b"/admin", headers=header).reached
        assert not front.ask(b"/books", headers=header, cookie=None).reached
        seen = front.ask(b"/books", headers=header)
        assert seen.reached
        assert seen.shown["line"] == "GET /books HTTP/1.1"
        if name != "User-Agent":
            assert value not in headers_of(seen.shown, name)


@pytest.mark.parametrize(("name", "value"), SPOOFED)
def test_class_08_redirects_lead_where_they_always_lead(
    front: Front, name: str, value: str
) -> None:
    seen = front.ask(b"/books", headers=[(name, value)], cookie=None, page=True)

    assert seen.one("Location") == f"{front.world.gateway}/open/ledger?to=/books"


def test_class_06_the_endpoint_itself_cannot_be_reached_from_outside(front: Front) -> None:
    asks = [("X-Original-URL", f"http://ledger.{GATEWAY_HOST}/books"), ("X-Original-Method", "GET")]
    for target in (b"/-/decide/nginx", b"/-/decide/envoy/", b"/%2d/decide/nginx", b"/-//decide/x"):
        seen = front.ask(target, host=GATEWAY_HOST, headers=asks)
        assert seen.status in {400, 404}, target
        assert not seen.all("X-Hangu-Decision")
    for target in (b"/.hangu/decide", b"/.hangu/%64ecide"):
        assert front.ask(target).status == 404


@pytest.mark.parametrize("address", [each for each in ADDRESSES if len(each) < 5000])
def test_class_07_what_the_client_says_about_its_address_is_not_heard(
    front: Front, address: str
) -> None:
    seen = front.ask(b"/books", headers=[("X-Forwarded-For", address)])

    assert headers_of(seen.shown, "X-Forwarded-For") == ["127.0.0.1"]


@pytest.mark.parametrize("name", ALIASES)
def test_class_09_header_aliases_never_reach_the_service(front: Front, name: str) -> None:
    seen = front.ask(b"/books", headers=[(name, "root"), (name, "root"), (name, "root2")])

    assert headers_of(seen.shown, "Remote-User") == ["zhang"]
    assert headers_of(seen.shown, "X-Ledger-Name") == ["%E5%BC%A0zhang"]
    assert len(headers_of(seen.shown, "X-Hangu-Assertion")) == 1


def test_class_09_identity_headers_of_other_makes_are_taken_out_or_refused(front: Front) -> None:
    for name in ("X-Remote-User", "X-Webauth-User", "X-Auth-Request-Email", "X-Forwarded-User"):
        seen = front.ask(b"/books", headers=[(name, "root")])
        assert not headers_of(seen.shown, name)
    for name in ("X-Webauth-Name", "Remote-Admin", "X-Forwarded-New", "X-Hangu-New"):
        seen = front.ask(b"/books", headers=[(name, "root")])
        assert (seen.status, seen.reached) == (403, False), name


def test_class_10_a_header_with_nothing_to_say_takes_the_clients_copy_away(front: Front) -> None:
    token = front.world.sign_in("zhang", "chat")
    cookie = f"__Host-hangu-intranet-svc={token}"
    # The denial page is the gateway's: it too must not see the client's copy.
    seen = front.ask(b"/admin", headers=[("Remote-User", "root")], cookie=cookie, page=True)
    assert b"root" not in seen.body
    assert not seen.reached


@pytest.mark.parametrize("value", CONNECTIONS)
def test_class_11_connection_cannot_have_headers_dropped(front: Front, value: str) -> None:
    seen = front.ask(b"/books", headers=[("Connection", f"close, {value}")])

    assert seen.status == 400
    assert not seen.reached


@pytest.mark.parametrize("cookie", COOKIES)
def test_class_13_a_malformed_cookie_opens_nothing(front: Front, cookie: bytes) -> None:
    seen = front.ask(b"/books", cookie=cookie)

    assert seen.status in {400, 401}
    assert not seen.reached


def test_class_14_15_a_decision_that_cannot_be_had_is_a_no(front: Front) -> None:
    front.world.publish("p, role:nobody, *, svc:ledger/**, *, *, *, *, *, allow\n")
    assert front.ask(b"/books").status == 403
    front.world.publish(
        f"{RULES}p, role:staff, *, svc:chat/**, GET, *, *, 2, *, allow\n"
        "p, role:staff, *, svc:gone/**, *, *, *, 2, *, allow\n"
    )
    assert front.ask(b"/books").reached


@pytest.mark.parametrize("host", HOSTS)
def test_class_17_other_spellings_of_the_host_get_the_same_decision(
    front: Front, host: str
) -> None:
    assert front.ask(b"/books", host=host).reached
    assert front.ask(b"/admin", host=host).status == 403
    seen = front.ask(b"/books", host=host, cookie=None, page=True)
    assert seen.one("Location") == f"{front.world.gateway}/open/ledger?to=/books"


def test_class_26_rights_taken_away_are_gone_with_the_next_request(front: Front) -> None:
    world = front.world
    world.person("sun")
    cookie = f"__Host-hangu-intranet-svc={world.sign_in('sun')}"
    assert front.ask(b"/books", cookie=cookie).reached

    world.change("sun", drop_role="staff")
    assert front.ask(b"/books", cookie=cookie).status == 403
    world.change("sun", state="disabled")
    assert front.ask(b"/books", cookie=cookie).status == 401


def test_class_27_tokens_of_another_kind_open_nothing(front: Front) -> None:
    world = front.world
    assertion = headers_of(front.ask(b"/books").shown, "X-Hangu-Assertion")[0]
    for token in (world.sign_in("zhang", "chat"), world.sign_in("zhang", None), assertion):
        assert not front.ask(b"/books", cookie=f"__Host-hangu-intranet-svc={token}").reached
    bearer = [("Authorization", f"Bearer {assertion}"), ("X-Hangu-Assertion", assertion)]
    assert not front.ask(b"/books", cookie=None, headers=bearer).reached


@pytest.mark.parametrize(
    "target",
    [b"/sign-in", b"/open/ledger", b"/health", b"/.well-known/jwks.json", b"/books/.hangu/x"],
)
def test_class_31_paths_of_our_own_pages_are_not_open_on_a_service(
    front: Front, target: bytes
) -> None:
    assert front.ask(target, cookie=None).status == 401
    assert front.ask(b"/admin" + target).status == 403
    assert front.ask(target + b"/../admin").status in {400, 403}


def test_class_31_what_nginx_takes_for_our_own_path_is_still_the_gateways_to_judge(
    front: Front,
) -> None:
    for target in (b"/%2ehangu/enter", b"/.hangu/../books", b"/x/../.hangu/enter", b"/.hangu//x"):
        assert not front.ask(target).reached, target


def test_class_34_no_cookie_of_the_gateway_reaches_the_service(front: Front) -> None:
    cookie = front.cookie + '; __Host-hangu-intranet=secret; q="__Host-hangu-intranet-step=y"; c=3'
    more = [("Cookie", "__Host-hangu-intranet-anon=z; d=4")]

    seen = front.ask(b"/books", cookie=cookie, headers=more)

    assert headers_of(seen.shown, "Cookie") == ["a=1; b=2; c=3; d=4"]
    assert "hangu-intranet" not in str(headers_of(seen.shown, "Cookie"))
