"""What a client's headers may become before a service sees them.

A service believes the headers it gets from the gateway. So whatever could be taken for one of
ours never passes: not under another spelling, not twice, not by having the connection drop it
(RFC 9110, 7.6.1). The way back is in `headers_back`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from gateway.access.canonical import Canonical
from gateway.access.canonical_refusals import BadHeader
from gateway.refusals import Refused

OWN_COOKIE = "__host-hangu-"  # every cookie of the gateway begins so, compared without case
HOP_BY_HOP = frozenset(
    {
        "connection",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Names by which services and the servers before them learn who asks, from where and for what.
_SPOOFABLE_PREFIXES = (
    "remote-",
    "ssl-client-",
    "x-auth-request-",
    "x-forwarded-",
    "x-hangu-",
    "x-original-",
    "x-remote-",
    "x-ssl-client-",
    "x-webauth-",
)
_SPOOFABLE = frozenset(
    {
        "client-ip",
        "forwarded",
        "proxy",  # becomes HTTP_PROXY in CGI programs (CVE-2016-5385)
        "true-client-ip",
        "x-client-cert",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-http-method",  # would turn the decided method into another
        "x-http-method-override",
        "x-method-override",
        "x-real-ip",
        "x-rewrite-url",  # would turn the decided path into another
    }
)
# What the proxy writes anew for its own connection.
_FRAMING = frozenset({"content-length", "cookie", "expect", "host"})
# Naming one of these in Connection would have the next hop drop it.
_ESSENTIAL = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "origin",
        "range",
        "referer",
    }
)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PRINTABLE = " !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"  # not "%", which marks what was encoded


class ConnectionNamesProtectedHeader(Refused):
    """`Connection:` asks the next hop to drop a header that decisions rest on (class 11)."""

    code = "connection_names_protected_header"


def canonical_name(name: str) -> str:
    """Return the one spelling of a header name: `-`, `_`, `.` and case are no difference."""
    return name.lower().replace("_", "-").replace(".", "-")


def is_spoofable(name: str) -> bool:
    """Whether a header, in any spelling, says who asks, from where or for what."""
    known = canonical_name(name)
    return known in _SPOOFABLE or known.startswith(_SPOOFABLE_PREFIXES)


def connection_options(
    headers: Iterable[tuple[bytes, bytes]], *, protected: Iterable[str] = ()
) -> frozenset[str]:
    """Return the header names `Connection:` lists, lower case.

    Raises BadHeader for a list that is no list of tokens, ConnectionNamesProtectedHeader if
    it names what must not be dropped; `protected` adds names to those known here.
    """
    kept = _ESSENTIAL | {canonical_name(name) for name in protected}
    found: set[str] = set()
    for name, value in headers:
        if name.lower() != b"connection":
            continue
        found |= {option.strip().lower() for option in value.decode("latin-1").split(",")}
    found.discard("")
    for option in found:
        if not _TOKEN.fullmatch(option):
            raise BadHeader(option)
        if is_spoofable(option) or canonical_name(option) in kept:
            raise ConnectionNamesProtectedHeader(option)
    return frozenset(found)


def header_value(text: str) -> str:
    """Return `text` fit for a header: printable ASCII stays, all else becomes `%xx` (UTF-8).

    The percent sign itself is encoded, so the service gets the text back by decoding once.
    """
    return quote(text, safe=_PRINTABLE if text == text.strip() else "")


def own_cookies_removed(cookies: Iterable[bytes]) -> str:
    """Join Cookie headers into one without the gateway's own cookies (class 34).

    Cut at every semicolon, even within quotes: better to spoil a strange cookie than to hand
    a session to a service.
    """
    pieces = [piece.strip() for each in cookies for piece in each.decode("latin-1").split(";")]
    return "; ".join(piece for piece in pieces if piece and OWN_COOKIE not in piece.lower())


def upstream_headers(
    client_headers: Iterable[tuple[bytes, bytes]],
    identity: Mapping[str, str],
    *,
    canonical: Canonical,
    client_address: str,
    upstream_host: str | None = None,
) -> list[tuple[str, str]]:
    """Return the headers for the service, without those that frame the body.

    Every identity header is set, empty if there is nothing to say (class 10); a client's copy
    in any spelling is gone, and so is every client header with `_` or `.` in its name. The
    X-Forwarded headers are set, never appended to. `upstream_host` None keeps the public host.
    Text values are Latin-1, as WSGI and `http.client` want them.
    """
    client = tuple(client_headers)
    named = connection_options(client, protected=identity)
    ours = {canonical_name(name) for name in identity}
    dropped = HOP_BY_HOP | _FRAMING | named
    result = [("Host", upstream_host or canonical.authority)]
    for raw_name, raw_value in client:
        name = raw_name.decode("latin-1").lower()
        if "_" in name or "." in name or name in dropped or name in ours or is_spoofable(name):
            continue
        result.append((_title(name), raw_value.decode("latin-1")))
    if cookie := own_cookies_removed(value for name, value in client if name.lower() == b"cookie"):
        result.append(("Cookie", cookie))
    result += [
        ("X-Forwarded-For", client_address),
        ("X-Forwarded-Host", canonical.authority),
        ("X-Forwarded-Port", str(canonical.port)),
        ("X-Forwarded-Proto", canonical.scheme),
    ]
    return result + [(name, header_value(value)) for name, value in identity.items()]


def _title(name: str) -> str:
    """Write a name as it is usually written; some old services compare it letter by letter."""
    return "-".join(part.capitalize() for part in name.split("-"))
