"""What a setting may be that says where: addresses, networks, hosts, and names for them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from config.rules import Rule, list_of

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
NARROWEST_TRUST = {4: 24, 6: 64}
"""Shortest prefix of a network that may be believed, by IP version. Anything wider is how
a gateway comes to believe everybody (class 35; Gitea CVE-2026-20896)."""
_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the zone answers: a Unix socket (`path`) or one address (`host`, `port`)."""

    path: str | None = None
    host: str = ""
    port: int = 0

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.path is not None or ipaddress.ip_address(self.host).is_loopback


def origin() -> Rule:
    """`scheme://host[:port]`, lower case, nothing after; http for localhost names alone.

    Browsers take our `__Host-` cookies over http from localhost names only.
    """
    return Rule("https://HOST or https://HOST:PORT (http only for localhost names)", _origin)


def _origin(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - the loader takes ValueError alone
    parts = urlsplit(value)
    host = parts.hostname or ""
    if value != f"{parts.scheme}://{parts.netloc}" or parts.netloc != _netloc(parts):
        raise ValueError("scheme, host and port in lower case, and nothing else")
    if not _HOST.fullmatch(host):
        raise ValueError("not a host name")
    if parts.scheme not in {"https", "http"}:
        raise ValueError("https it must be")
    if parts.scheme == "http" and not is_localhost(host):
        raise ValueError("http would send passwords and cookies in the clear")
    return value


def is_localhost(host: str) -> bool:
    """Whether `host` is `localhost` or a name below it (RFC 6761, 6.3)."""
    return host == "localhost" or host.endswith(".localhost")


def _netloc(parts: SplitResult) -> str:
    """The only spelling of host and port that we take."""
    port = parts.port
    if port == 0:
        raise ValueError("there is no port 0")
    return (parts.hostname or "") + (f":{port}" if port is not None else "")


def listen() -> Rule:
    """A Unix socket's path, or one address and port; never every address."""
    return Rule('"unix:PATH" or "ADDRESS:PORT" of one address, as "127.0.0.1:8000"', _listen)


def _listen(value: object) -> Listen:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - the loader takes ValueError alone
    if value.startswith("unix:"):
        path = value.removeprefix("unix:")
        if not path or not path.isprintable() or ".." in PurePosixPath(path).parts:
            raise ValueError("the path of a socket is missing or leads upwards")
        return Listen(path=path)
    host, _, port = value.rpartition(":")
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) in _PORTS):  # noqa: PLR2004
        raise ValueError("the port is a number from 1 to 65535")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError("the address is an IP address, not a name") from None
    if address.is_unspecified or address.is_multicast:
        raise ValueError("every address at once would answer on networks nobody thought of")
    return Listen(host=str(address), port=int(port))


@dataclass(frozen=True, slots=True)
class Address:
    """A host name or IP address, and a port."""

    host: str
    port: int


def syslog_receiver() -> Rule:
    """A syslog receiver behind TLS, or nothing."""

    def parse(value: object) -> object:
        if value == "":
            return None
        parts = urlsplit(value) if isinstance(value, str) else None
        if parts is None or parts.scheme != "tls":
            raise ValueError("syslog goes over TLS alone")
        if not parts.hostname or parts.port is None or value != f"tls://{parts.netloc}":
            raise ValueError("host and port, and nothing else")
        return Address(parts.hostname, parts.port)

    return Rule('"" or "tls://HOST:PORT", as "tls://log.example.gov.cn:6514"', parse)


def networks() -> Rule:
    """A list of addresses and small networks that are believed to be our proxies."""
    return Rule(
        "a list of addresses or networks no wider than /24 (IPv4) or /64 (IPv6), never all",
        lambda value: tuple(_network(item) for item in list_of(value)),
    )


def _network(value: object) -> Network:
    if not isinstance(value, str):
        raise ValueError("each is a text")  # noqa: TRY004 - as above
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        raise ValueError(f'"{value}" is no address and no network') from None
    if network.prefixlen < NARROWEST_TRUST[network.version]:
        raise ValueError(f'"{value}" would believe {network.num_addresses} addresses')
    if network.is_unspecified or network.is_multicast:
        raise ValueError(f'"{value}" is nobody\'s address')
    return network


NETWORK_CLASSES = frozenset({"government", "internet", "lan", "vpn"})
"""What rules call networks; a test holds them equal to those of the rules."""


def network_classes() -> Rule:
    """Networks with the classes by which rules speak of them."""

    def parse(value: object) -> object:
        found: dict[Network, str] = {}
        for item in list_of(value):
            name, _, text = item.partition(" ") if isinstance(item, str) else ("", "", "")
            try:
                network = ipaddress.ip_network(text.strip())
            except ValueError:
                raise ValueError(f'"{item}" does not end with a network') from None
            if name not in NETWORK_CLASSES:
                raise ValueError(f'"{item}" begins with none of {sorted(NETWORK_CLASSES)}')
            if found.setdefault(network, name) != name:
                raise ValueError(f"{network} cannot be both {found[network]} and {name}")
        return tuple(found.items())

    return Rule('a list of "CLASS NETWORK", as "vpn 10.99.0.0/16"', parse)


def places() -> Rule:
    """Networks with the names people know them by; the narrowest comes first."""

    def parse(value: object) -> object:
        named = [_place(item) for item in list_of(value)]
        return tuple(sorted(named, key=lambda each: each[0].prefixlen, reverse=True))

    return Rule('a list of "NETWORK NAME", as "10.12.0.0/16 一楼办公网"', parse)


def _place(value: object) -> tuple[Network, str]:
    network, _, name = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    name = name.strip()
    try:
        found = ipaddress.ip_network(network)
    except ValueError:
        raise ValueError(f'"{value}" does not begin with a network') from None
    if not 1 <= len(name) <= 40 or not name.isprintable():  # noqa: PLR2004
        raise ValueError(f'"{value}" has no name of 1 to 40 characters')
    return found, name
