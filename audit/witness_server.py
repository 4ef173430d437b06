"""The witness on the network: HTTP/1.1 around `audit.witness`, from the standard library.

It needs no TLS to be believed, for everything that counts is signed; put a proxy in front
where the line itself must be private.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from audit.note import BadNote
from audit.trust import BadPolicy
from audit.witness import Answer, Witness

PATH = "/add-checkpoint"
MAX_BODY = 128 * 1024
"""Bytes: 63 proof lines and a checkpoint with a hundred signatures are far below."""
PATIENCE = 10.0
"""Seconds that a client may take between two bytes."""

log = logging.getLogger("hangu.witness")


class WitnessServer(ThreadingHTTPServer):
    """Answers `POST /add-checkpoint` for one witness, at one address."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        self.witness = witness
        super().__init__(address, _Handler)


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
