"""Through a real nginx a request reaches its service exactly as it was decided, or not at all."""

from __future__ import annotations

import json
import re
import socket
import time

import pytest
from access_world import GATEWAY_HOST
from echo_upstream import headers_of
from nginx_front import Front, Seen, parse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from gateway.access.assertion import verify

SCRIPT = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors")]


def test_an_allowed_request_arrives_with_the_identity_and_without_our_cookies(
    front: Front,
) -> None:
    seen = front.ask(b"/books/2026?x=%20y&z", method="POST", body=b"form=1")

    assert seen.status == 200
    shown = seen.shown
    assert shown["line"] == "POST /books/2026?x=%20y&z HTTP/1.1"
    assert shown["body"] == "form=1"
    assert headers_of(shown, "Remote-User") == ["zhang"]
    assert headers_of(shown, "X-Ledger-Name") == ["%E5%BC%A0zhang"]
    assert headers_of(shown, "Cookie") == ["a=1; b=2"]
    assert headers_of(shown, "X-Forwarded-For") == ["127.0.0.1"]
    assert headers_of(shown, "X-Forwarded-Host") == [f"ledger.{GATEWAY_HOST}:{front.port}"]
    assert headers_of(shown, "X-Forwarded-Proto") == ["http"]
    (token,) = headers_of(shown, "X-Hangu-Assertion")
    claims = verify(
        token,
        jwks=front.world.signer.jwks(),
        issuer=front.world.gateway,
        audience="ledger",
        method="POST",
        path="/books/2026",
        now=front.world.clock,
    )
    assert claims["sub"] == f"person:{front.world.people['zhang']}"


def test_the_service_gets_the_canonical_spelling(front: Front) -> None:
    seen = front.ask(b"/%62ooks/%E6%96%87'(x)")

    assert seen.shown["line"] == "GET /books/%E6%96%87'(x) HTTP/1.1"


def test_a_person_without_a_session_is_sent_to_sign_in_and_back(front: Front) -> None:
    seen = front.ask(b"/books?a=b", cookie=None, page=True)

    assert seen.status == 302
    assert seen.one("Location") == f"{front.world.gateway}/open/ledger?to=/books%3Fa%3Db"


def test_a_form_without_a_session_goes_to_the_gateway_whole(front: Front) -> None:
    """Which keeps it; `test_nginx_door` has the real one."""
    seen = front.ask(b"/books?a=b", method="POST", body=b"x=1", cookie=None, page=True)

    assert seen.one("X-Gateway") == "page"
    assert (seen.shown["page"], seen.shown["query"]) == ("/books", "a=b")
    assert seen.shown["method"] == "POST"
    assert ["content-length", "3"] in seen.shown["headers"]
    assert seen.shown["proven"]


def test_a_script_without_a_session_gets_a_problem_document(front: Front) -> None:
    seen = front.ask(b"/books", headers=SCRIPT, cookie=None)

    assert seen.status == 401
    assert seen.one("Content-Type") == "application/problem+json"
    assert seen.one("WWW-Authenticate") == 'Hangu realm="intranet"'
    problem = json.loads(seen.body)
    assert (problem["code"], problem["status"]) == ("sign_in_required", 401)


def test_a_step_up_keeps_its_challenge(front: Front) -> None:
    weak = f"__Host-hangu-intranet-svc={front.world.sign_in('zhang', strength=1)}"

    page = front.ask(b"/books", cookie=weak, page=True)
    script = front.ask(b"/books", cookie=weak, headers=SCRIPT)

    assert page.status == 302
    assert page.one("Location").endswith("?to=/books&reason=stronger_sign_in")
    assert script.status == 401
    assert "insufficient_user_authentication" in script.one("WWW-Authenticate")
    assert json.loads(script.body)["code"] == "stronger_sign_in"


def told(seen: Seen) -> str:
    """Return what nginx told the gateway when it asked for a page."""
    page = json.loads(seen.body)
    assert page["method"] == "GET"
    assert page["proven"]
    (words,) = [value for name, value in page["headers"] if name == "x-hangu-front"]
    return str(words)


