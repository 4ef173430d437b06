"""The application for the tests of the proxy behind a real server: all goes to one service."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from serve_application import state

from gateway.access.canonical import RawRequest, canonicalise
from gateway.access.proxy import ReverseProxy, Upstream, UpstreamFailure
from gateway.serve import Bridge


def failure_page(
    environ: WSGIEnvironment, start: StartResponse, failure: UpstreamFailure
) -> Iterable[bytes]:
    start(f"{failure.status} Failed", [("Content-Type", "text/plain")])
    return [failure.code.encode()]


PROXY = ReverseProxy(failure_page=failure_page, max_streams=6)


def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/state":
        return state(environ, start)
    canonical = canonicalise(
        RawRequest(
            method=environ["REQUEST_METHOD"],
            scheme="http",
            host=environ["HTTP_HOST"],
            target=environ["hangu.raw_path"],
            query=environ["QUERY_STRING"].encode(),
            headers=tuple(environ["hangu.headers"]),
        )
    )
    return PROXY(
        environ,
        start,
        upstream=Upstream(os.environ["TEST_UPSTREAM"]),
        canonical=canonical,
        identity=json.loads(os.environ.get("TEST_IDENTITY", '{"Remote-User": "person-1"}')),
        client_address=environ["REMOTE_ADDR"],
    )


def make() -> Bridge:
    """Return the bridge with fewer threads than the tests leave requests behind."""
    return Bridge(application, threads=8)
