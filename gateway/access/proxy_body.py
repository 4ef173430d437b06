"""The two bodies of an exchange, a block at a time."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from typing import Protocol
from wsgiref.types import InputStream, WSGIEnvironment

from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

BLOCK = 65536  # bytes
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


class ClientBodyError(Exception):
    """The client's body could not be read; `cause` says why. Not an OSError of the service."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Finish(Protocol):
    """What to do with the connection afterwards."""

    def __call__(self, *, whole: bool) -> None:
        """`whole`: the answer was read to its end."""


class ServiceBody:
    """A service's answer as it comes: each piece is passed on at once, however small."""

    def __init__(
        self,
        response: HTTPResponse,
        *,
        finish: Finish,
        still_allowed: Callable[[], bool],
        recheck: float,
        clock: Callable[[], float],
    ) -> None:
        self._response = response
        self._finish = finish
        self._still_allowed = still_allowed
        self._recheck = recheck
        self._clock = clock
        self._next_check = clock() + recheck
        self._whole = False
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return what has come. Raises ConnectionError if the answer broke off or must end."""
        try:
            piece = self._response.read1(BLOCK)
        except (HTTPError, http.client.HTTPException, OSError) as error:
            raise ConnectionAbortedError("the service's answer broke off") from error
        if not piece:
            self._whole = True
            raise StopIteration
        if self._clock() >= self._next_check:
            if not self._still_allowed():
                raise ConnectionAbortedError("no longer allowed")
            self._next_check = self._clock() + self._recheck
        return piece

    def close(self) -> None:
        """Give the connection back if all was read, else close it. Harmless when repeated."""
        if not self._closed:
            self._closed = True
            self._finish(whole=self._whole)


def request_body(environ: WSGIEnvironment) -> tuple[list[tuple[str, str]], Iterator[bytes] | None]:
    """Return the headers that frame the client's body, and the body in pieces (None: none)."""
    stream: InputStream = environ["wsgi.input"]
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return [("Transfer-Encoding", "chunked")], _pieces(stream, None)
    length = environ.get("CONTENT_LENGTH", "")
    if length not in {"", "0"}:
        return [("Content-Length", length)], _pieces(stream, int(length))
    if length == "0" or environ["REQUEST_METHOD"] not in _BODILESS:
        return [("Content-Length", "0")], None
    return [], None


def _pieces(stream: InputStream, length: int | None) -> Iterator[bytes]:
    """Yield the body as it comes; a body shorter than `length` is an error, never an end."""
    read = getattr(stream, "read1", stream.read)
    left = BLOCK if length is None else length
    while left:
        try:
            piece = read(min(left, BLOCK))
        except OSError as error:
            raise ClientBodyError(error) from error
        if not piece:
            break
        if length is not None:
            left -= len(piece)
        yield piece
    if length is not None and left:
        raise ClientBodyError(ConnectionAbortedError("the request's body ended early"))
