"""One request to a service and the head of its answer."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

from urllib3 import HTTPHeaderDict
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.response import HTTPResponse
from urllib3.util import SKIP_HEADER

from gateway.access.canonical import Canonical
from gateway.access.proxy_body import ClientBodyError, request_body
from gateway.access.proxy_failures import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from gateway.access.proxy_pool import Cut, Pool

_RESET = struct.pack("ii", 1, 0)  # struct linger: on, 0 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long the proxy waits for a service, in seconds.

    `stream` is the longest silence of an event stream; every `recheck` seconds a running
    answer asks whether it is still allowed.
    """

    connect: float = 5.0
    read: float = 60.0
    stream: float = 3600.0
    recheck: float = 5.0


class Exchange:
    """One request and its answer on one connection."""

    def __init__(self, pool: Pool, cut: Cut, timing: Timing) -> None:
        self._pool = pool
        self._cut = cut
        self._timing = timing
        self._connection = pool.take()
        self._socket: socket.socket | None = None
        self._response: HTTPResponse | None = None
        self._reusable = True

    def ask(
        self, canonical: Canonical, headers: list[tuple[str, str]], environ: WSGIEnvironment
    ) -> HTTPResponse:
        """Send the request and return the answer's head. Raises UpstreamFailure or OSError."""
        whole = False
        try:
            self._open()
            self._send(canonical, headers, environ)
            self._response = self._receive()
            whole = True
        except ClientBodyError as error:
            raise error.cause from error
        finally:
            if not whole:
                self.finish(whole=False)
        return self._response

    def patience(self, seconds: float) -> None:
        """Wait longer for the rest than for the beginning."""
        if self._socket is not None:
            self._socket.settimeout(seconds)

    def finish(self, *, whole: bool) -> None:
        """Give the connection back, or close it unless the answer was read to its end."""
        self._cut.release()
        if whole and self._reusable and self._connection.sock is not None:
            self._pool.give(self._connection)
            return
        if not whole and self._socket is not None:
            # A reset, not an end: a service that is still sending or waiting for the rest of
            # a body learns at once that nobody is there, and never takes it for the end.
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._connection.close()
        if self._response is not None:  # it owns the socket if the service will close it
            self._response.close()

    def _open(self) -> None:
        try:
            if self._connection.sock is None:
                self._connection.connect()
        except NewConnectionError as error:  # which urllib3 derives from ConnectTimeoutError
            raise UpstreamUnreachable(str(error)) from error
        except (ConnectTimeoutError, TimeoutError) as error:
            raise UpstreamTimeout(str(error)) from error
        except (HTTPError, OSError) as error:
            raise UpstreamUnreachable(str(error)) from error
        self._connection.timeout = self._timing.read
        # An answer that ends with the connection takes the socket from it.
        self._socket = self._connection.sock
        self._cut.guard(self._socket)

    def _send(
        self, canonical: Canonical, headers: list[tuple[str, str]], environ: WSGIEnvironment
    ) -> None:
        framing, body = request_body(environ)
        try:
            self._connection.request(
                canonical.method,
                canonical.target,
                body=body,
                headers=_as_urllib3_wants(headers + framing),
                preload_content=False,
                decode_content=False,
            )
        except TimeoutError as error:
            raise UpstreamTimeout(str(error)) from error
        except OSError:
            # A service may refuse a long body in the middle; its answer is then waiting.
            self._reusable = False

    def _receive(self) -> HTTPResponse:
        try:
            return self._connection.getresponse()
        except TimeoutError as error:
            raise UpstreamTimeout(str(error)) from error
        except (HTTPError, http.client.HTTPException, OSError) as error:
            raise UpstreamBroken(repr(error)) from error


def _as_urllib3_wants(headers: Iterable[tuple[str, str]]) -> HTTPHeaderDict:
    """Keep duplicates, and keep urllib3 from speaking for the client."""
    result = HTTPHeaderDict()
    for name, value in headers:
        result.add(name, value)
    for name in ("Accept-Encoding", "User-Agent"):
        if name not in result:
            result[name] = SKIP_HEADER
    return result