def test_a_denial_shows_the_gateways_page_with_decision_policy_and_rules(front: Front) -> None:
    seen = front.ask(b"/admin?x=1", method="POST", body=b"x=1", page=True)

    assert (json.loads(seen.body)["page"], json.loads(seen.body)["query"]) == ("/admin", "x=1")
    words = told(seen)
    assert re.fullmatch("denied [0-9a-f]{32} denied_by_rule [0-9a-f]{16} r-[0-9a-f]{12}", words)


def test_a_refusal_before_any_decision_is_told_too(front: Front) -> None:
    seen = front.ask(b"/books", headers=[("X-Webauth-Name", "root")])

    assert told(seen) == "denied - forwarded_header_untrusted - -"
    assert told(front.ask(b"/a//b")) == "denied - empty_segment - -"


def test_nobody_else_can_tell_the_gateway_of_refusals(front: Front) -> None:
    header = [("X-Hangu-Front", "denied - store_unavailable - -")]
    for host, target in ((GATEWAY_HOST, b"/"), (f"ledger.{GATEWAY_HOST}", b"/.hangu/enter")):
        page = json.loads(front.ask(target, host=host, headers=header).body)
        assert "x-hangu-front" not in [name for name, _ in page["headers"]]
    assert not headers_of(front.ask(b"/books", headers=header).shown, "X-Hangu-Front")


def test_a_services_own_refusals_are_its_own(front: Front) -> None:
    for status in (401, 403, 502):
        seen = front.ask(b"/says/%d" % status)
        assert (seen.status, seen.body) == (status, b"own")


def test_a_service_that_does_not_answer_is_explained_by_the_gateway(front: Front) -> None:
    token = front.world.sign_in("zhang", "gone")
    seen = front.ask(b"/", host=f"gone.{GATEWAY_HOST}", cookie=f"__Host-hangu-intranet-svc={token}")

    assert told(seen) == "unreachable"


def test_a_service_cannot_command_nginx_or_talk_about_itself(front: Front) -> None:
    seen = front.ask(b"/says/accel")

    assert (seen.status, seen.body) == (200, b"own")
    for name in ("X-Accel-Redirect", "X-Powered-By", "Clear-Site-Data"):
        assert not seen.all(name)


def test_a_services_cookies_stay_on_its_host_and_its_headers_are_set_once(front: Front) -> None:
    seen = front.ask(b"/says/cookie")

    assert seen.one("Set-Cookie") == f"a=1; Domain=ledger.{GATEWAY_HOST}; Path=/"
    assert seen.one("Referrer-Policy") == "no-referrer"
    assert seen.one("X-Content-Type-Options") == "nosniff"
    assert seen.one("Server") == "nginx"


def test_a_redirect_to_the_services_own_address_leads_to_the_public_one(front: Front) -> None:
    seen = front.ask(b"/says/redirect")

    assert seen.one("Location") == f"http://ledger.{GATEWAY_HOST}:{front.port}/next"


