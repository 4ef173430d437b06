"""What browsers may keep of a service's answers: all but parts of a page to be asked for anew.

What is kept as fresh would be shown after its person has signed out, without asking anybody: a
page, and just as well what a script fetched from an address that can be opened. So every answer
is `private, no-cache`: kept, and opened again only after the gate and the service have said that
it still stands (RFC 9111, 5.2.2.4). The exception are the parts of a page by what the browser
wants them for (pictures, styles, scripts, fonts, sound): these stay as cacheable as their
service makes them, for the one browser. What a service forbids to store (`no-store`) stays
forbidden.

Going *back* asks nobody: a browser shows again what it showed, `no-cache` or not (RFC 9111, 6).
`no-store` for every page would end that, and with it what somebody has typed in a form and
finds again on the way back; the work of everybody every day. So it stays each service's choice,
and signing out on a service's own host has the browser forget what it kept of that host
(`Clear-Site-Data`, gateway/web/entry.py).

The nginx configuration says the same with `map`s; `tests/access/test_caching.py` puts every
case to both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ANEW = "private, no-cache"
PRIVATE = "private"
DESTINATIONS = ("image", "style", "script", "font", "audio", "video", "track", "manifest")
"""What `Sec-Fetch-Dest` says where the answer becomes a part of a page."""

KINDS = (
    "image/",
    "font/",
    "audio/",
    "video/",
    "text/css",
    "text/javascript",
    "text/vtt",
    "application/javascript",
    "application/x-javascript",
    "application/manifest+json",
    "application/font-woff",
)
"""How the type of such a part begins."""

HTML = ("text/html", "application/xhtml+xml")
_NO_STORE = re.compile(r"(?:^|[,\s])no-store(?:$|[,\s])", re.IGNORECASE)
_IS_PRIVATE = re.compile(r"(?:^|[,\s])private(?:$|[,\s])", re.IGNORECASE)


def is_part(asked: Iterable[tuple[bytes, bytes]], content_type: str) -> bool:
    """Tell whether an answer is a part of a page, by the request's headers and its own type.

    Browsers say what they want it for only to hosts they trust (https); elsewhere it goes by
    the type, unless a page would be taken as well. HTML is a page whatever it is wanted for.
    """
    first = {name.lower(): value.lower() for name, value in asked}
    kind = content_type.strip().lower()
    if kind.startswith(HTML):
        return False
    wanted = first.get(b"sec-fetch-dest", b"")
    if wanted:
        return wanted.decode("latin-1") in DESTINATIONS
    return kind.startswith(KINDS) and b"text/html" not in first.get(b"accept", b"")


def added(said: Iterable[str], *, part: bool) -> str:
    """Return the `Cache-Control` that an answer gets beside what its service said, or nothing.

    The service's own lines stay: of directives that conflict the strictest counts (RFC 9111,
    4.2.1).
    """
    whole = ", ".join(said)
    if _NO_STORE.search(whole):
        return ""
    if not part:
        return ANEW
    return "" if _IS_PRIVATE.search(whole) else PRIVATE
