"""Writes the configuration of an nginx that asks the gateway about every request.

    write(Path("/etc/hangu/intranet/nginx"), site=Site(...), services=catalogue.all())

then `nginx -t -c …/nginx.conf` and a reload. Each service host is asked about by
`auth_request`; the service gets exactly the canonical target that was decided, the cookies
without the gateway's, and every identity header from the decision. Where the decision says
anything but "allow", the upstream is one that does not exist.
Sources: nginx.org ngx_http_auth_request_module, ngx_http_proxy_module (1.22); TLS after the
Mozilla guideline 6.0.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.access import caching
from gateway.access.canonical_host import DEFAULT_PORTS
from gateway.access.identity_headers import ASSERTION
from gateway.access.kept import CLAIM_BYTES
from gateway.access.nginx_site import SYSTEM_AUTHORITIES, Site, UnwritableSite
from gateway.access.service import Service

__all__ = ["MAIN", "SPOOFABLE", "SYSTEM_AUTHORITIES", "Site", "UnwritableSite", "write"]

MAIN = "nginx.conf"

SPOOFABLE = (
    "Client-Ip", "Forwarded", "Proxy", "Remote-Email", "Remote-Groups", "Remote-Name",
    "Remote-Roles", "Remote-User", "Ssl-Client-Cert", "Ssl-Client-S-Dn", "Ssl-Client-Verify",
    "True-Client-Ip", "X-Auth-Request-Access-Token", "X-Auth-Request-Email",
    "X-Auth-Request-Groups", "X-Auth-Request-Preferred-Username", "X-Auth-Request-User",
    "X-Client-Cert", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Forwarded-Access-Token",
    "X-Forwarded-Client-Cert", "X-Forwarded-Email", "X-Forwarded-For", "X-Forwarded-Groups",
    "X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Path", "X-Forwarded-Port",
    "X-Forwarded-Preferred-Username", "X-Forwarded-Prefix", "X-Forwarded-Proto",
    "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Uri",
    "X-Forwarded-User", "X-Hangu-Assertion", "X-Hangu-Cookie", "X-Hangu-Decision",
    "X-Hangu-Decision-Id", "X-Hangu-Front", "X-Hangu-Path", "X-Hangu-Reason", "X-Http-Method",
    "X-Http-Method-Override", "X-Method-Override", "X-Original-Host", "X-Original-Method",
    "X-Original-Uri", "X-Original-URL", "X-Real-Ip", "X-Remote-Groups", "X-Remote-User",
    "X-Rewrite-Url", "X-Ssl-Client-Cert", "X-Webauth-User",
)  # fmt: skip
"""Headers by which services learn who asks, whence and for what. nginx knows no wildcard, so
these are taken out by name; the decision refuses a request that brings others of the kind."""

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_DIRECTORY = re.compile(r"/[A-Za-z0-9._/@+~-]*")


@dataclass(frozen=True, slots=True)
class _Place:
    """A service in the words of the template."""

    slug: str
    host: str
    scheme: str
    address: str
    tls_name: str
    host_header: str
    headers: tuple[str, ...]
    upstream: str
    target: str
    moved: str
    """Regular expression of the addresses that lead to the service past us; group 1 the rest."""

    @property
    def set_headers(self) -> frozenset[str]:
        """Headers that are set already, lower case, and must not be set a second time."""
        usual = {f"x-forwarded-{part}" for part in ("for", "host", "proto", "port")}
        return frozenset(usual | {name.lower() for name in self.headers})


def write(directory: Path, *, site: Site, services: Iterable[Service]) -> tuple[Path, ...]:
    """Write the files atomically and return their paths, `nginx.conf` first.

    Services of another zone are left out; those not yet approved are in, and refused by the
    decision, so that an approval needs no new configuration.

    Raises:
        UnwritableSite: the directory's name has characters that nginx would read.
    """
    directory = directory.absolute()
    if not _DIRECTORY.fullmatch(str(directory)):
        raise UnwritableSite(f"a directory of letters, digits and ._/@+~- alone: {directory}")
    prefix = f"hangu_{site.zone}"
    main, key_file = f"hangu-{site.zone}.conf", f"hangu-{site.zone}-key.conf"
    places = [_place(each, site, prefix) for each in services if each.zone == site.zone]
    values = {
        "site": site,
        "directory": directory,
        "p": prefix,
        "main": main,
        "key_file": key_file,
        "places": places,
        "spoofable": SPOOFABLE,
        "claim_bytes": CLAIM_BYTES,
        "destinations": caching.DESTINATIONS,
        "kinds": caching.KINDS,
        "html": caching.HTML,
    }
    (directory / "tmp").mkdir(mode=0o700, parents=True, exist_ok=True)
    written = [
        _replace(directory / MAIN, _render("nginx.conf.j2", values), 0o640),
        _replace(directory / main, _render("hangu.conf.j2", values), 0o640),
    ]
    if site.proxy_key:
        line = f'proxy_set_header X-Hangu-Proxy-Key "{site.proxy_key}";\n'
        written.append(_replace(directory / key_file, line, 0o600))
    return tuple(written)


def _place(service: Service, site: Site, prefix: str) -> _Place:
    parts = urlsplit(service.upstream)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    name = service.slug.replace("-", "_")  # a slug has no underscore of its own
    return _Place(
        slug=service.slug,
        host=service.host,
        scheme=parts.scheme,
        address=f"{shown}:{parts.port or DEFAULT_PORTS[parts.scheme]}",
        tls_name=host,
        host_header=site.authority(service.host) if service.preserve_host else parts.netloc,
        headers=(ASSERTION, *service.headers),
        upstream=f"{prefix}_service_{name}",
        target=f"{prefix}_to_{name}",
        moved=_own_addresses(service, site),
    )


def _own_addresses(service: Service, site: Site) -> str:
    """Match what a service may call itself: its upstream, and its public host with plain http.

    nginx's own comparison knows one spelling: a service registered as localhost that says
    127.0.0.1 would send browsers past the gateway, to an address they cannot reach.
    """
    parts = urlsplit(service.upstream)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    spellings = _LOOPBACK if shown in _LOOPBACK else (shown,)
    hosts = "|".join(re.escape(each) for each in spellings)
    usual = DEFAULT_PORTS[parts.scheme]
    port = parts.port or usual
    private = f"(?:{parts.scheme}:)?//(?:{hosts})" + ("(?::%d)?" if port == usual else ":%d") % port
    ways = [private]
    if site.origin(service.host) != f"http://{service.host}":
        ways.append(f"http://{re.escape(service.host)}(?::80)?")
    return f"^(?:{'|'.join(ways)})(?:/|(?=[?#])|$)(.*)$"


def _render(template: str, values: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("gateway.access", "nginx_templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML; every value is checked before it comes here
    )
    return environment.get_template(template).render(values)


def _replace(path: Path, text: str, mode: int) -> Path:
    """Put the whole file in place at once, durably, and never readable by more than `mode`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
