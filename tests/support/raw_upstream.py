"""A service made of a bare socket: it answers with exactly the bytes a test wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass
class RawRequest:
    """A request as its bytes came: the request line, header lines, and what follows so far."""

    line: bytes
    headers: list[tuple[bytes, bytes]]
    rest: bytes
    socket: socket.socket

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of each header of exactly this name but for case."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def body(self) -> bytes:
        """Read the body to its end by its framing, still in chunks if it came in chunks.

        Raises EOFError if the connection closes first.
        """
        if self.values(b"transfer-encoding"):
            while not self.rest.endswith(b"0\r\n\r\n"):
                self._more()
        else:
            length = int((self.values(b"content-length") or [b"0"])[0])
            while len(self.rest) < length:
                self._more()
        return self.rest

    def _more(self) -> None:
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError
        self.rest += piece


Answer = Callable[[RawRequest], None]


class RawUpstream:
    """Listens on loopback (or a Unix socket); every request is given to `answer`.

    The connection stays open after an answer unless the answer closed its socket.
    `requests` are all that came, `connections` counts connections and
    `ended` those that are over, `hung_up` is set when a
    client closed or reset one, `failed` when a request or answer broke off.
    """

    def __init__(
        self, answer: Answer, *, path: str | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[RawRequest] = []
        self.connections = 0
        self.ended = 0
        self.hung_up = threading.Event()
        self.failed = threading.Event()
        self.answer = answer
        self._context = context
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self._listener.bind(path or ("127.0.0.1", 0))
        self._listener.listen(64)
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Its address as a service has it in the catalogue."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(30)

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
                if self._context is not None:
                    connected = self._context.wrap_socket(connected, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            with self._lock:
                self.connections += 1
            self._sockets.append(connected)
            thread = threading.Thread(target=self._serve, args=(connected,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connected: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (request := _read_head(connected)) is not None:
                self.requests.append(request)
                try:
                    self.answer(request)
                except (EOFError, ConnectionError):
                    self.failed.set()
                    break
        connected.close()
        with self._lock:
            self.ended += 1
        self.hung_up.set()


def _read_head(connected: socket.socket) -> RawRequest | None:
    seen = b""
    while b"\r\n\r\n" not in seen:
        piece = connected.recv(65536)
        if not piece:
            return None
        seen += piece
    head, _, rest = seen.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    headers = [(name, value.strip()) for name, _, value in (each.partition(b":") for each in lines)]
    return RawRequest(line, headers, rest, connected)


def always(response: bytes, *, close: bool = False) -> Answer:
    """Answer each request, once its body is read, with these bytes."""

    def answer(request: RawRequest) -> None:
        request.body()
        request.socket.sendall(response)
        if close:
            request.socket.shutdown(socket.SHUT_RDWR)

    return answer
