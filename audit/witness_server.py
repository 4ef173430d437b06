"""The witness on the network: HTTP/1.1 around `audit.witness`, from the standard library.

It needs no TLS to be believed, for everything that counts is signed; put a proxy in front
where the line itself must be private.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from audit.deadline import shut_after
from audit.note import BadNote
from audit.trust import BadPolicy
from audit.witness import Answer, Witness

PATH = "/add-checkpoint"
MAX_BODY = 128 * 1024
"""Bytes: 63 proof lines and a checkpoint with a hundred signatures are far below."""
PATIENCE = 10.0
"""Seconds that a client may take between two bytes."""
LIFE = 20.0
"""Seconds that a connection may last in all, whatever comes of it."""
MOST = 64
"""Connections at the same time; each takes a thread."""
MOST_OF_ONE = 8
"""Connections of one address at the same time, so that no single one takes all."""

log = logging.getLogger("hangu.witness")
_Request = socket.socket | tuple[bytes, socket.socket]  # the second is UDP's
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class WitnessServer(ThreadingHTTPServer):
    """Answers `POST /add-checkpoint` for one witness, at one address, to a bounded crowd.

    `life` is in seconds, see `LIFE`.
    """

    daemon_threads = True
    request_queue_size = MOST

    def __init__(self, address: tuple[str, int], witness: Witness, *, life: float = LIFE) -> None:
        self.witness = witness
        self._life = life
        self._inside: Counter[str] = Counter()
        self._lock = Lock()
        super().__init__(address, _Handler)

    def verify_request(self, request: _Request, client_address: tuple[str, int]) -> bool:
        """Tell whether there is room; who finds none hears so at once."""
        host = client_address[0]
        with self._lock:
            if self._inside.total() < MOST and self._inside[host] < MOST_OF_ONE:
                return True
        log.warning("%s is sent away: too many connections", host)
        assert isinstance(request, socket.socket)
        with suppress(OSError):
            request.setblocking(False)
            request.send(_BUSY)
        return False

    def process_request(self, request: _Request, client_address: tuple[str, int]) -> None:
        """Answer in a thread of its own, which takes a place."""
        self._take(client_address[0], 1)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread is to be had
            self._take(client_address[0], -1)
            log.warning("a connection is dropped: no thread could be started")
            self.shutdown_request(request)

    def process_request_thread(self, request: _Request, client_address: tuple[str, int]) -> None:
        """Answer within the life of a connection."""
        assert isinstance(request, socket.socket)
        try:
            with shut_after(self._life, request):
                super().process_request_thread(request, client_address)
        finally:
            self._take(client_address[0], -1)

    def handle_error(self, _request: _Request, client_address: tuple[str, int]) -> None:
        """Say in one line what went wrong with a connection, mostly that its client left."""
        log.warning("%s: %s", client_address[0], sys.exc_info()[1])

    def _take(self, host: str, places: int) -> None:
        with self._lock:
            self._inside[host] += places
            if not self._inside[host]:
                del self._inside[host]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    server: WitnessServer
    server_version = "hangu-witness"
    sys_version = ""

    def do_POST(self) -> None:
        """Take a checkpoint."""
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            self._answer(_plain(HTTPStatus.LENGTH_REQUIRED), keep=False)
        elif len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
            self._answer(_plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), keep=False)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer(self._taken(body))

    def _taken(self, body: bytes) -> Answer:
        if self.path != PATH:
            return _plain(HTTPStatus.NOT_FOUND)
        try:
            return self.server.witness.add_checkpoint(body)
        except (OSError, BadNote, BadPolicy):
            log.exception("a checkpoint could not be looked at")
            return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)

    def do_GET(self) -> None:
        """Nothing is to be had here."""
        known = self.path == PATH
        status = HTTPStatus.METHOD_NOT_ALLOWED if known else HTTPStatus.NOT_FOUND
        self._answer(_plain(status))

    def _answer(self, answer: Answer, *, keep: bool = True) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        if not keep:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """One line a request, to the log and not to standard error."""
        log.info("%s %s", self.address_string(), format % args)


def _plain(status: HTTPStatus) -> Answer:
    return Answer(status, f"{status.phrase}\n".encode())
