"""The host of a request: one spelling for each name and address."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from gateway.access.canonical_refusals import BadHost

DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_LABEL = re.compile(r"[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?")
_LONGEST_NAME = 253  # RFC 1035, 2.3.4, without the root's dot
_HIGHEST_PORT = 65535


def canonical_host(authority: str, *, scheme: str) -> tuple[str, int]:
    """Return (host, port) for a Host header: lower case, no root dot, the effective port.

    IPv6 addresses keep their brackets and take their shortest form (RFC 5952).
    Raises BadHost for everything else that is not letters, digits, hyphens and dots:
    user information, an empty port, zone ids, raw non-ASCII names (browsers send `xn--`).
    """
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise BadHost(authority)
    port = int(match["port"] or DEFAULT_PORTS[scheme])
    if port > _HIGHEST_PORT:
        raise BadHost(authority)
    return _host(match["host"].lower()), port


def _host(name: str) -> str:
    if name.startswith("["):
        try:
            return f"[{IPv6Address(name[1:-1]).compressed}]"
        except AddressValueError as error:
            raise BadHost(name) from error
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadHost(name)
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):  # resolvers take 127.1 and 0x7f.1 too
        try:
            return str(IPv4Address(name))
        except AddressValueError as error:
            raise BadHost(name) from error
    return name