@pytest.mark.parametrize("status", [201, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "said",
    [
        "http://127.0.0.1:{port}/done?q=%E5%87%BD",
        "http://localhost:{port}/done?q=%E5%87%BD",
        "HTTP://127.0.0.1:{port}/done?q=%E5%87%BD",
        "//127.0.0.1:{port}/done?q=%E5%87%BD",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_service_that_names_its_own_address_leads_to_the_public_one(
    front: Front, status: int, said: str, method: str
) -> None:
    place = said.encode().hex()
    seen = front.ask(f"/says/moved/{status}/{place}".encode(), method=method, body=b"x=1")

    public = f"http://ledger.{GATEWAY_HOST}:{front.port}"
    assert (seen.status, seen.one("Location")) == (status, f"{public}/done?q=%E5%87%BD")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("http://127.0.0.1:{port}", "http://HOST/"),
        ("http://127.0.0.1:{port}?a=b", "http://HOST/?a=b"),
        ("http://127.0.0.1:{port}0/done", "http://127.0.0.1:{port}0/done"),
        ("http://127.0.0.1:{port}.evil.cn/", "http://127.0.0.1:{port}.evil.cn/"),
        ("http://elsewhere.cn/done", "http://elsewhere.cn/done"),
        ("/done?q=%E5%87%BD", "/done?q=%E5%87%BD"),
    ],
)
def test_only_a_services_own_address_is_rewritten(front: Front, said: str, kept: str) -> None:
    seen = front.ask(f"/says/moved/302/{said.encode().hex()}".encode())

    ledger = front.world.catalogue.by_slug("ledger")
    assert ledger is not None
    port = ledger.upstream.rpartition(":")[2]
    public = f"ledger.{GATEWAY_HOST}:{front.port}"
    assert seen.one("Location") == kept.format(port=port).replace("HOST", public)


def test_events_arrive_as_they_happen(front: Front) -> None:
    with socket.create_connection(("127.0.0.1", front.port), timeout=10) as wire:
        request = f"GET /says/stream HTTP/1.1\r\nHost: ledger.{GATEWAY_HOST}\r\n"
        request += f"Cookie: {front.cookie}\r\nConnection: close\r\n\r\n"
        wire.sendall(request.encode())
        got, began = b"", time.monotonic()
        while b"data: 0" not in got:
            got += wire.recv(65536)
        assert time.monotonic() - began < 0.9
        assert b"data: 2" not in got


def test_a_large_upload_passes(front: Front) -> None:
    body = b"x" * 3_000_000

    seen = front.ask(b"/upload", method="POST", body=body)

    assert len(seen.shown["body"]) == len(body)


def test_the_gateways_own_host_reaches_the_gateway_over_the_proven_channel(front: Front) -> None:
    seen = front.ask(b"/account?x=1", host=GATEWAY_HOST)

    page = json.loads(seen.body)
    assert (page["page"], page["query"], page["proven"]) == ("/account", "x=1", True)
    assert page["address"] == "127.0.0.1"
    assert ["host", f"{GATEWAY_HOST}:{front.port}"] in page["headers"]


def test_the_gateways_doors_on_a_service_host_reach_the_gateway(front: Front) -> None:
    seen = front.ask(b"/.hangu/enter?ticket=x", cookie=None)

    page = json.loads(seen.body)
    assert (page["page"], page["query"]) == ("/.hangu/enter", "ticket=x")
    assert ["host", f"ledger.{GATEWAY_HOST}:{front.port}"] in page["headers"]


@pytest.mark.parametrize(
    "path",
    [b"/-/decide/nginx", b"/-/decide/envoy/x/../../../../foo", b"/-/decide/envoy/a/%2e%2e/b"],
)
def test_the_way_to_the_decision_is_shut_however_it_is_spelt(front: Front, path: bytes) -> None:
    seen = front.ask(path, host=GATEWAY_HOST)
    assert seen.status == 404
    assert "default-src 'none'" in seen.one("content-security-policy")
    assert seen.one("x-frame-options") == "DENY"


def test_the_gateways_doors_are_not_reached_round_a_corner(front: Front) -> None:
    seen = front.ask(b"/-/decide/envoy/../../../.hangu/enter")
    assert seen.status == 404
    assert b"proven" not in seen.body


def test_enrolment_links_are_not_written_to_the_log_of_nginx(front: Front) -> None:
    front.ask(b"/enrol/a-secret-token", host=GATEWAY_HOST)
    log = (front.directory / "access.log").read_text()
    assert "/enrol/***" in log
    assert "a-secret-token" not in log


def test_tickets_are_not_written_to_the_log_of_nginx(front: Front) -> None:
    front.ask(b"/.hangu/enter?ticket=a-secret-ticket")

    log = (front.directory / "access.log").read_text()
    assert "/.hangu/enter" in log
    assert "a-secret-ticket" not in log
    assert all(json.loads(line)["address"] == "127.0.0.1" for line in log.splitlines())


def chat(front: Front, cookie: str | None, **headers: str) -> connect:
    given = dict(headers) | ({"Cookie": cookie} if cookie else {})
    return connect(
        f"ws://chat.{GATEWAY_HOST}:{front.port}/room",
        sock=socket.create_connection(("127.0.0.1", front.port)),
        additional_headers=given,
        compression=None,
    )


def test_a_websocket_passes_with_the_identity(front: Front) -> None:
    cookie = f"__Host-hangu-intranet-svc={front.world.sign_in('zhang', 'chat')}"

    with chat(front, cookie, **{"Remote-User": "root"}) as link:
        shown = json.loads(link.recv())
        assert [v for name, v in shown if name.lower() == "remote-user"] == ["zhang"]
        assert not [v for name, v in shown if name.lower() == "cookie"]
        link.send("你好")
        assert link.recv() == "你好"


def test_class_33_after_the_session_ended_no_websocket_opens(front: Front) -> None:
    cookie = f"__Host-hangu-intranet-svc={front.world.sign_in('zhang', 'chat')}"
    front.world.person("wang")
    other = f"__Host-hangu-intranet-svc={front.world.sign_in('wang', 'chat')}"
    with chat(front, other) as link:
        link.recv()
    front.world.change("wang", state="disabled")

    with pytest.raises(InvalidStatus) as refusal:
        chat(front, other)
    assert refusal.value.response.status_code == 401
    with pytest.raises(InvalidStatus):
        chat(front, None)
    with chat(front, cookie) as link:
        link.recv()


def test_only_websocket_is_an_upgrade(front: Front) -> None:
    seen = front.ask(
        b"/books",
        headers=[
            ("Connection", "close, Upgrade"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"),
        ],
    )

    assert not headers_of(seen.shown, "Upgrade")


@pytest.mark.parametrize("way", ["unmarked", "pathless", "moved", "failing", "denied-in-body"])
def test_class_14_only_200_with_the_mark_and_a_path_is_a_yes(front: Front, way: str) -> None:
    seen = front.ask(f"/broken/{way}".encode())

    assert seen.status in {403, 502, 503} or told(seen)
    assert not seen.reached


def test_unknown_hosts_get_no_answer_at_all(front: Front) -> None:
    for host in ("evil.example", "", "127.0.0.1", f"x.{GATEWAY_HOST}"):
        seen = front.ask(host=host)
        assert seen.status in {0, 400}, host
        assert not seen.reached


def test_http_1_0_and_broken_requests_get_nothing(front: Front) -> None:
    host = f"Host: ledger.{GATEWAY_HOST}\r\n"
    cookie = f"Cookie: {front.cookie}\r\nConnection: close\r\n"
    two_lengths = "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    for request in (
        f"GET /books HTTP/1.1\r\n{host}{host}{cookie}\r\n",
        f"GET /bo oks HTTP/1.1\r\n{host}{cookie}\r\n",
        f"GET http://evil.example/books HTTP/1.1\r\n{host}{cookie}\r\n",
        f"POST /books HTTP/1.1\r\n{host}{cookie}{two_lengths}0\r\n\r\n",
        f"TRACE /books HTTP/1.1\r\n{host}{cookie}\r\n",
        f"CONNECT ledger:80 HTTP/1.1\r\n{host}{cookie}\r\n",
        "GET /books\r\n\r\n",
        "GET /books HTTP/1.0\r\n\r\n",
        "\x16\x03\x01\r\n\r\n",
    ):
        seen = front.send(request.encode("latin-1"))
        assert seen.status in {0, 400, 405}, request
        assert not seen.reached


def test_a_request_smuggled_behind_another_is_decided_for_itself(front: Front) -> None:
    host = f"Host: ledger.{GATEWAY_HOST}\r\nCookie: {front.cookie}\r\n"
    both = (
        f"GET /books HTTP/1.1\r\n{host}\r\nGET /admin HTTP/1.1\r\n{host}Connection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", front.port), timeout=10) as wire:
        wire.sendall(both.encode())
        data = b""
        while part := wire.recv(65536):
            data += part
    _, _, second = data.partition(b"HTTP/1.1 403")
    assert second
    assert parse(b"HTTP/1.1 403" + second).status == 403
