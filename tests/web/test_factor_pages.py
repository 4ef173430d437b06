"""Recovery codes and the authenticator through the pages, without a script."""

from __future__ import annotations

import base64
import html
import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from soft_passkey import SoftKey
from web_office import PASSWORD, Browser, Office

CODE = re.compile(r"<code>(\d(?:-[0-9A-Z]{4}){4})</code>")
FACTORS = "/account/factors"


@pytest.fixture
def seated(app: object, office: Office) -> Browser:
    """Liwen's browser with a session of ten minutes ago, so that the present code is unused."""
    browser = Browser(app, office)  # type: ignore[arg-type]
    token = office.session("liwen", ago=timedelta(minutes=10))
    browser.client.set_cookie(
        "__Host-hangu-intranet", token, domain="intranet.localhost", secure=True
    )
    return browser


def make_codes(browser: Browser, office: Office) -> list[str]:
    form = {"confirm_code": office.code("liwen")}
    answer = browser.post(f"{FACTORS}/recovery", form, page=f"{FACTORS}/recovery")
    assert answer.status_code == 200
    return CODE.findall(answer.text)


@pytest.mark.asvs("V7.5.1")
def test_codes_are_made_after_a_proof_shown_once_and_count_as_saved_once_shown(
    seated: Browser, office: Office
) -> None:
    refused = seated.post(f"{FACTORS}/recovery", page=f"{FACTORS}/recovery", confirm=False)
    assert refused.status_code == 401
    assert CODE.findall(refused.text) == []
    codes = make_codes(seated, office)
    assert len(codes) == 10
    assert CODE.findall(seated.get(f"{FACTORS}/recovery").text) == []
    assert "尚未确认" in seated.get("/account/").text
    page = f"{FACTORS}/recovery/saved"
    wrong = seated.post(page, {"code": "1-AAAA-AAAA-AAAA-AAAA"}, page=page)
    assert wrong.status_code == 422
    assert "AAAA" not in re.sub(r"<[^>]*class=\"hint\"[^>]*>[^<]*", "", wrong.text)
    assert seated.post(page, {"code": codes[2]}, page=page).status_code == 303
    assert "尚未确认" not in seated.get("/account/").text


def test_the_text_file_holds_exactly_the_codes(seated: Browser, office: Office) -> None:
    form = {"confirm_code": office.code("liwen")}
    answer = seated.post(f"{FACTORS}/recovery", form, page=f"{FACTORS}/recovery")
    found = re.search(r'href="data:text/plain;charset=utf-8;base64,([^"]+)" download=', answer.text)
    assert found is not None
    text = base64.b64decode(html.unescape(found[1])).decode("utf-8-sig")
    assert [line for line in text.split("\r\n") if line.count("-") == 4] == CODE.findall(
        answer.text
    )


def test_a_recovery_code_signs_in_from_the_code_page_and_is_told(
    seated: Browser, office: Office, app: object
) -> None:
    codes = make_codes(seated, office)
    other = Browser(app, office)  # type: ignore[arg-type]
    other.password("liwen")
    assert "/sign-in/recovery" in other.get("/sign-in/code").text
    page = "/sign-in/recovery"
    assert other.post(page, {"code": codes[0][:-1] + "!"}, page=page).status_code == 403
    assert other.post(page, {"code": codes[0]}, page=page).status_code == 303
    assert "剩余 9 个" in other.get("/account/").text
    again = Browser(app, office)  # type: ignore[arg-type]
    again.password("liwen")
    assert again.post(page, {"code": codes[0]}, page=page).status_code == 403
    assert again.cookie() is None


def test_without_a_step_there_is_no_page_for_recovery_codes(stranger: Browser) -> None:
    answer = stranger.get("/sign-in/recovery")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert stranger.get("/sign-in/code/options").status_code == 403


