"""The whole door: what it writes down, and what it shows to those whom a proxy asked about."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from access_questions import PAGE, SCRIPT, Answer, answer, question, svc
from access_world import GATEWAY_HOST, KEY, World, service
from nginx_door import door_of
from sqlalchemy import select

from audit.tables import audit_event
from gateway.access.channel import Channel
from gateway.access.forward_auth import ForwardAuth
from gateway.access.masking import masked
from gateway.door import Door
from gateway.web import catalogues

TOKEN = "Zx9_" + "q7-K" * 9 + "abc"
CHINESE, ENGLISH = b"", b"; __Host-hangu-intranet-lang=en"


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The texts of the pages."""
    catalogues.compile_all()


@pytest.fixture
def door(small_world: World) -> Door:
    """Return the door of an office with one service, which proxies prove by their key."""
    small_world.open(service())
    return door_of(small_world, Channel(key=KEY))


def visit(door: Door, target: bytes, host: str = GATEWAY_HOST) -> Answer:
    """Ask the door itself, as a browser does."""
    path, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SCRIPT_NAME": "",
        "QUERY_STRING": query.decode(),
        "SERVER_NAME": host,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "HTTP_ACCEPT": "text/html",
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "hangu.raw_path": path,
        "hangu.headers": [(b"host", host.encode()), (b"accept", b"text/html")],
        "hangu.peer": "10.0.0.9",
    }
    return answer(door, environ)


def recorded(world: World) -> list[str]:
    """Return every entry of the audit log, as it was written."""
    with world.store.reading() as session:
        return [body.decode() for body in session.scalars(select(audit_event.c.body))]


@pytest.mark.parametrize(
    "target",
    [
        b"//enrol/" + TOKEN.encode(),
        b"/enrol/" + TOKEN.encode() + b"/../code",
        b"/x//%65nrol/" + TOKEN.encode(),
        b"/enrol//" + TOKEN.encode() + b"/code",
        b"/enrol/" + TOKEN.replace("q", "%71").encode() + b"%2f",
    ],
)
def test_class_28_refused_path_is_recorded_without_its_token(
    door: Door, small_world: World, target: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A link with a typing error is refused, and is still a working link without it."""
    caplog.set_level("DEBUG")
    assert visit(door, target).status == 400
    entry = next(body for body in recorded(small_world) if "request.refused" in body)
    for written in (entry, caplog.text):
        assert TOKEN not in written
        assert TOKEN.replace("q", "%71") not in written
    assert "***" in entry


def test_ordinary_addresses_are_written_as_they_are() -> None:
    """Masking hides no attack: only what looks like a token of ours, or is named like one."""
    for path in ("/a/../b", "/%2e%2e/etc/passwd", "/services/ledger?tab=2", "/文件//预算.xlsx"):
        assert masked(path) == path
    assert masked(f"/.hangu/enter?ticket={TOKEN}&to=/x") == "/.hangu/enter?ticket=***&to=/x"
    assert masked("/enrol/short/code") == "/enrol/***/code"


def test_host_that_nobody_knows_gets_a_page_with_its_style(door: Door) -> None:
    """421, with the gateway's own address as a link and a style sheet that is there."""
    page = visit(door, b"/", host="nowhere.example.cn")
    text = page.body.decode()
    assert page.status == 421
    assert f'href="https://{GATEWAY_HOST}/"' in text
    sheet = text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert visit(door, sheet.encode(), host="nowhere.example.cn").status == 200


@pytest.mark.parametrize("contract", ["traefik", "caddy", "envoy"])
@pytest.mark.parametrize(
    ("language", "words"), [(CHINESE, "判定编号"), (ENGLISH, "Decision number")]
)
def test_proxies_that_hand_our_answer_on_show_the_same_page(
    door: Door, small_world: World, contract: str, language: bytes, words: str
) -> None:
    """With the decision's number, the style, the content policy, and in the reader's language."""
    cookie = svc(small_world.sign_in("zhang")) + language
    got = answer(door, question(contract, b"/admin", cookie=cookie, extra=PAGE))
    text = got.body.decode()
    assert got.status == 403
    assert got["Content-Type"] == "text/html; charset=utf-8"
    assert words in text
    assert got["X-Hangu-Decision-Id"] in text
    assert "style-src 'self'" in got["Content-Security-Policy"]
    assert 'href="/.hangu/static/' in text


def test_scripts_behind_such_proxies_get_the_problem_document(
    door: Door, small_world: World
) -> None:
    """And so does everybody if the pages cannot show one."""
    cookie = svc(small_world.sign_in("zhang"))
    asked = question("traefik", b"/admin", cookie=cookie, extra=SCRIPT)
    assert json.loads(answer(door, asked).body)["code"] == "denied_by_rule"
    assert isinstance(door.forward_auth, ForwardAuth)
    broken = replace(door.forward_auth, denied_page=lambda *_: ("", ()))
    page = answer(broken, question("traefik", b"/admin", cookie=cookie, extra=PAGE))
    assert json.loads(page.body)["code"] == "denied_by_rule"


def test_flood_of_refused_requests_is_one_entry_a_minute_with_its_number(
    door: Door, small_world: World
) -> None:
    """10,000 bad requests of one sender and one kind; the first is there in full."""
    before = len(recorded(small_world))
    for number in range(10_000):
        assert visit(door, b"//bad/%d" % number).status == 400
    door.tally.flush(small_world.ledger, now=door.clock(), everything=True)
    entries = [json.loads(each) for each in recorded(small_world)[before:]]
    assert len(entries) < 10
    assert entries[0]["d"]["path"] == "//bad/0"
    assert sum(int(each["d"].get("repeated", 1)) for each in entries) == 10_000
