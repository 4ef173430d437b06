"""Every answer carries every header: pages, redirects, errors, problem documents and files."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue
from route_table import address
from web_office import HOST, Browser, Office
from werkzeug.test import TestResponse

from gateway.access.canonical_refusals import EmptySegment
from gateway.web import REFUSAL, create_web
from gateway.web.access import Place, public
from gateway.web.headers import FIXED

LINKED = re.compile(r'(?:href|src)="(/\.hangu/static/[^"]+)" integrity="(sha384-[^"]+)"')
BACK = re.compile(r'name="back" value="([^"]*)"')
STYLE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)


def crawl(app: Flask, browser: Browser) -> Iterator[tuple[str, TestResponse]]:
    """Ask every route with every method, as a page and as a script, and some that are none."""
    paths = [address(rule) for rule in app.url_map.iter_rules()]
    for path in [*paths, "/nix", "/%00", "/a/../b"]:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
            for mode in ("navigate", "cors"):
                yield (
                    f"{method} {path}",
                    browser.client.open(
                        path,
                        method=method,
                        base_url=browser.base,
                        headers={"Accept": "text/html", "Sec-Fetch-Mode": mode},
                    ),
                )


def assert_hardened(what: str, answer: TestResponse) -> None:
    """All headers of the house, none that tells about the server."""
    for name, value in FIXED.items():
        assert answer.headers.getlist(name) == [value], (what, name)
    policy = answer.headers["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "'strict-dynamic'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
    ):
        assert part in policy, what
    assert "unsafe" not in policy
    assert "X-Powered-By" not in answer.headers
    cached = answer.headers["Cache-Control"]
    assert cached == "no-store, max-age=0" or "/.hangu/static/" in what


def assert_leads_back(app: Flask, what: str, answer: TestResponse) -> None:
    """Changing the language, or having read the notices, ends at a page that can be shown."""
    routes = app.url_map.bind(HOST)
    for back in BACK.findall(answer.text if answer.mimetype == "text/html" else ""):
        path = unquote(html.unescape(back)).partition("?")[0]
        assert routes.test(path, "GET") or what.startswith("GET"), (what, back)


@pytest.mark.parametrize("who", ["stranger", "clerk"])
def test_every_route_and_error_is_hardened_and_leads_back(
    app: Flask, who: str, request: pytest.FixtureRequest
) -> None:
    """Generated from the routes, for a stranger and for somebody signed in."""
    browser: Browser = request.getfixturevalue(who)
    for what, answer in crawl(app, browser):
        assert_hardened(what, answer)
        assert_leads_back(app, what, answer)
        assert answer.status_code != 500, what


def test_files_are_hardened_sealed_and_kept_for_ever(stranger: Browser) -> None:
    """Each linked file has the content its integrity value says, squeezed or plain."""
    links = LINKED.findall(stranger.get("/sign-in").text)
    assert len(links) == 4  # the house script, the passkeys' and two stylesheets
    for url, seal in links:
        plain = stranger.get(url, {"Accept-Encoding": "identity"})
        squeezed = stranger.get(url, {"Accept-Encoding": "gzip"})
        for answer in (plain, squeezed):
            assert_hardened(url, answer)
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Vary"] == "Accept-Encoding"
        digest = base64.b64encode(hashlib.sha384(plain.data).digest()).decode()
        assert seal == f"sha384-{digest}"
        assert squeezed.headers["Content-Encoding"] == "gzip"


def test_file_under_another_hash_is_not_found(stranger: Browser) -> None:
    """An old address never brings new content."""
    url, _ = LINKED.findall(stranger.get("/sign-in").text)[0]
    assert stranger.get(url.replace(url.split("/")[3], "0" * 16)).status_code == 404
    assert stranger.get("/.hangu/static/../hangu.css").status_code == 404


def test_page_weighs_less_than_150_kilobytes(stranger: Browser) -> None:
    """As sent to a browser that takes gzip, style and script included."""
    page = stranger.get("/sign-in")
    files = [
        stranger.get(url, {"Accept-Encoding": "gzip"}).data for url, _ in LINKED.findall(page.text)
    ]
    assert len(page.data) + sum(map(len, files)) < 150_000


def test_no_page_has_style_or_script_inside(app: Flask, clerk: Browser) -> None:
    """The only script is the linked one, with this answer's nonce."""
    for path in ("/", "/account/", "/services/ledger", "/nix", f"/open/council?state={'a' * 64}"):
        answer = clerk.get(path)
        assert not STYLE.search(answer.text), path
        for attributes, body in SCRIPT.findall(answer.text):
            nonce = re.search(r'nonce="([^"]+)"', attributes)
            assert nonce is not None
            assert f"'nonce-{nonce[1]}'" in answer.headers["Content-Security-Policy"]
            assert not body


