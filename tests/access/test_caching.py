"""What browsers may keep of services' answers: the built-in proxy and a real nginx agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nginx_front import Front

from gateway.access.caching import ANEW, DESTINATIONS, KINDS, added, is_part

DOCUMENT = [("Accept", "text/html,*/*;q=0.8"), ("Sec-Fetch-Dest", "document")]
OLD_DOCUMENT = [("Accept", "text/html,*/*;q=0.8")]
PICTURE = [("Accept", "image/avif,image/webp,*/*"), ("Sec-Fetch-Dest", "image")]
SCRIPTED = [("Accept", "*/*"), ("Sec-Fetch-Dest", "empty")]
FRAME = [("Accept", "text/html"), ("Sec-Fetch-Dest", "iframe")]
WORKER = [("Accept", "*/*"), ("Sec-Fetch-Dest", "worker")]
UNTOLD = [("Accept", "*/*")]


def wanted(destination: str) -> list[tuple[str, str]]:
    """The headers of a request for something of a page."""
    return [("Accept", "*/*"), ("Sec-Fetch-Dest", destination)]


CASES = [
    (DOCUMENT, "text/html; charset=utf-8", [], ANEW),
    (DOCUMENT, "text/html", ["max-age=600"], ANEW),
    (DOCUMENT, "application/pdf", ["public, max-age=31536000, immutable"], ANEW),
    (DOCUMENT, "", ["max-age=5"], ANEW),
    (OLD_DOCUMENT, "", ["max-age=5"], ANEW),
    (OLD_DOCUMENT, "application/pdf", [], ANEW),
    (FRAME, "image/svg+xml", ["public"], ANEW),
    (SCRIPTED, "text/html", ["max-age=600"], ANEW),
    (SCRIPTED, "Application/XHTML+XML", [], ANEW),
    (DOCUMENT, "text/html", ["no-store"], ""),
    (DOCUMENT, "text/html", ["private, No-Store, max-age=0"], ""),
    (DOCUMENT, "text/html", ["max-age=600", "no-store"], ""),
    (DOCUMENT, "text/html", ["x-no-store-please"], ANEW),
    (DOCUMENT, "text/html", ["private"], ANEW),
    (PICTURE, "image/png", [], "private"),
    (PICTURE, "image/png", ["max-age=600"], "private"),
    (PICTURE, "image/png", ["public, max-age=600"], "private"),
    (PICTURE, "image/png", ["private, max-age=9"], ""),
    (PICTURE, "image/png", ["max-age=9", "Private"], ""),
    (PICTURE, "image/png", ['private="set-cookie"'], "private"),
    (PICTURE, "image/png", ["max-age=600", "no-store"], ""),
    (SCRIPTED, "application/json", ["no-cache"], ANEW),
    (SCRIPTED, "application/json", ["max-age=3600"], ANEW),
    (SCRIPTED, "application/json", ["private, max-age=3600"], ANEW),
    (SCRIPTED, "application/json", ["no-store"], ""),
    (SCRIPTED, "image/png", ["max-age=3600"], ANEW),
    (SCRIPTED, "", [], ANEW),
    (WORKER, "text/javascript", ["max-age=3600"], ANEW),
    (PICTURE, "", ["max-age=600"], "private"),
    (PICTURE, "text/html", ["max-age=600"], ANEW),
    *[(wanted(each), "x/y", ["max-age=600"], "private") for each in DESTINATIONS],
    (wanted("images"), "image/png", [], ANEW),
    (wanted("Image"), "image/png", [], "private"),
    *[(UNTOLD, f"{each}x", ["max-age=600"], "private") for each in KINDS if each[-1] == "/"],
    *[(UNTOLD, f"{each}; a=b", ["private"], "") for each in KINDS if each[-1] != "/"],
    (UNTOLD, "Text/CSS", [], "private"),
    (UNTOLD, "application/json", ["max-age=3600"], ANEW),
    (UNTOLD, "application/x; y=image/png", [], ANEW),
    (UNTOLD, "", ["max-age=3600"], ANEW),
    (OLD_DOCUMENT, "image/png", ["max-age=600"], ANEW),
    ([], "application/json", ["max-age=3600"], ANEW),
    ([], "font/woff2", [], "private"),
]


@pytest.mark.parametrize(("asked", "kind", "said", "more"), CASES)
def test_proxy_lets_browsers_keep_nothing_but_parts_of_pages_as_fresh(
    asked: list[tuple[str, str]], kind: str, said: list[str], more: str
) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in asked]
    assert added(said, part=is_part(headers, kind)) == more


@pytest.mark.parametrize(("asked", "kind", "said", "more"), CASES)
def test_nginx_lets_browsers_keep_nothing_but_parts_of_pages_as_fresh(
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
    part=st.booleans(),
)
def test_no_answer_may_be_kept_for_others_and_no_more_than_parts_as_fresh(
    said: list[str],
    part: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    whole = ",".join([*said, added(said, part=part)]).lower()
    words = set(whole.replace(",", " ").split())
    assert words & {"private", "no-store"}
    if not part:
        assert words & {"no-cache", "no-store"}
