"""What an nginx configuration is made from, checked so that no value can speak to nginx itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gateway.access.canonical_host import DEFAULT_PORTS

_HOST = re.compile(r"[a-z0-9.-]{1,253}")
_LISTEN = re.compile(r"(?:[0-9.]+|\[[0-9a-f:]+\]):[0-9]{1,5}|unix:/[A-Za-z0-9._/-]+")
_PATH = re.compile(r"/[A-Za-z0-9._/@+~-]*")
_KEY = re.compile(r"[A-Za-z0-9_.~+/=-]{32,256}")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}(?: [a-z_][a-z0-9_-]{0,31})?")


SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Debian's, which nginx wants by name."""


class UnwritableSite(ValueError):
    """A value would not be safe, or has no meaning, in an nginx configuration.

    `problems` holds every one, as `field: cure`.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What nginx is told about one zone.

    Attributes:
        public_url: of the gateway: scheme, host and, if not the scheme's own, port.
        listen: addresses with port, as `10.1.2.3:443` or `[::1]:443`.
        gateway: where the gateway listens: `unix:/run/hangu/intranet.sock` or `127.0.0.1:8000`.
        proxy_key: the zone's proxy key; needed over TCP, useless on a Unix socket.
        certificate, certificate_key: for https, a certificate of the gateway and all services.
        plain_listen: addresses that only send people on to https.
        old_browsers: also speak TLS 1.2 (the guideline's "intermediate").
        upstream_ca: whom to believe about services behind https.
        user: who nginx runs as, if root starts it.
        form_max_bytes: longest body of the gateway's own pages.
    """

    zone: str
    public_url: str
    listen: tuple[str, ...]
    gateway: str
    proxy_key: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    certificate_key: Path | None = None
    plain_listen: tuple[str, ...] = ()
    old_browsers: bool = False
    upstream_ca: Path = SYSTEM_AUTHORITIES
    user: str | None = None
    access_log: Path | None = None
    error_log: Path | None = None
    form_max_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        problems = [*_problems(self)]
        if problems:
            raise UnwritableSite(*problems)

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return urlsplit(self.public_url).scheme

    @property
    def https(self) -> bool:
        """Whether nginx ends TLS."""
        return self.scheme == "https"

    @property
    def host(self) -> str:
        """The gateway's host name."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def port(self) -> int:
        """The public port."""
        return urlsplit(self.public_url).port or DEFAULT_PORTS[self.scheme]

    def authority(self, host: str) -> str:
        """Return `host` as browsers write it on this site, with the port if it is not usual."""
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def origin(self, host: str) -> str:
        """Return scheme and authority of a host of this site."""
        return f"{self.scheme}://{self.authority(host)}"


def _problems(site: Site) -> Iterator[str]:
    yield from _place_problems(site)
    if site.https and not (site.certificate and site.certificate_key):
        yield "certificate, certificate_key: needed for https"
    if site.proxy_key is None and not site.gateway.startswith("unix:"):
        yield "proxy_key: needed when the gateway is reached over TCP"
    if site.proxy_key is not None and not _KEY.fullmatch(site.proxy_key):
        yield "proxy_key: 32 to 256 letters, digits and _.~+/=-"
    if site.user is not None and not _USER.fullmatch(site.user):
        yield "user: a user's name"
    if not all(_PATH.fullmatch(str(path)) for path in _paths(site)):
        yield "paths: absolute, of letters, digits and ._/@+~-"


def _place_problems(site: Site) -> Iterator[str]:
    if site.zone not in {"intranet", "extranet"}:
        yield "zone: intranet or extranet"
    if site.scheme not in DEFAULT_PORTS or not _HOST.fullmatch(site.host):
        yield "public_url: https://host or https://host:port"
    elif site.public_url != site.origin(site.host):
        yield f"public_url: {site.origin(site.host)} is meant?"
    yield from _address_problems(site)


def _address_problems(site: Site) -> Iterator[str]:
    if not site.listen:
        yield "listen: ADDRESS:PORT, as 10.1.2.3:443"
    for field_name, addresses in (("listen", site.listen), ("plain_listen", site.plain_listen)):
        for each in addresses:
            if not _LISTEN.fullmatch(each):
                yield f"{field_name}: {each!r} is not ADDRESS:PORT, as 10.1.2.3:443 or [::1]:443"
    if not _LISTEN.fullmatch(site.gateway):
        yield f"gateway: {site.gateway!r} is neither ADDRESS:PORT nor unix:/PATH"


def _paths(site: Site) -> list[Path]:
    logs = (site.access_log, site.error_log)
    given = (site.certificate, site.certificate_key, site.upstream_ca, *logs)
    return [path for path in given if path is not None]
