"""The whole way through nginx: from the gateway into a service, and the pages of every refusal."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from access_world import GATEWAY_HOST, RULES, build_world, service
from echo_upstream import echo_service, headers_of
from nginx_door import door_of
from nginx_front import Front, Seen, free_port, nginx, require_nginx, served, write_site
from sqlalchemy import select, update

from gateway.access.nginx import Site
from gateway.access.service import PathRule
from gateway.identity import tokens
from gateway.identity.tables import Session
from gateway.web import catalogues

PAGE = [("Accept-Language", "zh-CN")]
FORM = [
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Dest", "document"),
]
CLAIM = re.compile(rb'name="hangu_kept" value="([^"]+)"')


@pytest.fixture(scope="module")
def whole(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Return an nginx in front of the real door, with one open and one broken service."""
    require_nginx()
    catalogues.compile_all()
    directory = tmp_path_factory.mktemp("whole")
    (directory / "hangu.db").write_bytes(sqlite_template.read_bytes())
    port = free_port()
    origin = f"http://{GATEWAY_HOST}:{port}"
    world = build_world(
        f"sqlite:///{directory}/hangu.db", directory, datetime.now(UTC), gateway=origin
    )
    site = Site(
        zone="intranet",
        public_url=origin,
        listen=(f"127.0.0.1:{port}",),
        gateway=f"unix:{directory}/g.sock",
        user="root" if os.geteuid() == 0 else None,
    )
    baseline = resources.files("policies").joinpath("baseline.csv").read_text(encoding="utf-8")
    door = door_of(world)
    with echo_service() as echo, served(door, site.gateway):
        fresh = (PathRule(pattern="/pay/**", fresh_minutes=5),)
        world.open(service(upstream=f"http://127.0.0.1:{echo}", path_rules=fresh))
        world.open(service("gone", upstream=f"http://127.0.0.1:{free_port()}"))
        world.publish(f"{baseline}\n{RULES}p, role:staff, *, svc:gone/**, *, *, *, 2, *, allow\n")
        write_site(directory, world, site)
        cookie = f"__Host-hangu-intranet-svc={world.sign_in('zhang')}"
        with nginx(directory, site.listen[0]):
            yield Front(world, site, port, directory, cookie)
    door.gate.proxy.close()
    world.store.close()


