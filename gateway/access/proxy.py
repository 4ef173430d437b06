"""The built-in reverse proxy: one request to one service, streamed both ways.

It passes on what `canonical` read and `headers` let through, holds at most one block of a body
in memory, follows no redirect, decodes nothing and repeats nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Protocol, TypeAlias
from wsgiref.types import StartResponse, WSGIEnvironment

from urllib3.response import HTTPResponse

from gateway.access.canonical import Canonical
from gateway.access.headers import upstream_headers
from gateway.access.headers_back import downstream_headers
from gateway.access.proxy_body import Finish, ServiceBody
from gateway.access.proxy_exchange import Exchange, Timing
from gateway.access.proxy_failures import (
    TooManyStreams,
    UpstreamFailure,
    WebsocketNeedsNginx,
)
from gateway.access.proxy_pool import Cut, Pool
from gateway.access.proxy_upstream import Upstream

__all__ = ["FailurePage", "Gone", "ReverseProxy", "Timing", "Upstream", "UpstreamFailure"]

FailurePage: TypeAlias = Callable[
    [WSGIEnvironment, StartResponse, UpstreamFailure], Iterable[bytes]
]


class Gone(Protocol):
    """What the server puts into `environ["hangu.gone"]`: whether the client has left."""

    def is_set(self) -> bool:
        """Whether it has."""

    def call(self, callback: Callable[[], None]) -> None:
        """Call back, from any thread, once it has; at once if it has already."""


class ReverseProxy:
    """Carries decided requests to services. One object for the process, safe for threads."""

    def __init__(
        self,
        *,
        failure_page: FailurePage,
        timing: Timing | None = None,
        max_streams: int = 16,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`failure_page` renders an UpstreamFailure; `max_streams` bounds open event streams.

        An event stream holds a thread while it is open, so `max_streams` has to stay well
        below the number of threads.
        """
        self._failure_page = failure_page
        self._timing = timing or Timing()
        self._clock = clock
        self._streams = threading.BoundedSemaphore(max_streams)
        self._pools: dict[Upstream, Pool] = {}
        self._lock = threading.Lock()

    def __call__(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        *,
        upstream: Upstream,
        canonical: Canonical,
        identity: Mapping[str, str],
        client_address: str,
        still_allowed: Callable[[], bool] = lambda: True,
    ) -> Iterable[bytes]:
        """Answer one request with the service's answer, or with the failure page.

        `identity` holds every identity header the service asked for, empty ones too. Raises
        BadHeader and ConnectionNamesProtectedHeader before anything is sent, and an OSError
        if the client leaves or its body ends early. `still_allowed` is asked while a long
        answer runs; a no ends it.
        """
        headers = upstream_headers(
            environ["hangu.headers"],
            identity,
            canonical=canonical,
            client_address=client_address,
            upstream_host=None if upstream.preserve_host else upstream.authority,
        )
        gone: Gone | None = environ.get("hangu.gone")
        cut = Cut()
        if gone is not None:
            gone.call(cut)
        try:
            if _wants_websocket(environ):
                raise WebsocketNeedsNginx(canonical.path)
            exchange = Exchange(self._pool(upstream), cut, self._timing)
            response = exchange.ask(canonical, headers, environ)
            body = self._body(response, exchange, still_allowed)
        except UpstreamFailure as failure:
            if cut.happened:
                raise ConnectionAbortedError("the client has left") from failure
            return self._failure_page(environ, start_response, failure)
        start_response(
            _status_line(response.status),
            downstream_headers(
                response.headers.items(),
                canonical=canonical,
                upstream_origin=upstream.origin,
                asked=environ["hangu.headers"],
            ),
        )
        return body

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    def _pool(self, upstream: Upstream) -> Pool:
        with self._lock:
            pool = self._pools.get(upstream)
            if pool is None:
                pool = Pool(upstream, connect_timeout=self._timing.connect, clock=self._clock)
                self._pools[upstream] = pool
            return pool

    def _body(
        self, response: HTTPResponse, exchange: Exchange, still_allowed: Callable[[], bool]
    ) -> ServiceBody:
        finish = exchange.finish
        if response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            if not self._streams.acquire(blocking=False):
                exchange.finish(whole=False)
                raise TooManyStreams
            exchange.patience(self._timing.stream)
            finish = _and_then(exchange.finish, self._streams.release)
        return ServiceBody(
            response,
            finish=finish,
            still_allowed=still_allowed,
            recheck=self._timing.recheck,
            clock=self._clock,
        )


def _and_then(finish: Finish, then: Callable[[], None]) -> Finish:
    def both(*, whole: bool) -> None:
        try:
            finish(whole=whole)
        finally:
            then()

    return both


def _wants_websocket(environ: WSGIEnvironment) -> bool:
    return "websocket" in str(environ.get("HTTP_UPGRADE", "")).lower()


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"