def test_the_authenticator_is_replaced_by_its_owner(seated: Browser, office: Office) -> None:
    page = f"{FACTORS}/authenticator"
    offered = seated.post(page, {"confirm_code": office.code("liwen")}, page=page)
    key = re.search(r'<code class="key"[^>]*>([^<]+)<', offered.text)
    assert key is not None
    new = pyotp.TOTP(re.sub(r"\s", "", key[1]))
    wrong = seated.post(page, {"code": "000000"}, page=page)
    assert wrong.status_code == 422
    assert seated.post(page, {"code": new.now()}, page=page).status_code == 303
    assert "动态验证器已更换" in seated.get("/account/").text


@pytest.mark.asvs("V6.3.3")
def test_attack_every_change_of_a_factor_asks_for_a_fresh_proof(
    seated: Browser, office: Office
) -> None:
    """A stolen session alone adds, replaces, removes nothing."""
    key = "00000000-0000-4000-8000-000000000001"
    for path in (
        "/passkeys",
        f"/passkeys/{key}/remove",
        "/authenticator",
        "/authenticator/remove",
        "/recovery",
    ):
        answer = seated.post(FACTORS + path, {"name": "x"}, page="/account/", confirm=False)
        assert answer.status_code == 401, path
    kinds = [each.kind for each in office.desk.factors(person_of(office, seated))]
    assert kinds == ["password", "totp"]


def person_of(office: Office, browser: Browser) -> object:
    """Who the browser's session stands for."""
    found = office.desk.session(browser.cookie() or "", service=None, now=datetime.now(UTC))
    assert found is not None
    return found


def test_a_passkey_is_added_and_used_through_the_pages(
    seated: Browser, office: Office, app: object
) -> None:
    """With a key in software, so that the forms are tested apart from a browser."""
    new = f"{FACTORS}/passkeys/new"
    form = {"name": "软件密钥", "confirm_code": office.code("liwen")}
    assert "data-options" in seated.post(f"{FACTORS}/passkeys", form, page=new).text
    key = SoftKey(origin=office.settings.public_url, rp="intranet.localhost")
    answer = key.make(seated.get(f"{FACTORS}/passkeys/options").text)
    added = seated.post(f"{FACTORS}/passkeys", {"name": "软件密钥", "passkey": answer}, page=new)
    assert added.status_code == 303
    other = Browser(app, office)  # type: ignore[arg-type]
    answer = key.answer(other.get("/sign-in/passkey/options").text)
    opened = other.post("/sign-in/passkey", {"passkey": answer}, page="/sign-in/passkey")
    assert (opened.status_code, opened.location) == (303, "/")
    assert other.cookie() is not None
    thief = Browser(app, office)  # type: ignore[arg-type]
    answer = key.answer(other.get("/sign-in/passkey/options").text)
    stolen = thief.post("/sign-in/passkey", {"passkey": answer}, page="/sign-in/passkey")
    assert stolen.status_code == 403
    assert thief.cookie() is None


def test_enrolment_ends_with_codes_and_the_link_only_marks_them_saved(
    stranger: Browser, office: Office
) -> None:
    link = office.invite()
    offered = stranger.post(f"/enrol/{link}", {"password": PASSWORD}, page=f"/enrol/{link}")
    key = re.search(r'<code class="key"[^>]*>([^<]+)<', offered.text)
    assert key is not None
    code = {"code": pyotp.TOTP(re.sub(r"\s", "", key[1])).now()}
    done = stranger.post(f"/enrol/{link}/code", code, page=f"/enrol/{link}/code")
    codes = CODE.findall(done.text)
    assert len(codes) == 10
    page = f"/enrol/{link}/saved"
    assert stranger.post(page, {"code": "nonsense"}, page=page).status_code == 422
    assert stranger.post(page, {"code": codes[5]}, page=page).status_code == 200
    assert stranger.cookie() is None
    assert stranger.get(f"/enrol/{link}").status_code == 410
    dead = "A" * 43
    assert stranger.post(f"/enrol/{dead}/saved", {"code": codes[5]}, page=page).status_code == 410
