"""What browsers may keep of services' answers: the built-in proxy and a real nginx agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nginx_front import Front

from gateway.access.caching import PAGE, added, is_page

DOCUMENT = [("Accept", "text/html,*/*;q=0.8"), ("Sec-Fetch-Dest", "document")]
OLD_DOCUMENT = [("Accept", "text/html,*/*;q=0.8")]
PICTURE = [("Accept", "image/avif,image/webp,*/*"), ("Sec-Fetch-Dest", "image")]
SCRIPTED = [("Accept", "*/*"), ("Sec-Fetch-Dest", "empty")]
FRAME = [("Accept", "text/html"), ("Sec-Fetch-Dest", "iframe")]

CASES = [
    (DOCUMENT, "text/html; charset=utf-8", [], PAGE),
    (DOCUMENT, "text/html", ["max-age=600"], PAGE),
    (DOCUMENT, "application/pdf", ["public, max-age=31536000, immutable"], PAGE),
    (DOCUMENT, "", ["max-age=5"], PAGE),
    (OLD_DOCUMENT, "", ["max-age=5"], PAGE),
    (OLD_DOCUMENT, "application/pdf", [], PAGE),
    (FRAME, "image/svg+xml", ["public"], PAGE),
    (SCRIPTED, "text/html", ["max-age=600"], PAGE),
    (SCRIPTED, "Application/XHTML+XML", [], PAGE),
    (DOCUMENT, "text/html", ["no-store"], ""),
    (DOCUMENT, "text/html", ["private, No-Store, max-age=0"], ""),
    (DOCUMENT, "text/html", ["max-age=600", "no-store"], ""),
    (DOCUMENT, "text/html", ["x-no-store-please"], PAGE),
    (DOCUMENT, "text/html", ["private"], PAGE),
    (PICTURE, "image/png", [], "private"),
    (PICTURE, "image/png", ["max-age=600"], "private"),
    (PICTURE, "image/png", ["public, max-age=600"], "private"),
    (PICTURE, "image/png", ["private, max-age=9"], ""),
    (PICTURE, "image/png", ["max-age=9", "Private"], ""),
    (PICTURE, "image/png", ['private="set-cookie"'], "private"),
    (PICTURE, "image/png", ["max-age=600", "no-store"], ""),
    (SCRIPTED, "application/json", ["no-cache"], "private"),
]


@pytest.mark.parametrize(("asked", "kind", "said", "more"), CASES)
def test_proxy_lets_browsers_keep_no_page_as_fresh(
    asked: list[tuple[str, str]], kind: str, said: list[str], more: str
) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in asked]
    assert added(said, page=is_page(headers, kind)) == more


@pytest.mark.parametrize(("asked", "kind", "said", "more"), CASES)
def test_nginx_lets_browsers_keep_no_page_as_fresh(
    front: Front, asked: list[tuple[str, str]], kind: str, said: list[str], more: str
) -> None:
    lines = [f"Content-Type: {kind}\r\n"] if kind else []
    lines += [f"Cache-Control: {each}\r\n" for each in said]
    target = b"/says/head/" + "".join(lines).encode().hex().encode()
    seen = front.ask(target, headers=asked)
    assert (seen.status, seen.body) == (200, b"own")
    assert seen.all("Cache-Control") == [*said, *filter(None, [more])]


@given(
    said=st.lists(st.text(alphabet='abcnorstpuliv-=," \t09', max_size=40), max_size=3),
    page=st.booleans(),
)
def test_no_answer_may_be_kept_for_others_and_no_page_as_fresh(
    said: list[str],
    page: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    whole = ",".join([*said, added(said, page=page)]).lower()
    words = set(whole.replace(",", " ").split())
    assert words & {"private", "no-store"}
    if page:
        assert words & {"no-cache", "no-store"}
