"""Where a service may really be: one origin, reachable, and never the gateway itself."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from gateway.access.canonical_host import DEFAULT_PORTS

HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
"""A host name in lower case, without port."""


def cure(upstream: str, *, gateway_host: str, own: frozenset[tuple[str, int]]) -> str | None:
    """Return what an upstream must be if this is none; None if it is one.

    `gateway_host` without port; `own` the addresses (host, port) on which the gateway listens.
    """
    try:
        parts = urlsplit(upstream)
        port = parts.port
    except ValueError:
        return "an origin, as http://10.1.2.3:8080"
    host = parts.hostname or ""
    if parts.scheme not in DEFAULT_PORTS or not host:
        return "http:// or https://, then host and port, as http://10.1.2.3:8080"
    if upstream != _origin(parts) or not upstream.isascii():
        return "scheme, host and port in lower case, and nothing else (no user, path or slash)"
    if not _is_reachable(host):
        return "one host's own name or address; not every address, a group, or a link-local one"
    effective = port or DEFAULT_PORTS[parts.scheme]
    if host == gateway_host or _is_own(host, effective, own):
        return "this is the gateway itself; name the service behind it"
    return None


def _origin(parts: SplitResult) -> str:
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if parts.port is None else f":{parts.port}")


def _is_reachable(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return HOST.fullmatch(host) is not None and not host.rpartition(".")[2].isdigit()
    return not (address.is_unspecified or address.is_multicast or address.is_link_local)


def _is_own(host: str, port: int, own: frozenset[tuple[str, int]]) -> bool:
    return any(port == mine and _alike(host, name) for name, mine in own)


def _alike(one: str, other: str) -> bool:
    return one == other or (_is_loopback(one) and _is_loopback(other))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
