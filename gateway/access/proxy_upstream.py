"""The service's end of the wire: its address, and connections that take one reading only."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from dataclasses import dataclass
from email.message import Message
from urllib.parse import SplitResult, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection

from gateway.access.canonical_host import DEFAULT_PORTS, canonical_host
from gateway.access.canonical_refusals import BadHost
from gateway.access.proxy_failures import GarbledResponse
from gateway.refusals import Refused

_INTERIM = frozenset({102, 103})  # responses that announce another one (RFC 9110, 15.2)
_LAST_INTERIM = 199


class BadUpstream(Refused):
    """Not `http://host[:port]`, `https://host[:port]` or `unix:///path`."""

    code = "bad_upstream"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a service listens: `http://host[:port]`, `https://host[:port]`, `unix:///path`.

    `ca_file` (PEM) replaces the system's authorities for https. With `preserve_host` the
    service sees the public host name, else its own. Raises BadUpstream.
    """

    url: str
    ca_file: str | None = None
    preserve_host: bool = True

    def __post_init__(self) -> None:
        parts = self._parts()
        if parts.scheme == "unix":
            bad = bool(parts.netloc) or not parts.path.startswith("/")
        else:
            bad = parts.scheme not in DEFAULT_PORTS or parts.path not in {"", "/"}
        if bad or parts.query or parts.fragment:
            raise BadUpstream(self.url)
        self.address()

    def _parts(self) -> SplitResult:
        try:
            return urlsplit(self.url)
        except ValueError as error:
            raise BadUpstream(self.url) from error

    def address(self) -> tuple[str, int]:
        """Return (host, port); a Unix socket counts as localhost:80."""
        parts = self._parts()
        if parts.scheme == "unix":
            return "localhost", 80
        try:
            return canonical_host(parts.netloc, scheme=parts.scheme)
        except BadHost as error:
            raise BadUpstream(self.url) from error

    @property
    def origin(self) -> str:
        """Scheme, host and port as the service would write them."""
        return f"{self.scheme}://{self.authority}"

    @property
    def scheme(self) -> str:
        """What is spoken: http or https."""
        return "https" if self._parts().scheme == "https" else "http"

    @property
    def authority(self) -> str:
        """Host, and port unless it is the scheme's own."""
        host, port = self.address()
        return host if port == DEFAULT_PORTS[self.scheme] else f"{host}:{port}"

    def connection(self, *, timeout: float) -> HTTPConnection:
        """Return a new connection, not yet open. `timeout` in seconds is for connecting."""
        parts = self._parts()
        if parts.scheme == "unix":
            return _UnixConnection(parts.path, timeout=timeout)
        host, port = self.address()
        host = host.strip("[]")
        if parts.scheme == "http":
            return _PlainConnection(host, port, timeout=timeout)
        context = ssl.create_default_context(cafile=self.ca_file)
        return _TlsConnection(host, port, timeout=timeout, ssl_context=context)


class _StrictResponse(http.client.HTTPResponse):
    """A response that must be framed in one way only, and whose announcements are skipped."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _INTERIM:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def begin(self) -> None:
        """Read status and headers. Raises GarbledResponse."""
        super().begin()
        if self.status <= _LAST_INTERIM:
            raise GarbledResponse(self.status)
        _check_framing(self.msg)


class _PlainConnection(HTTPConnection):
    response_class = _StrictResponse


class _TlsConnection(HTTPSConnection):
    response_class = _StrictResponse


class _UnixConnection(_PlainConnection):
    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("localhost", 80, timeout=timeout)
        self._path = path

    def _new_conn(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(self.timeout)
            connected.connect(self._path)
        except OSError:
            connected.close()
            raise
        return connected


def _check_framing(headers: Message) -> None:
    """Refuse headers that were cut short or leave the body's length open (RFC 9112, 6.3)."""
    if headers.get_payload():  # the parser met a line that is no header and gave up there
        raise GarbledResponse("a line that is no header")
    codings = headers.get_all("transfer-encoding", [])
    if codings and [each.strip().lower() for each in codings] != ["chunked"]:
        raise GarbledResponse(codings)
    lengths = set(headers.get_all("content-length", []))
    if len(lengths) > 1 or not all(re.fullmatch(r"[0-9]+", each) for each in lengths):
        raise GarbledResponse(lengths)
