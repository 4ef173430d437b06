"""What a proxy asks about: each of the four contracts read into one request, or refused.

| contract | method and address of the request that is asked about |
|---|---|
| nginx   | X-Original-Method, X-Original-URL (absolute) |
| traefik | X-Forwarded-Method, -Proto, -Host, -Uri |
| caddy   | the same |
| envoy   | its own method, Host, and the path after the prefix; X-Forwarded-Proto |

X-Forwarded-For is needed in all of them. Every one of these headers must come exactly once.
Sources: nginx.org ngx_http_auth_request_module; doc.traefik.io ForwardAuth; caddyserver.com
forward_auth; envoy api v3 ext_authz HttpService.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.access.canonical import Canonical, RawRequest, canonicalise
from gateway.access.channel import Headers, forwarded_address, one, optional
from gateway.access.headers import canonical_name, connection_options, is_spoofable
from gateway.access.refusals import ForwardedHeaderInvalid, ForwardedHeaderUntrusted

PREFIX = "/-/decide/"


class Contract(StrEnum):
    """Whose rules of asking and answering apply."""

    NGINX = "nginx"
    TRAEFIK = "traefik"
    CADDY = "caddy"
    ENVOY = "envoy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: may this request pass?

    `connection` are the lower-case options of the client's Connection header, as far as the
    proxy tells them.
    """

    canonical: Canonical
    address: str
    headers: Headers
    connection: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Line:
    """The request line, in parts, as the proxy quoted it."""

    method: str
    scheme: str
    host: str
    target: bytes


_ABSOLUTE = re.compile(r"(?P<scheme>[a-z]+)://(?P<host>[^/?#]*)(?P<target>.*)", re.DOTALL)
# What each proxy says in its own name. Other headers of this kind are the client's, in a
# spelling the proxy let through, and would reach the service as they are (classes 8-10).
_IN_NGINX = frozenset(
    {
        b"x-forwarded-for",
        b"x-hangu-proxy-key",
        b"x-original-connection",
        b"x-original-method",
        b"x-original-url",
    }
)
_IN_OTHERS = frozenset(
    {
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-method",
        b"x-forwarded-port",
        b"x-forwarded-proto",
        b"x-forwarded-server",
        b"x-forwarded-uri",
        b"x-hangu-proxy-key",
        b"x-real-ip",
    }
)
# Of the asking request itself, or quoted from another one; neither may count for the original.
_NOT_QUOTED = frozenset({b"host", b"content-length", b"connection", b"content-type"})


def contract_of(path: str) -> Contract | None:
    """Return the contract of a canonical gateway path, or None if it is none."""
    if not path.startswith(PREFIX):
        return None
    name, slash, _ = path.removeprefix(PREFIX).partition("/")
    if slash and name != Contract.ENVOY:
        return None
    return Contract(name) if name in set(Contract) else None


def read(contract: Contract, environ: Mapping[str, Any]) -> Asked:
    """Read the question.

    Raises:
        ForwardedHeaderUntrusted: the client says who it is, where from or what it asks for.
        ForwardedHeaderInvalid: what the proxy must say is missing, doubled or unreadable.
        Ambiguous: the request asked about has more than one reading.
        ConnectionNamesProtectedHeader: it would have a header dropped that decisions rest on.
    """
    headers: Headers = environ["hangu.headers"]
    refuse_spoofed(headers, said=_IN_NGINX if contract is Contract.NGINX else _IN_OTHERS)
    line = _READERS[contract](headers, environ)
    target, _, query = line.target.partition(b"?")
    canonical = canonicalise(
        RawRequest(
            method=line.method,
            scheme=line.scheme,
            host=line.host,
            target=target,
            query=query,
            headers=tuple(pair for pair in headers if pair[0] not in _NOT_QUOTED),
        )
    )
    quoted = [(b"connection", value) for value in optional(headers, b"x-original-connection")]
    return Asked(
        canonical=canonical,
        address=forwarded_address(headers),
        headers=headers,
        connection=connection_options(quoted),
    )


def refuse_spoofed(headers: Headers, *, said: frozenset[bytes]) -> None:
    """Raise ForwardedHeaderUntrusted for an identity or forwarding header not in `said`."""
    for name, _ in headers:
        if name not in said and is_spoofable(name.decode("latin-1")):
            raise ForwardedHeaderUntrusted(name)


def refuse_aliases(headers: Headers, names: Iterable[str]) -> None:
    """Raise ForwardedHeaderUntrusted for another spelling of a header we will set.

    The proxy puts our value in place of the very name only (O2 CVE-2025-64484).
    """
    ours = {canonical_name(name) for name in names}
    for raw, _ in headers:
        name = raw.decode("latin-1").lower()
        if name not in ours and canonical_name(name) in ours:
            raise ForwardedHeaderUntrusted(name)


def _nginx(headers: Headers, _environ: Mapping[str, Any]) -> _Line:
    match = _ABSOLUTE.fullmatch(_text(headers, b"x-original-url"))
    if match is None:
        raise ForwardedHeaderInvalid("x-original-url")
    return _Line(
        one(headers, b"x-original-method"),
        match["scheme"],
        match["host"],
        match["target"].encode("latin-1"),
    )


def _forwarded(headers: Headers, _environ: Mapping[str, Any]) -> _Line:
    return _Line(
        one(headers, b"x-forwarded-method"),
        _scheme(headers),
        one(headers, b"x-forwarded-host"),
        _text(headers, b"x-forwarded-uri").encode("latin-1"),
    )


def _envoy(headers: Headers, environ: Mapping[str, Any]) -> _Line:
    prefix = f"{PREFIX}{Contract.ENVOY}".encode()
    raw: bytes = environ["hangu.raw_path"]
    target = raw.partition(b"?")[0].removeprefix(prefix) or b"/"
    if query := environ.get("QUERY_STRING", ""):
        target += b"?" + query.encode("latin-1")
    return _Line(environ["REQUEST_METHOD"], _scheme(headers), one(headers, b"host"), target)


def _scheme(headers: Headers) -> str:
    """A WebSocket's scheme is that of its handshake (Traefik says ws and wss)."""
    scheme = one(headers, b"x-forwarded-proto")
    return {"ws": "http", "wss": "https"}.get(scheme, scheme)


def _text(headers: Headers, name: bytes) -> str:
    """A header's bytes one to one; that they are a legal address is canonicalising's matter."""
    values = optional(headers, name)
    if len(values) != 1:
        raise ForwardedHeaderInvalid(name)
    return values[0].decode("latin-1")


_READERS: Mapping[Contract, Callable[[Headers, Mapping[str, Any]], _Line]] = {
    Contract.NGINX: _nginx,
    Contract.TRAEFIK: _forwarded,
    Contract.CADDY: _forwarded,
    Contract.ENVOY: _envoy,
}