def follow(front: Front, address: str, jar: dict[str, dict[str, str]]) -> Seen:
    """Ask like a browser, with the cookies of the very host, and keep what it sets."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    cookies = jar.setdefault(host, {})
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items()) or None
    seen = front.ask(target.encode(), host=host, cookie=cookie, page=True)
    for line in seen.all("Set-Cookie"):
        name, _, value = line.partition(";")[0].partition("=")
        cookies[name] = value
    return seen


def test_a_signed_in_person_gets_from_a_link_into_the_service(whole: Front) -> None:
    jar = {GATEWAY_HOST: {"__Host-hangu-intranet": whole.world.sign_in("zhang", None)}}
    address = f"http://ledger.{GATEWAY_HOST}:{whole.port}/books?x=1"
    way = []

    for _ in range(6):
        seen = follow(whole, address, jar)
        if seen.status == 200:
            break
        address = seen.one("Location")
        if address.startswith("/"):
            address = f"http://ledger.{GATEWAY_HOST}:{whole.port}{address}"
        way.append(urlsplit(address).path)

    assert way == ["/open/ledger", "/.hangu/begin", "/open/ledger", "/.hangu/enter", "/books"]
    assert seen.shown["line"] == "GET /books?x=1 HTTP/1.1"
    assert headers_of(seen.shown, "Remote-User") == ["zhang"]
    assert not headers_of(seen.shown, "Cookie")


def test_a_stranger_is_sent_to_sign_in(whole: Front) -> None:
    jar: dict[str, dict[str, str]] = {}
    entrance = follow(whole, f"http://ledger.{GATEWAY_HOST}:{whole.port}/books", jar)
    asked = follow(whole, entrance.one("Location"), jar)

    assert asked.status == 303
    assert urlsplit(asked.one("Location")).path == "/sign-in"


def test_a_denial_is_a_page_that_names_decision_rule_and_policy(whole: Front) -> None:
    seen = whole.ask(b"/admin", headers=PAGE, page=True)

    page = seen.body.decode()
    assert (seen.status, seen.one("Content-Type")) == (403, "text/html; charset=utf-8")
    assert "财政台账" in page
    assert re.search(r"\b[0-9a-f]{32}\b", page)
    assert re.search(r"\br-[0-9a-f]{12}\b", page)
    assert "default-src 'none'" in seen.one("Content-Security-Policy")
    assert not seen.all("Location")


def test_a_denial_is_recorded_once(whole: Front) -> None:
    def count() -> int:
        with whole.world.store.read.connect() as connection:
            bodies = connection.exec_driver_sql("SELECT body FROM audit_event").scalars()
            return sum(b'"ev":"decision.denied"' in bytes(body) for body in bodies)

    before = count()
    whole.ask(b"/admin", page=True)
    assert count() == before + 1


def test_an_ambiguous_address_is_explained_as_such(whole: Front) -> None:
    for target in (b"/a//b", b"/a/../b", b"/a;b", b"/%252e"):
        seen = whole.ask(target, headers=PAGE, page=True)
        assert (seen.status, seen.one("Content-Type")) == (400, "text/html; charset=utf-8"), target


def test_a_script_gets_documents_instead_of_pages(whole: Front) -> None:
    script = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors")]

    for target, status in ((b"/admin", 403), (b"/a//b", 400)):
        seen = whole.ask(target, headers=script)
        assert (seen.status, seen.one("Content-Type")) == (status, "application/problem+json")


def test_a_service_that_is_down_is_explained(whole: Front) -> None:
    token = whole.world.sign_in("zhang", "gone")
    seen = whole.ask(
        b"/", host=f"gone.{GATEWAY_HOST}", cookie=f"__Host-hangu-intranet-svc={token}", page=True
    )

    assert (seen.status, seen.one("Content-Type")) == (502, "text/html; charset=utf-8")


def test_the_gateways_cookies_are_bound_to_one_host(whole: Front) -> None:
    seen = whole.ask(b"/.hangu/begin?to=/books", cookie=None, page=True)

    for cookie in seen.all("Set-Cookie"):
        assert cookie.startswith("__Host-hangu-intranet-")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "Domain" not in cookie


def _is_over(front: Front, token: str) -> None:
    """Let a session have been silent for too long."""
    digest = tokens.digest_of_new(token)
    with front.world.ledger.begin(unaudited_because="a test lets time pass") as tx:
        parent = select(Session.parent_hash).where(Session.token_hash == digest)
        above = tx.session.execute(parent).scalar_one()
        tx.session.execute(
            update(Session)
            .where(Session.token_hash == above)
            .values(last_seen=front.world.clock - timedelta(hours=2)),
            execution_options={"synchronize_session": False},
        )


@pytest.mark.parametrize("size", [20, 200_000])
def test_a_form_is_kept_behind_nginx_and_sent_after_the_sign_in(whole: Front, size: int) -> None:
    token = whole.world.sign_in("zhang")
    _is_over(whole, token)
    host = f"ledger.{GATEWAY_HOST}"
    svc = f"__Host-hangu-intranet-svc={token}"
    body = b"text=" + b"x" * size
    refused = whole.ask(
        b"/books/7?a=b", method="POST", body=body, cookie=svc, headers=FORM, page=True
    )
    assert refused.status == 303
    entrance = urlsplit(refused.one("Location"))
    assert entrance.path == "/open/ledger"
    assert entrance.query.startswith("to=/.hangu/kept/")
    kept_cookie = refused.one("Set-Cookie").partition(";")[0]

    jar = {
        GATEWAY_HOST: {"__Host-hangu-intranet": whole.world.sign_in("zhang", None)},
        host: {"__Host-hangu-intranet-kept": kept_cookie.partition("=")[2]},
    }
    address = refused.one("Location")
    for _ in range(6):
        seen = follow(whole, address, jar)
        if seen.status == 200:
            break
        address = seen.one("Location")
        if address.startswith("/"):
            address = f"http://{host}:{whole.port}{address}"
    claim = CLAIM.search(seen.body)
    assert claim is not None, seen.body
    cookie = "; ".join(f"{name}={value}" for name, value in jar[host].items())
    sending = [("Content-Type", "text/plain"), *FORM[1:]]
    sent = whole.ask(
        b"/books/7?a=b",
        method="POST",
        body=b"hangu_kept=" + claim[1] + b"\r\n",
        cookie=cookie,
        headers=sending,
        page=True,
    )

    assert sent.shown["line"] == "POST /books/7?a=b HTTP/1.1"
    assert sent.shown["body"].encode("latin-1") == body
    assert headers_of(sent.shown, "Remote-User") == ["zhang"]
    assert not headers_of(sent.shown, "Cookie")


def test_a_form_of_a_stranger_is_answered_in_plain_words(whole: Front) -> None:
    seen = whole.ask(b"/books", method="POST", body=b"x=1", cookie=None, headers=FORM, page=True)

    assert seen.status == 401
    assert not seen.all("Location")
    assert "form-action" in seen.one("Content-Security-Policy")


def test_text_that_only_looks_like_a_claim_reaches_the_service_as_it_is(whole: Front) -> None:
    body = b"x" * 89
    headers = [("Content-Type", "text/plain"), *FORM[1:]]
    seen = whole.ask(b"/books", method="POST", body=body, headers=headers, page=True)

    assert seen.shown["body"].encode() == body


def test_attack_a_claim_by_a_script_or_without_a_session_is_no_way_round(whole: Front) -> None:
    body = b"hangu_kept=" + b"0" * 32 + b"." + b"A" * 43 + b"\r\n"
    headers = [("Content-Type", "text/plain"), *FORM[1:]]

    stranger = whole.ask(
        b"/books", method="POST", body=body, cookie=None, headers=headers, page=True
    )
    assert stranger.status in {303, 401}
    denied = whole.ask(b"/admin/x", method="POST", body=b"y" * 89, headers=headers, page=True)
    assert denied.status == 403
    made_up = whole.ask(b"/books", method="POST", body=body, headers=headers, page=True)
    assert made_up.status == 410


def test_a_script_behind_nginx_is_told_what_proof_is_wanted(whole: Front) -> None:
    headers = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors")]
    seen = whole.ask(b"/pay/7", method="POST", body=b"{}", headers=headers)

    assert (seen.status, seen.one("Content-Type")) == (401, "application/problem+json")
    challenge = seen.one("WWW-Authenticate")
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'max_age="300"' in challenge
    assert not seen.all("Location")
