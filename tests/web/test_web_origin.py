"""Cross-site request forgery: both proofs are needed, for every unsafe method."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from route_table import address
from web_office import Browser, Office

from gateway.web.cookies import cookies_of
from gateway.web.origin import EXEMPT, CrossSite, Tokens, check_sender

OWN = "https://gate.example.cn"
HOSTILE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://intranet.localhost"},
    {"Origin": "http://intranet.localhost:8100.evil.example"},
    {"Origin": "http://ledger.intranet.localhost:8100"},
    {},
]


@pytest.mark.parametrize("headers", HOSTILE)
def test_right_token_from_elsewhere_is_refused(stranger: Browser, headers: dict[str, str]) -> None:
    """The browser's word counts even when the token is right."""
    data = {"csrf_token": stranger.token("/sign-in"), "login": "liwen", "password": "x"}
    sent = {"Accept": "text/html", **headers}
    answer = stranger.client.post("/sign-in", base_url=stranger.base, data=data, headers=sent)
    assert answer.status_code == 403
    assert "并非由本网关页面发出" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://intranet.localhost:8100"},
    ],
)
def test_our_own_page_is_believed(stranger: Browser, headers: dict[str, str]) -> None:
    """New browsers, reloads, and old browsers that send only Origin."""
    data = {"csrf_token": stranger.token("/sign-in"), "login": "liwen", "password": "x"}
    answer = stranger.client.post("/sign-in", base_url=stranger.base, data=data, headers=headers)
    assert answer.status_code != 403 or "登录信息有误" in answer.text


@pytest.mark.parametrize("token", ["", "x", "=" * 88, "A" * 88, "é" * 88, "A" * 87 + "!"])
def test_wrong_token_from_our_own_page_is_refused(stranger: Browser, token: str) -> None:
    """The browser's word alone is not enough."""
    stranger.get("/sign-in")
    data = {"csrf_token": token, "login": "liwen", "password": "x"}
    sent = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    answer = stranger.client.post("/sign-in", base_url=stranger.base, data=data, headers=sent)
    assert answer.status_code == 403
    assert "该表单已失效" in answer.text


def test_token_of_another_browser_is_refused(app: Flask, office: Office, clerk: Browser) -> None:
    """A token is bound to the cookie it was made for, signed in or not."""
    other = Browser(app, office)
    foreign = other.token("/sign-in")
    sent = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    data = {"csrf_token": foreign}
    answer = clerk.client.post("/sign-out", base_url=clerk.base, data=data, headers=sent)
    assert answer.status_code == 403
    assert clerk.get("/").status_code == 200


def test_token_from_before_sign_in_is_refused_after(stranger: Browser) -> None:
    """The session's forms need the session's token."""
    before = stranger.token("/sign-in")
    stranger.sign_in("liwen")
    sent = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    data = {"csrf_token": before}
    answer = stranger.client.post("/sign-out", base_url=stranger.base, data=data, headers=sent)
    assert answer.status_code == 403


def test_every_unsafe_route_refuses_a_request_without_token(app: Flask, clerk: Browser) -> None:
    """Generated from the routes: none is forgotten but those exempt by name."""
    tried = 0
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            if hasattr(app.view_functions[rule.endpoint], EXEMPT):
                continue
            for base in (clerk.base, clerk.base.replace("//", "//ledger.")):
                answer = clerk.client.open(address(rule), method=method, base_url=base)
                assert answer.status_code in {403, 404}, (rule, method)
            tried += 1
    assert tried >= 8


def test_exemptions_are_known_by_name(app: Flask) -> None:
    """Review sees each new one here."""
    exempt = {name for name, view in app.view_functions.items() if hasattr(view, EXEMPT)}
    assert exempt == {"well_known.csp_report"}


@given(st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text()))
def test_only_our_own_page_passes(site: str | None, origin: str | None) -> None:
    """Whatever a client invents, nothing but the two stated forms passes."""
    own = (site in {"same-origin", "none"} and origin in {None, "null", OWN}) or (
        site is None and origin == OWN
    )
    if own:
        check_sender(site=site, origin=origin, own_origin=OWN)
    else:
        with pytest.raises(CrossSite):
            check_sender(site=site, origin=origin, own_origin=OWN)


@given(st.text(max_size=200))
def test_invented_tokens_never_belong(token: str) -> None:
    """Any text at all: refused without an error."""
    app = Flask("x")
    tokens = Tokens(b"k" * 32, cookies=cookies_of("intranet"), session_binding=lambda: "s" * 43)
    with app.test_request_context("/"):
        assert not tokens.belongs(token)
        assert tokens.belongs(tokens.for_form())
