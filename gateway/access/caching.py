"""What browsers may keep of a service's answers: pages only to be asked for anew each time.

A page kept as fresh would be shown after its person has signed out, without asking anybody. So
a page (what a browser opens in a tab or frame, and all HTML) is `private, no-cache`: kept, and
shown again only after the gate and the service have said that it still stands (RFC 9111,
5.2.2.4). Pictures, styles and scripts stay as cacheable as their service makes them, for the
one browser. What a service forbids to store (`no-store`) stays forbidden.

The nginx configuration says the same with `map`s; `tests/access/test_caching.py` puts every
case to both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PAGE = "private, no-cache"
PRIVATE = "private"
DESTINATIONS = ("document", "iframe", "frame", "fencedframe", "object", "embed")
"""What `Sec-Fetch-Dest` says where the answer becomes a page of its own."""

HTML = ("text/html", "application/xhtml+xml")
_NO_STORE = re.compile(r"(?:^|[,\s])no-store(?:$|[,\s])", re.IGNORECASE)
_IS_PRIVATE = re.compile(r"(?:^|[,\s])private(?:$|[,\s])", re.IGNORECASE)


def is_page(asked: Iterable[tuple[bytes, bytes]], content_type: str) -> bool:
    """Tell whether an answer becomes a page, by the request's headers and its own type.

    Browsers say what they want it for only to hosts they trust (https); elsewhere it goes by
    what they would take. An answer without a type (304) is told by the request alone.
    """
    first = {name.lower(): value.lower() for name, value in asked}
    wanted = first.get(b"sec-fetch-dest")
    if wanted is None:
        opens = b"text/html" in first.get(b"accept", b"")
    else:
        opens = wanted.decode("latin-1") in DESTINATIONS
    return opens or content_type.strip().lower().startswith(HTML)


def added(said: Iterable[str], *, page: bool) -> str:
    """Return the `Cache-Control` that an answer gets beside what its service said, or nothing.

    The service's own lines stay: of directives that conflict the strictest counts (RFC 9111,
    4.2.1).
    """
    whole = ", ".join(said)
    if _NO_STORE.search(whole):
        return ""
    if page:
        return PAGE
    return "" if _IS_PRIVATE.search(whole) else PRIVATE