def test_nonces_are_never_used_twice(stranger: Browser) -> None:
    """128 bits or more, new for each answer."""
    seen = {
        re.search(r"'nonce-([^']+)'", stranger.get("/sign-in").headers["Content-Security-Policy"])
        for _ in range(5)
    }
    values = {match[1] for match in seen if match}
    assert len(values) == 5
    assert all(len(value) >= 22 for value in values)


def test_https_adds_hsts_and_upgrades(office: Office) -> None:
    """And plain http, on a developer's machine, does not."""
    settings = dataclasses.replace(office.settings, public_url="https://gate.example.cn")
    secure = create_web(office.desk, settings).test_client()
    answer = secure.get("/sign-in", base_url="https://gate.example.cn")
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert "upgrade-insecure-requests" in answer.headers["Content-Security-Policy"]
    plain = Browser(office.app(), office).get("/sign-in")
    assert "Strict-Transport-Security" not in plain.headers
    assert "upgrade-insecure-requests" not in plain.headers["Content-Security-Policy"]


def test_bug_answers_500_with_a_number_and_no_trace(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """The person gets the number, the log has the trace under the same number."""
    app = office.app()

    @public("a route that breaks", place=Place.BOTH)
    def breaks() -> ResponseReturnValue:
        raise ZeroDivisionError("canary-of-the-trace")

    app.view_functions["portal.show"] = breaks
    browser = Browser(app, office)
    browser.sign_in("liwen")
    for headers in ({}, {"Sec-Fetch-Mode": "cors"}):
        answer = browser.get("/", headers)
        assert answer.status_code == 500
        assert "canary" not in answer.text
        assert "Traceback" not in answer.text
        assert_hardened("500", answer)
        assert answer.headers["X-Request-Id"] in answer.text
        assert answer.headers["X-Request-Id"] in caplog.text


def test_broken_desk_still_answers_with_a_page(office: Office) -> None:
    """Even when nothing behind the pages works, the answer is a page with every header."""
    broken = dataclasses.replace(office.desk, catalogue=None)  # type: ignore[arg-type]
    browser = Browser(create_web(broken, office.settings), office, host=f"ledger.{HOST}")
    answer = browser.get("/.hangu/begin")
    assert answer.status_code == 500
    assert "网关内部出错" in answer.text
    assert_hardened("500", answer)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "BREW"])
def test_refusal_of_the_door_is_answered_in_its_words(
    app: Flask, office: Office, method: str
) -> None:
    """Whatever the method and host, with the refusal's own status and reason."""
    from_the_door = EmptySegment()
    for host in (f"{HOST}:8100", f"ledger.{HOST}:8100", "evil.example", ""):
        answer = app.test_client().open(
            "/",
            method=method,
            headers={"Accept": "text/html"},
            environ_overrides={"HTTP_HOST": host, REFUSAL: from_the_door},
        )
        assert answer.status_code == 400
        assert "连续的斜杠" in answer.text
        assert_hardened("400", answer)


def test_health_says_one_word(stranger: Browser) -> None:
    """No version, no details."""
    assert stranger.get("/health").data == b"ok\n"


def test_health_is_bad_without_a_data_base(office: Office, tmp_path: Path) -> None:
    """The load balancer sends nobody to a gateway that cannot decide."""
    app = office.app()
    office.store.close()
    for file in (tmp_path / "office").glob("office.db*"):
        file.unlink()
    assert Browser(app, office).get("/health").status_code == 503


def test_keys_are_published(stranger: Browser) -> None:
    """As RFC 7517 wants them, without a private part."""
    keys = stranger.get("/.well-known/jwks.json").get_json(force=True)["keys"]
    assert keys
    assert all("d" not in key for key in keys)
