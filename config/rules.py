"""What one setting may be: small total parsers, each saying in words what it allows."""

from __future__ import annotations

import difflib
import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from policies.functions import is_window

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

NARROWEST_TRUST = {4: 24, 6: 64}
"""Shortest prefix of a network that may be believed, by IP version. Anything wider is how
a gateway comes to believe everybody (class 35; Gitea CVE-2026-20896)."""

_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_SEALED = "break_glass"
HOUSE_ROLES = frozenset(
    {"auditor", "responder", "security_admin", "service_owner", "staff", "system_admin"}
)
"""The roles that every zone has, without the sealed accounts'; a test holds them equal to those
that the pages name. A zone may have others."""
_SAID = re.compile(r"[^\s|,，、。;；:：()（）\d][^|,，、。;；:：()（）]{0,19}")
_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True)
class Rule:
    """One setting's rule: `parse` returns the value or raises ValueError (why, or nothing)."""

    allowed: str
    parse: Callable[[object], object]


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


def text(low: int, high: int) -> Rule:
    """Printable text of `low` to `high` characters."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or not low <= len(value) <= high or not value.isprintable():
            raise ValueError
        return value

    return Rule(f"text of {low} to {high} characters", parse)


def choice(*words: str) -> Rule:
    """One of `words`."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            raise ValueError
        return value

    return Rule(" or ".join(f'"{word}"' for word in words), parse)


def flag() -> Rule:
    """True or false."""

    def parse(value: object) -> object:
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - the loader takes ValueError alone
        return value

    return Rule("true or false", parse)


def whole(low: int, high: int, unit: str) -> Rule:
    """A whole number of `unit`, `low` to `high`; true is not 1."""

    def parse(value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value

    return Rule(f"a whole number of {unit}, {low} to {high}", parse)


def seconds(low: int, high: int) -> Rule:
    """Whole seconds in the file, `timedelta` in the program."""
    number = whole(low, high, "seconds")

    def parse(value: object) -> object:
        count = number.parse(value)
        assert isinstance(count, int)
        return timedelta(seconds=count)

    return Rule(number.allowed, parse)


def timezone() -> Rule:
    """A name of the IANA time zone list."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or value not in zoneinfo.available_timezones():
            raise ValueError
        return value

    return Rule('a name of the IANA time zone list, as "Asia/Shanghai"', parse)


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


def authorities() -> Rule:
    """A file of certificates (PEM), or nothing: the system's own."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or not value.isprintable():
            raise ValueError
        if value and not Path(value).is_absolute():
            raise ValueError("the path begins with /")
        if value and not Path(value).is_file():
            raise ValueError("there is no such file")
        return Path(value) if value else None

    return Rule('"" or the absolute path of a PEM file', parse)


def place() -> Rule:
    """A path, below the zone's directory unless it is absolute."""

    def parse(value: object) -> object:
        if not isinstance(value, str) or not value.isprintable() or not value.strip("./ "):
            raise ValueError
        if ".." in PurePosixPath(value).parts:
            raise ValueError("no step up")
        return Path(value)

    return Rule("a path, below DIR unless it begins with /", parse)


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
        lambda value: tuple(_network(item) for item in _list(value)),
    )


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004 - the loader takes ValueError alone
    return value


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


def words() -> Rule:
    """A list of words of 2 to 60 characters."""

    def parse(value: object) -> object:
        found = tuple(_list(value))
        for word in found:
            if not isinstance(word, str) or not 2 <= len(word.strip()) <= 60:  # noqa: PLR2004
                raise ValueError("each is a word of 2 to 60 characters")
        return found

    return Rule("a list of words of 2 to 60 characters", parse)


def roles() -> Rule:
    """A list of names of roles whose holders have factors of their own."""

    def parse(value: object) -> object:
        for name in (found := _list(value)):
            if not isinstance(name, str) or not _ROLE.fullmatch(name):
                raise ValueError("each is a role's name: a-z, 0-9, _ and -, a letter first")
            if name == _SEALED:
                raise ValueError(f"{name} is the role of sealed accounts, which have no factors")
            if name not in HOUSE_ROLES and (near := difflib.get_close_matches(name, HOUSE_ROLES)):
                raise ValueError(f"no role is called {name}; {near[0]} is meant?")
        return frozenset(found)

    return Rule('a list of names of roles, as ["system_admin", "auditor"]', parse)


NETWORK_CLASSES = frozenset({"government", "internet", "lan", "vpn"})
"""What rules call networks; a test holds them equal to those of the rules."""


def network_classes() -> Rule:
    """Networks with the classes by which rules speak of them."""

    def parse(value: object) -> object:
        found: dict[Network, str] = {}
        for item in _list(value):
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


def named_windows() -> Rule:
    """Times that come back, with the names that sentences of rules call them by."""

    def parse(value: object) -> object:
        named = [_named_window(item) for item in _list(value)]
        for place, language in enumerate(("Chinese", "English")):
            names = [each[place] for each in named]
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f'two are called "{min(twice)}" in {language}')
        return tuple(named)

    return Rule(
        'a list of "CHINESE|ENGLISH WINDOWS", as "夜班|night shift week:1-7@22:00-24:00+08:00"',
        parse,
    )


def _named_window(item: object) -> tuple[str, str, str]:
    words, _, windows = item.strip().rpartition(" ") if isinstance(item, str) else ("", "", "")
    chinese, _, english = (word.strip() for word in words.partition("|"))
    if not (_SAID.fullmatch(chinese) and _SAID.fullmatch(english)):
        raise ValueError(
            f'"{item}" does not begin with a Chinese and an English name, as 夜班|night shift'
        )
    if bad := [each for each in windows.split("|") if not is_window(each)]:
        raise ValueError(
            f'"{bad[0]}" is no window; write days (1 is Monday), hours and their clock as '
            "week:1-5@08:30-17:30+08:00, over midnight two of them joined by |"
        )
    return chinese, english, windows


def places() -> Rule:
    """Networks with the names people know them by; the narrowest comes first."""

    def parse(value: object) -> object:
        named = [_place(item) for item in _list(value)]
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


def database_url() -> Rule:
    """SQLite or PostgreSQL through psycopg; the password has a file of its own."""
    return Rule('"sqlite:///PATH" or "postgresql://USER@HOST/NAME", without a password', _database)


def _database(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    scheme, separator, rest = value.partition("://")
    if not separator:
        raise ValueError
    if scheme == "sqlite":
        if not rest.startswith("/") or rest in {"/", "/:memory:"} or "?" in rest:
            raise ValueError("a file, as sqlite:///hangu.db")
        return value
    if scheme not in {"postgresql", "postgresql+psycopg"}:
        raise ValueError("of databases we know SQLite and PostgreSQL")
    if urlsplit(value).password or "password=" in rest:
        raise ValueError("the password belongs into secrets/database-password")
    return f"postgresql+psycopg://{rest}"
