"""Sign-in as a person meets it: two steps, one text for every mistake, nothing in between."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from web_office import PASSWORD, TOKEN, Browser, Office

WITHOUT_VARIABLES = re.compile(r'(value|nonce)="[^"]*"|ghost|liwen')


def test_password_and_code_lead_to_the_portal(stranger: Browser) -> None:
    """Two steps, and the person sees their services."""
    assert stranger.password("liwen").location == "/sign-in/code"
    answer = stranger.sign_in("liwen")
    assert (answer.status_code, answer.location) == (303, "/")
    assert "预算执行台账" in stranger.get("/").text


def test_after_sign_in_the_person_lands_on_the_page_they_wanted(stranger: Browser) -> None:
    """The address asked for first comes back, query and all."""
    asked = stranger.get("/services/ledger?tab=2")
    assert asked.location == "/sign-in?next=%2Fservices%2Fledger%3Ftab%3D2"
    assert stranger.sign_in("liwen", next="/services/ledger?tab=2").location == (
        "/services/ledger?tab=2"
    )


def test_way_to_a_service_has_a_page_of_ours_in_between(stranger: Browser) -> None:
    """A form's redirect to another host would be stopped by form-action."""
    answer = stranger.sign_in("liwen", next="/open/ledger?to=/x")
    assert answer.status_code == 200
    assert 'content="0; url=/open/ledger?to=/x"' in answer.text


@pytest.mark.asvs("V6.3.8")
def test_class_19_unknown_name_and_wrong_password_read_the_same(stranger: Browser) -> None:
    """Status and every byte of the page are equal but for tokens and the typed name."""
    known = stranger.password("liwen", "not the password")
    unknown = stranger.password("ghost", "not the password")
    assert known.status_code == unknown.status_code == 403
    pages = [WITHOUT_VARIABLES.sub("", answer.text) for answer in (known, unknown)]
    assert pages[0] == pages[1]
    assert "登录信息有误" in known.text


def test_too_many_attempts_are_told_how_long_to_wait(stranger: Browser) -> None:
    """429 with Retry-After and the same number in words."""
    for _ in range(12):
        answer = stranger.password("liwen", "guess")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert re.search(r"请等待 \d+ (秒|分钟)。", answer.text)


def test_code_may_be_typed_with_blanks(stranger: Browser, office: Office) -> None:
    """`123 456` is what authenticators show."""
    stranger.password("liwen")
    code = office.code("liwen")
    typed = {"code": f" {code[:3]} {code[3:]}"}
    assert stranger.post("/sign-in/code", typed, page="/sign-in/code").status_code == 303


def test_wrong_code_keeps_the_step_and_says_so_at_the_field(stranger: Browser) -> None:
    """The error summary links to the field."""
    stranger.password("liwen")
    answer = stranger.post("/sign-in/code", {"code": "000000"}, page="/sign-in/code")
    assert answer.status_code == 403
    assert 'href="#code"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert stranger.cookie() is None


def test_empty_form_is_told_field_by_field(stranger: Browser) -> None:
    """Nothing reaches the identity room."""
    answer = stranger.post("/sign-in", {}, page="/sign-in")
    assert answer.status_code == 422
    assert 'href="#login"' in answer.text
    assert 'href="#password"' in answer.text


def test_password_is_never_shown_again(stranger: Browser) -> None:
    """What was typed in the password field is in no answer."""
    answer = stranger.password("liwen", "canary-7391-password")
    assert "canary-7391" not in answer.text
    assert 'value="liwen"' in answer.text


@pytest.mark.asvs("V7.2.4")
def test_class_22_every_sign_in_makes_a_token_the_browser_never_had(
    stranger: Browser, office: Office
) -> None:
    """A token planted before, or used before, opens nothing after."""
    planted = "A" * 43
    stranger.client.set_cookie("__Host-hangu-intranet", planted, domain="intranet.localhost")
    stranger.sign_in("liwen")
    fresh = stranger.cookie()
    assert fresh not in {None, planted}


def test_class_22_signing_in_anew_ends_the_session_that_was_there(
    stranger: Browser, office: Office
) -> None:
    """The old token is dead, even if the sign-in form was sent from inside a session."""
    first = office.session("zhouhang", ago=timedelta(minutes=10))
    stranger.client.set_cookie("__Host-hangu-intranet", first, domain="intranet.localhost")
    stranger.post("/sign-in", {"login": "liwen", "password": PASSWORD}, page="/")
    stranger.post("/sign-in/code", {"code": office.code("liwen")}, page="/")
    assert stranger.cookie() not in {None, first}
    assert "李雯" in stranger.get("/").text
    assert office.desk.session(first, service=None, now=datetime.now(UTC)) is None


def test_class_25_code_without_password_opens_nothing(stranger: Browser, office: Office) -> None:
    """The second page, asked first, leads back to the beginning."""
    assert stranger.get("/sign-in/code").location == "/sign-in"
    token = stranger.token("/sign-in")
    form = {"csrf_token": token, "code": office.code("liwen")}
    answer = stranger.client.post(
        "/sign-in/code",
        base_url=stranger.base,
        data=form,
        headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"},
    )
    assert answer.location == "/sign-in"
    assert stranger.cookie() is None


@pytest.mark.parametrize("step", ["B" * 43, "x", "", "A" * 44, "é" * 43])
def test_class_25_made_up_step_opens_nothing(stranger: Browser, office: Office, step: str) -> None:
    """A right code with somebody's invented step token is no sign-in."""
    stranger.client.set_cookie("__Host-hangu-intranet-step", step, domain="intranet.localhost")
    token = stranger.token("/sign-in")
    form = {"csrf_token": token, "code": office.code("liwen")}
    stranger.client.post("/sign-in/code", base_url=stranger.base, data=form)
    assert stranger.cookie() is None
    assert stranger.get("/").status_code == 303


