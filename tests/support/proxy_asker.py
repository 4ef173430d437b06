"""Asking through the built-in proxy, as the gateway's door would."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from raw_upstream import RawUpstream

from gateway.access.canonical import RawRequest, canonicalise
from gateway.access.proxy import Gone, ReverseProxy, Upstream, UpstreamFailure
from gateway.access.proxy_body import ServiceBody

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def failure_page(
    environ: WSGIEnvironment, start_response: StartResponse, failure: UpstreamFailure
) -> Iterable[bytes]:
    start_response(f"{failure.status} Failed", [("X-Code", failure.code)])
    return [failure.code.encode()]


@dataclass
class Asker:
    """Asks through one proxy as the gateway would, with its own environ."""

    proxy: ReverseProxy
    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)

    def begin(
        self,
        upstream: RawUpstream | str,
        *,
        method: str = "GET",
        target: bytes = b"/a",
        query: bytes = b"",
        headers: Iterable[tuple[bytes, bytes]] = (),
        body: io.BufferedIOBase | None = None,
        preserve_host: bool = True,
        ca_file: str | None = None,
        gone: Gone | None = None,
        still_allowed: Callable[[], bool] = lambda: True,
    ) -> Iterable[bytes]:
        """Return the running answer; status and headers are set when it has begun."""
        sent = list(headers)
        lengths = [value.decode() for name, value in sent if name.lower() == b"content-length"]
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": method,
            "wsgi.input": body or io.BytesIO(),
            "hangu.headers": sent,
            "CONTENT_LENGTH": "".join(lengths),
        }
        for name, value in sent:
            environ[f"HTTP_{name.decode().upper().replace('-', '_')}"] = value.decode("latin-1")
        if gone is not None:
            environ["hangu.gone"] = gone
        url = upstream if isinstance(upstream, str) else upstream.url
        raw = RawRequest(method=method, scheme="http", host="led.cn", target=target, query=query)
        return self.proxy(
            environ,
            self._start,
            upstream=Upstream(url, preserve_host=preserve_host, ca_file=ca_file),
            canonical=canonicalise(raw),
            identity={"Remote-User": "person-1", "Remote-Groups": ""},
            client_address="192.0.2.7",
            still_allowed=still_allowed,
        )

    def _start(
        self, status: str, headers: list[tuple[str, str]], _: object = None, /
    ) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return len

    def ask(self, upstream: RawUpstream | str, **how: Any) -> bytes:  # noqa: ANN401 - see begin
        """Return the whole answer."""
        answer = self.begin(upstream, **how)
        try:
            return b"".join(answer)
        finally:
            if isinstance(answer, ServiceBody):
                answer.close()

    def values(self, name: str) -> list[str]:
        """Return the values of each header of this name that the client got."""
        return [value for each, value in self.headers if each.lower() == name.lower()]


class GoneClient:
    """A client that leaves when a test says so."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self._left = False

    def is_set(self) -> bool:
        """Whether it has."""
        return self._left

    def call(self, callback: Callable[[], None]) -> None:
        """Keep the callback."""
        self._callbacks.append(callback)

    def leave(self) -> None:
        """Go."""
        self._left = True
        for callback in self._callbacks:
            callback()


class Breaking(io.RawIOBase):
    """A client's body that breaks off after its first bytes, as the server's does."""

    def __init__(self, error: OSError | None) -> None:
        super().__init__()
        self._pieces = [b"abc"]
        self._error = error

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer
        """Give the first bytes, then the error (an early end without one)."""
        if not self._pieces and self._error is not None:
            raise self._error
        piece = self._pieces.pop() if self._pieces else b""
        buffer[: len(piece)] = piece
        return len(piece)
