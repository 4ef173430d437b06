"""Enrolment as a new person meets it, and as an attacker would like it."""

from __future__ import annotations

import re

import pyotp
import pytest
from web_office import PASSWORD, Browser, Office

KEY = re.compile(r'<code class="key"[^>]*>([A-Z2-7 ]+)</code>')


def key_of(page: str) -> str:
    """The authenticator's key as it stands on the page."""
    found = KEY.search(page)
    assert found is not None
    return found[1].replace(" ", "")


@pytest.fixture
def link(office: Office) -> str:
    """The address of a fresh link."""
    return f"/enrol/{office.invite()}"


def test_three_steps_open_the_account(stranger: Browser, office: Office, link: str) -> None:
    """Password, key, code; then the new person signs in."""
    welcome = stranger.get(link).text
    assert "孙立新，您好" in welcome
    assert "sunlixin" in welcome
    offered = stranger.post(link, {"password": PASSWORD}, page=link)
    assert offered.status_code == 200
    assert "<svg" in offered.text
    key = key_of(offered.text)
    code = pyotp.TOTP(key).now()
    done = stranger.post(f"{link}/code", {"code": code}, page=f"{link}/code")
    assert "保存恢复码" in done.text
    office.secrets["sunlixin"] = key
    assert stranger.password("sunlixin").location == "/sign-in/code"


def test_key_is_shown_in_groups_of_four(stranger: Browser, link: str) -> None:
    """For those who cannot scan."""
    page = stranger.post(link, {"password": PASSWORD}, page=link).text
    found = KEY.search(page)
    assert found is not None
    assert all(len(group) == 4 for group in found[1].split(" "))


def test_key_page_has_no_language_switch_that_would_lose_the_key(
    stranger: Browser, link: str
) -> None:
    """The key is shown once, so the switch stands on the pages before and after it."""
    page = stranger.post(link, {"password": PASSWORD}, page=link).text
    assert "/.hangu/language" not in page
    for path in (link, f"{link}/code"):
        assert "/.hangu/language" in stranger.get(path).text


def test_picture_says_the_same_as_the_key(stranger: Browser, link: str) -> None:
    """The drawing is inline, whole (it has a viewBox), and carries no text."""
    page = stranger.post(link, {"password": PASSWORD}, page=link).text
    picture = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert picture is not None
    assert "viewBox" in picture[0]
    assert key_of(page) not in picture[0]


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("kurz", "密码过短"),
        ("sunlixin-sunlixin", "姓名、登录名或单位"),
        ("abcabcabcabcabcabc", "重复"),
        ("x" * 257, "内容过长"),
        ("", "请设置密码"),
    ],
)
def test_bad_password_is_told_why_at_the_field(
    stranger: Browser, link: str, password: str, words: str
) -> None:
    """The reason stands in the summary and at the field; the password is not shown again."""
    answer = stranger.post(link, {"password": password}, page=link)
    assert answer.status_code == 422
    assert answer.text.count(words) >= 2
    assert not password or f'value="{password}"' not in answer.text


def test_class_25_code_without_password_opens_nothing(stranger: Browser, link: str) -> None:
    """Step 3 asked before step 1 is refused, whatever the code."""
    answer = stranger.post(f"{link}/code", {"code": "123456"}, page=f"{link}/code")
    assert answer.status_code == 409
    assert stranger.password("sunlixin").status_code == 403


def test_class_25_password_without_code_opens_nothing(stranger: Browser, link: str) -> None:
    """After step 2 alone nobody can sign in."""
    stranger.post(link, {"password": PASSWORD}, page=link)
    assert stranger.password("sunlixin").status_code == 403


def test_wrong_code_may_be_tried_again(stranger: Browser, link: str) -> None:
    """The link lives on, and the right code still opens."""
    key = key_of(stranger.post(link, {"password": PASSWORD}, page=link).text)
    wrong = stranger.post(f"{link}/code", {"code": "000000"}, page=f"{link}/code")
    assert wrong.status_code == 422
    code = pyotp.TOTP(key).now()
    assert stranger.post(f"{link}/code", {"code": code}, page=f"{link}/code").status_code == 200


def test_class_32_used_link_is_gone(stranger: Browser, link: str) -> None:
    """Every step of a used link answers 410 and names nobody."""
    form = stranger.token("/sign-in")
    key = key_of(stranger.post(link, {"password": PASSWORD}, page=link).text)
    code = pyotp.TOTP(key).now()
    stranger.post(f"{link}/code", {"code": code}, page=f"{link}/code")
    for path in (link, f"{link}/code"):
        assert stranger.get(path).status_code == 410
        again = stranger.client.post(
            path,
            base_url=stranger.base,
            data={"csrf_token": form, "password": PASSWORD, "code": code},
            headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
        )
        assert again.status_code == 410
        assert "孙立新" not in again.text


@pytest.mark.parametrize("token", ["x", "A" * 43, "..", "%00", "é"])
def test_invented_link_is_gone(stranger: Browser, token: str) -> None:
    """Unknown links read exactly like used ones."""
    assert stranger.get(f"/enrol/{token}").status_code in {404, 410}


def test_class_28_key_is_on_one_page_only(stranger: Browser, link: str) -> None:
    """The secret is in the answer of step 2 and in no other."""
    key = key_of(stranger.post(link, {"password": PASSWORD}, page=link).text)
    for path in (link, f"{link}/code", "/sign-in", "/nix"):
        answer = stranger.get(path)
        assert key not in answer.text
        assert key not in str(answer.headers)
