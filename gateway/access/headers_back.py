"""What a service's headers may become before the browser sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from gateway.access import caching
from gateway.access.canonical import Canonical
from gateway.access.canonical_host import DEFAULT_PORTS, canonical_host
from gateway.access.canonical_refusals import BadHost
from gateway.access.headers import HOP_BY_HOP, OWN_COOKIE

# They tell strangers what to attack, or act beyond the service's own host: Alt-Svc leads round
# the gateway, Clear-Site-Data also empties the gateway's cookies.
_TALKATIVE = frozenset(
    {
        "alt-svc",
        "clear-site-data",
        "server",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-generator",
        "x-powered-by",
        "x-runtime",
    }
)
# The first three command the front server (X-Accel-Redirect serves any of its internal
# places); the last is the gateway's own voice.
_COMMANDS = ("x-accel-", "x-sendfile", "x-lighttpd-send", "x-hangu-")
_ADDRESSES = frozenset({"location", "content-location"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FOLD = re.compile(r"[ \t]*\r?\n[ \t]+")  # RFC 9112, 5.2: a proxy unfolds
_ILLEGAL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_YEAR = 31536000  # seconds


def downstream_headers(
    service_headers: Iterable[tuple[str, str]],
    *,
    canonical: Canonical,
    upstream_origin: str,
    asked: Iterable[tuple[bytes, bytes]] = (),
) -> list[tuple[str, str]]:
    """Return a service's headers (Latin-1 text, with duplicates) as the browser may have them.

    Hop-by-hop and talkative headers are gone, addresses on the service's own origin point to
    the public one, cookies lose `Domain` and cannot bear the gateway's names, browsers keep
    nothing but parts of pages as fresh (`caching`; `asked` are the request's headers), and the
    floor of safety is laid where the service left it out.
    """
    pairs = [(name, _FOLD.sub(" ", value).strip(" \t")) for name, value in service_headers]
    named = {
        option.strip().lower()
        for name, value in pairs
        if name.lower() == "connection"
        for option in value.split(",")
    }
    gone = HOP_BY_HOP | _TALKATIVE | named
    result = []
    for name, value in pairs:
        lower = name.lower()
        if lower in gone or lower.startswith(_COMMANDS) or not _is_header(name, value):
            continue
        if lower in _ADDRESSES:
            result.append((name, public_address(value, canonical, upstream_origin)))
        elif lower == "set-cookie":
            result += [
                (name, cookie) for cookie in _cookie(value, https=canonical.scheme == "https")
            ]
        else:
            result.append((name, value))
    kind = ",".join(_said(result, "content-type"))
    kept = caching.added(_said(result, "cache-control"), part=caching.is_part(asked, kind))
    floor = _floor({name.lower() for name, _ in result}, canonical.scheme)
    return result + ([("Cache-Control", kept)] if kept else []) + list(floor)


def _said(headers: Iterable[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in headers if name.lower() == wanted]


def public_address(address: str, canonical: Canonical, upstream_origin: str) -> str:
    """Return where the browser has to go if the service says `address`.

    The service's own origin becomes the public one; so does the public host with plain http,
    which services behind TLS often say.
    """
    origin = _origin(address, canonical.scheme)
    if origin is None:
        return address
    private = _origin(upstream_origin, canonical.scheme)
    downgraded = _origin(f"http://{canonical.host}", "http")
    if origin not in {private, downgraded}:
        return address
    rest = re.sub(r"^(?:[A-Za-z]+:)?//[^/?#]*", "", address)
    return canonical.origin + (rest if rest.startswith("/") else f"/{rest}")


def _origin(address: str, scheme: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address, scheme=scheme)
        if parts.scheme not in DEFAULT_PORTS or not parts.netloc:
            return None
        return (parts.scheme, *canonical_host(parts.netloc, scheme=parts.scheme))
    except (ValueError, BadHost):
        return None


def _cookie(value: str, *, https: bool) -> Iterator[str]:
    """Yield the cookie a service sets, bound to its own host; nothing if it takes our name."""
    pair, *attributes = value.split(";")
    if OWN_COOKIE in pair.lower():
        return
    kept = [each.strip() for each in attributes]
    kept = [each for each in kept if each and each.partition("=")[0].strip().lower() != "domain"]
    if https and "secure" not in {each.lower() for each in kept}:
        kept.append("Secure")
    yield "; ".join([pair.strip(), *kept])


def _is_header(name: str, value: str) -> bool:
    return bool(_TOKEN.fullmatch(name)) and not _ILLEGAL.search(value)


def _floor(present: set[str], scheme: str) -> Iterator[tuple[str, str]]:
    if "x-content-type-options" not in present:
        yield "X-Content-Type-Options", "nosniff"
    if "referrer-policy" not in present:
        yield "Referrer-Policy", "strict-origin-when-cross-origin"
    if scheme == "https" and "strict-transport-security" not in present:
        yield "Strict-Transport-Security", f"max-age={_YEAR}"
