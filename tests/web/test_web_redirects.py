"""Class 21 and 31: where the pages send people is always on this very host."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_office import Browser

from gateway.web.paths import inside

HOSTILE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/%5cevil.example",
    "https:evil.example",
    "https://evil.example",
    "https://intranet.localhost:8100.evil.example/",
    "https://intranet.localhost:8100@evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    " /x",
    "/x\r\nSet-Cookie: a=b",
    "/x#@evil.example",
    "/..//evil.example",
    "/a/../../evil",
    "/ｅvil",
    "http:/evil.example",
    "/;/evil.example",
    "",
]


@pytest.mark.parametrize("target", HOSTILE)
def test_class_21_sign_in_leads_nowhere_else(stranger: Browser, target: str) -> None:
    """A hostile `next` becomes the portal."""
    stranger.password("liwen", next=target)
    code = {"code": stranger.office.code("liwen"), "next": target}
    answer = stranger.post("/sign-in/code", code, page="/sign-in/code")
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("target", HOSTILE)
def test_class_21_signed_in_next_leads_nowhere_else(clerk: Browser, target: str) -> None:
    """The sign-in page, asked by who is signed in, neither."""
    assert clerk.get(f"/sign-in?next={quote(target)}").location == "/"


@pytest.mark.parametrize("target", HOSTILE)
def test_class_21_language_switch_leads_nowhere_else(stranger: Browser, target: str) -> None:
    """The page to come back to is checked as well."""
    form = {"language": "en", "back": target}
    assert stranger.post("/.hangu/language", form, page="/sign-in").location == "/"


@given(st.text(max_size=80))
def test_class_21_no_text_leaves_the_host(text: str) -> None:
    """Whatever is asked for, a browser resolves the answer on the same origin."""
    here = "https://gate.example.cn/sign-in"
    found = inside(text)
    assert urlsplit(urljoin(here, found)).netloc == "gate.example.cn"
    assert found.startswith("/")
    assert not {"\r", "\n", "\\", "\t"} & set(found)


@given(st.text(alphabet="/\\.:@#%?;ehttps \t\n09afx", max_size=30))
def test_class_21_no_nasty_text_leaves_the_host(text: str) -> None:
    """The same over the characters that redirects are attacked with."""
    found = urlsplit(urljoin("https://gate.example.cn/a/b", inside(text)))
    assert (found.scheme, found.netloc) == ("https", "gate.example.cn")


@pytest.mark.parametrize("prefix", ["/sign-in", "/health", "/enrol/x", "/signed-out"])
@pytest.mark.parametrize("page", ["/account/", "/services/ledger", "/account/sessions/x/end"])
def test_class_31_public_addresses_around_a_page_do_not_open_it(
    stranger: Browser, prefix: str, page: str
) -> None:
    """A protected path with a public one before, behind or inside it stays shut."""
    for path in (prefix + page, page + prefix, f"{page}?next={prefix}", f"{page}{prefix}{page}"):
        answer = stranger.get(path)
        assert answer.status_code in {303, 404, 405, 410}, path
        assert "李雯" not in answer.text
