"""From a request's ASGI scope to its WSGI environ, or a refusal of what is no clean request.

Beside the variables of PEP 3333 the environ holds
`hangu.raw_path` the path as it was sent, without the query (bytes),
`hangu.headers` every header in order, names in lower case (list of pairs of bytes),
`hangu.peer` "unix" for the Unix socket, else the IP address that connected,
`hangu.gone` whether the client has left (`gateway.access.proxy.Gone`).
Nothing of the process's own environment gets in.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment

from gateway.refusals import Refused

Scope: TypeAlias = Mapping[str, Any]
Headers: TypeAlias = list[tuple[bytes, bytes]]

MOST_HEADERS = 100
LARGEST_HEAD = 32768  # bytes of header names and values together
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_VISIBLE = re.compile(rb"[\x21-\x7e]*")
_ONCE = (b"host", b"content-length", b"transfer-encoding")


class Malformed(Refused):
    """The request's head could be cut in more than one way (HTTP 400)."""

    code = "malformed_request"


def build_environ(scope: Scope) -> WSGIEnvironment:
    """Return the environ for an ASGI `http` scope, still without `wsgi.input` and `hangu.gone`.

    `HTTP_*` holds only headers without `_` and `.` in their names, so no two names meet there;
    repeated ones are joined by a comma, cookies by a semicolon. Raises Malformed.
    """
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    headers: Headers = [(name.lower(), value) for name, value in scope["headers"]]
    if not _VISIBLE.fullmatch(raw_path) or not _VISIBLE.fullmatch(query):
        raise Malformed("a byte outside visible ASCII in the target")
    _check(headers)
    server, port = scope["server"]
    peer = _peer(scope)
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
        "QUERY_STRING": query.decode("ascii"),
        "SERVER_NAME": str(server),
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.0" if scope["http_version"] in {"1", "1.0"} else "HTTP/1.1",
        "REMOTE_ADDR": "" if peer == "unix" else peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "hangu.raw_path": raw_path,
        "hangu.headers": headers,
        "hangu.peer": peer,
        **_variables(headers),
    }


def body_length(environ: WSGIEnvironment) -> int | None:
    """Return how many bytes the body must have, None if it is sent in chunks."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    return int(environ.get("CONTENT_LENGTH") or 0)


def _peer(scope: Scope) -> str:
    """Return "unix" or the address. On a Unix socket Granian names the socket's own path."""
    if str(scope["server"][0]).startswith("/"):
        return "unix"
    return str(scope["client"][0])


def _check(headers: Headers) -> None:
    if len(headers) > MOST_HEADERS:
        raise Malformed("too many headers")
    if sum(len(name) + len(value) for name, value in headers) > LARGEST_HEAD:
        raise Malformed("headers too large")
    names = [name for name, _ in headers]
    if not all(_TOKEN.fullmatch(name) for name in names):
        raise Malformed("a header name that is no token")
    if any(names.count(name) > 1 for name in _ONCE):
        raise Malformed("a header twice that can be there once only")
    values = dict(headers)
    length, coding = values.get(b"content-length"), values.get(b"transfer-encoding")
    if length is not None and (coding is not None or not re.fullmatch(rb"[0-9]{1,18}", length)):
        raise Malformed("the body's length is unclear")
    if coding is not None and coding.strip().lower() != b"chunked":
        raise Malformed("an unknown transfer coding")


def _variables(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    result: dict[str, str] = {}
    for raw_name, raw_value in headers:
        if b"_" in raw_name or b"." in raw_name:
            continue
        name = raw_name.decode("ascii").upper().replace("-", "_")
        key = name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        if key in result:
            value = f"{result[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{value}"
        result[key] = value
    return result