@pytest.mark.asvs("V6.3.3")
def test_class_25_password_alone_opens_no_page(stranger: Browser, app: Flask) -> None:
    """Between the steps the person is nobody, even with the step's token as session cookie."""
    stranger.password("liwen")
    step = stranger.cookie("-step")
    assert step is not None
    assert stranger.get("/").location == "/sign-in"
    stranger.client.set_cookie("__Host-hangu-intranet", step, domain="intranet.localhost")
    assert stranger.get("/").location == "/sign-in"


def test_class_25_step_is_spent_by_its_sign_in(stranger: Browser, office: Office) -> None:
    """The same step with the next code opens no second session."""
    stranger.password("liwen")
    step = stranger.cookie("-step")
    stranger.post("/sign-in/code", {"code": office.code("liwen")}, page="/sign-in/code")
    stranger.client.delete_cookie("__Host-hangu-intranet", domain="intranet.localhost")
    stranger.client.set_cookie("__Host-hangu-intranet-step", str(step), domain="intranet.localhost")
    later = office.code("liwen", datetime.now(UTC) + timedelta(seconds=30))
    answer = stranger.post("/sign-in/code", {"code": later}, page="/sign-in/code")
    assert answer.status_code == 403
    assert stranger.cookie() is None


@pytest.mark.asvs("V7.4.1")
def test_class_23_captured_cookie_is_dead_after_sign_out(clerk: Browser, app: Flask) -> None:
    """The cookie that was saved before leaving opens nothing."""
    captured = clerk.cookie()
    answer = clerk.post("/sign-out", page="/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert clerk.cookie() is None
    clerk.client.set_cookie("__Host-hangu-intranet", str(captured), domain="intranet.localhost")
    assert clerk.get("/").location == "/sign-in"
    script = clerk.get("/", {"Sec-Fetch-Mode": "cors"})
    assert script.status_code == 401


@pytest.mark.asvs("V6.3.4")
def test_remember_me_of_flask_login_is_no_way_in(clerk: Browser, stranger: Browser) -> None:
    """Its cookie is neither written nor read, and does not disturb the real session."""
    clerk.client.set_cookie("remember_token", "1|abc", domain="intranet.localhost")
    assert clerk.get("/").status_code == 200
    clerk.client.delete_cookie("__Host-hangu-intranet", domain="intranet.localhost")
    assert clerk.get("/").location == "/sign-in"


def test_link_from_another_site_is_bounced_once_so_that_the_strict_cookie_comes(
    stranger: Browser,
) -> None:
    """Without it, everybody who clicks in a mail would have to sign in again."""
    answer = stranger.get("/sign-in?next=/account/", {"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'content="0; url=/sign-in?next=/account/"' in answer.text
    assert "<form" not in answer.text


def test_who_is_signed_in_is_not_asked_again(clerk: Browser) -> None:
    """The sign-in page passes them on."""
    assert clerk.get("/sign-in?next=/account/").location == "/account/"


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x>', "a\r\nSet-Cookie: x=1", "\x1b[31mred", "=1+1"],
)
def test_class_header_and_log_spoof_login_names_are_escaped(
    stranger: Browser, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A name is text on the page and one line in the log, whatever it contains."""
    caplog.set_level(logging.DEBUG)
    answer = stranger.password(name, "x")
    assert "<script>alert" not in answer.text
    assert "<img src=x>" not in answer.text
    assert "x=1" not in str(answer.headers.getlist("Set-Cookie"))
    assert all("\x1b" not in line and "\r" not in line for line in caplog.messages)


def test_class_header_and_log_spoof_paths_are_escaped(
    stranger: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Line ends and colours in a path stay inside one JSON string."""
    caplog.set_level(logging.DEBUG, "hangu.web")
    stranger.post("/sign-in", {}, page="/sign-in", headers={"Origin": "https://evil.example"})
    stranger.get("/%0d%0a{}fake:<b>%1b[31m".format(""))
    assert all("\n" not in line and "\x1b" not in line for line in caplog.messages)


def test_sign_in_sets_only_host_cookies(stranger: Browser) -> None:
    """Every cookie is bound to this host, to HTTPS, and out of scripts' reach."""
    stranger.get("/sign-in")
    first = stranger.password("liwen")
    second = stranger.sign_in("liwen")
    cookies = [*first.headers.getlist("Set-Cookie"), *second.headers.getlist("Set-Cookie")]
    assert len(cookies) >= 3
    for cookie in cookies:
        assert cookie.startswith("__Host-hangu-intranet")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "Path=/" in cookie
        assert "SameSite=Strict" in cookie
        assert "Domain" not in cookie


def test_last_sign_in_is_shown_on_the_portal(stranger: Browser, office: Office) -> None:
    """So that a stranger's sign-in is noticed."""
    office.session("liwen", ago=timedelta(hours=3))
    stranger.sign_in("liwen")
    page = stranger.get("/").text
    assert "上次登录" in page
    assert "10.12.8.44" in page


def test_form_tokens_differ_on_every_page(stranger: Browser) -> None:
    """Masked anew, so that compression cannot be used to guess them (BREACH)."""
    found = [TOKEN.findall(stranger.get("/sign-in").text) for _ in range(2)]
    assert set(found[0]).isdisjoint(found[1])
    assert stranger.password("liwen", PASSWORD).status_code == 303
