"""What the proxy in front says about a request, believed only from that proxy.

The channel is proved by the zone's Unix socket, which only nginx's group can open, or by the
zone's key in `X-Hangu-Proxy-Key` over TCP. There is no "trust this network" that would do by
itself: a list of addresses only narrows who may use the key (classes 6, 8, 35).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

from gateway.access.refusals import ForwardedHeaderInvalid, ForwardedHeaderUntrusted, ProxyUnproven

Network: TypeAlias = IPv4Network | IPv6Network
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

KEY_HEADER = b"x-hangu-proxy-key"
UNIX = "unix"
LEAST_KEY = 32  # bytes
NARROWEST = {4: 24, 6: 64}
"""Shortest prefix of a network that may hold our proxies, by IP version."""

_LONGEST_ADDRESSES = 512  # bytes of X-Forwarded-For
_FORWARDING = re.compile(rb"forwarded|x-forwarded-.+|x-original-.+|x-real-ip|x-rewrite-url")


class TooMuchTrust(ValueError):
    """A setting would believe everybody, or a network nobody can oversee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """How the zone knows its proxy.

    Args:
        key: the zone's proxy key, 32 bytes or more; None: only the Unix socket proves.
        addresses: if any, the only TCP peers from which the key counts.

    Raises:
        TooMuchTrust: the key is short, or an address is a wide network (class 35).
    """

    key: bytes | None = field(default=None, repr=False)
    addresses: tuple[Network, ...] = ()

    def __post_init__(self) -> None:
        if self.key is not None and len(self.key) < LEAST_KEY:
            raise TooMuchTrust(f"the proxy key needs {LEAST_KEY} bytes or more")
        for network in self.addresses:
            _check_width(network)

    def proven(self, environ: Mapping[str, Any]) -> bool:
        """Tell whether the request came from our proxy; reads `hangu.peer`, `hangu.headers`."""
        peer = environ.get("hangu.peer")
        if peer == UNIX:
            return True
        keys = optional(environ["hangu.headers"], KEY_HEADER)
        if self.key is None or len(keys) != 1 or not hmac.compare_digest(keys[0], self.key):
            return False
        return not self.addresses or _within(peer, self.addresses)

    def demand(self, environ: Mapping[str, Any]) -> None:
        """Raise ProxyUnproven unless the request came from our proxy."""
        if not self.proven(environ):
            raise ProxyUnproven

    def client_address(self, environ: Mapping[str, Any]) -> str:
        """Return the address of the person's machine.

        From our proxy it is what the proxy set; from anybody else it is the peer, and a
        request that brings forwarding headers of its own is refused.

        Raises:
            ForwardedHeaderUntrusted, ForwardedHeaderInvalid.
        """
        headers = environ["hangu.headers"]
        if not self.proven(environ):
            refuse_forwarded(headers)
            return str(environ.get("hangu.peer", ""))
        return forwarded_address(headers)


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read the proxies' addresses. Raises TooMuchTrust for `*`, names and wide networks."""
    found = []
    for text in texts:
        try:
            network = ip_network(text)
        except ValueError:
            raise TooMuchTrust(f"{text!r} is no address and no network") from None
        _check_width(network)
        found.append(network)
    return tuple(found)


def refuse_forwarded(headers: Headers) -> None:
    """Raise ForwardedHeaderUntrusted if the headers claim anything about another hop."""
    for name, _ in headers:
        # As a backend written for CGI would see it: case, dot and underscore make no difference.
        plain = name.lower().replace(b"_", b"-").replace(b".", b"-")
        if _FORWARDING.fullmatch(plain) or plain == KEY_HEADER:
            raise ForwardedHeaderUntrusted(name)


def one(headers: Headers, name: bytes) -> str:
    """Return the value of a header that the proxy sets exactly once.

    Raises:
        ForwardedHeaderInvalid: it is missing, comes twice, or is not ASCII.
    """
    values = optional(headers, name)
    if len(values) != 1:
        raise ForwardedHeaderInvalid(name)
    try:
        return values[0].decode("ascii")
    except UnicodeDecodeError:
        raise ForwardedHeaderInvalid(name) from None


def forwarded_address(headers: Headers) -> str:
    """Return the client's address out of `X-Forwarded-For`, in its shortest form.

    Of several it is the last, which our proxy itself added; but all must be addresses.

    Raises:
        ForwardedHeaderInvalid: the header is missing, doubled, too long, or holds anything
            that is not a plain address (class 7: unreadable is refused, never skipped).
    """
    text = one(headers, b"x-forwarded-for")
    if len(text) > _LONGEST_ADDRESSES:
        raise ForwardedHeaderInvalid("x-forwarded-for")
    return str([_address(part.strip(" \t")) for part in text.split(",")][-1])


def _address(text: str) -> IPv4Address | IPv6Address:
    if text == UNIX + ":":  # nginx's word for a client on a Unix socket: this very machine
        return IPv4Address("127.0.0.1")
    try:
        address = ip_address(text)
    except ValueError:
        raise ForwardedHeaderInvalid("x-forwarded-for") from None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise ForwardedHeaderInvalid("x-forwarded-for")
        return address.ipv4_mapped or address
    return address


def optional(headers: Headers, name: bytes) -> list[bytes]:
    """Return every value of a header, in order; `name` in lower case."""
    return [value for each, value in headers if each == name]


def _within(peer: object, allowed: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(str(peer))
    except ValueError:
        return False
    return any(address in network for network in allowed)


def _check_width(network: Network) -> None:
    if network.prefixlen < NARROWEST[network.version]:
        raise TooMuchTrust(f"{network} would believe {network.num_addresses} addresses")
    if network.is_unspecified or network.is_multicast:
        raise TooMuchTrust(f"{network} is nobody's address")
