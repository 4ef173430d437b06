"""A service that shows the raw request it got, and one that echoes WebSocket messages."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.sync.server import ServerConnection, serve

ANSWERS = {
    "/says/401": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nown",
    "/says/403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nown",
    "/says/502": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nown",
    "/says/accel": b"HTTP/1.1 200 OK\r\nX-Accel-Redirect: /.hangu/decide\r\n"
    b"X-Powered-By: PHP/5\r\nClear-Site-Data: *\r\nContent-Length: 3\r\n\r\nown",
    "/says/cookie": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Domain=example.cn; Path=/\r\n"
    b"Referrer-Policy: no-referrer\r\nContent-Length: 3\r\n\r\nown",
}


class Echo(socketserver.StreamRequestHandler):
    """Answers with the request line and header lines as they came."""

    def handle(self) -> None:
        """Read one request; answer; close."""
        lines = []
        while (line := self.rfile.readline()) not in {b"\r\n", b""}:
            lines.append(line.rstrip(b"\r\n").decode("latin-1"))
        if not lines:
            return
        pairs = [line.partition(": ")[::2] for line in lines[1:]]
        length = next((int(v) for name, v in pairs if name.lower() == "content-length"), 0)
        body = self.rfile.read(length)
        path = lines[0].split(" ")[1].partition("?")[0]
        if path == "/says/stream":
            self._stream()
        elif path == "/says/redirect":
            host = next(v for name, v in pairs if name.lower() == "host")
            head = (
                f"HTTP/1.1 302 Found\r\nLocation: http://{host}/next\r\nContent-Length: 0\r\n\r\n"
            )
            self.wfile.write(head.encode())
        elif path.startswith("/says/moved/"):
            own = self.server.server_address[1]
            status, place = path.removeprefix("/says/moved/").split("/")
            place = bytes.fromhex(place).decode().format(port=own)
            head = f"HTTP/1.1 {status} Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
            self.wfile.write(head.encode())
        elif path.startswith("/says/head/"):
            lines = bytes.fromhex(path.removeprefix("/says/head/"))
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 3\r\n\r\nown")
        elif path in ANSWERS:
            self.wfile.write(ANSWERS[path])
        else:
            shown = {"line": lines[0], "headers": pairs, "body": body.decode("latin-1")}
            data = json.dumps(shown).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            self.wfile.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))

    def _stream(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        with suppress(ConnectionError):  # the reader has seen enough
            for number in range(3):
                self.wfile.write(b"data: %d\n\n" % number)
                self.wfile.flush()
                time.sleep(0.5)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def echo_service() -> Iterator[int]:
    """Run the echo on a loopback port."""
    with _Server(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def _talk(connection: ServerConnection) -> None:
    assert connection.request is not None
    connection.send(json.dumps(list(connection.request.headers.raw_items())))
    for message in connection:
        connection.send(message)


@contextmanager
def socket_service() -> Iterator[int]:
    """Run a WebSocket echo, whose first message shows the handshake's headers."""
    with serve(_talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.socket.getsockname()[1])
        server.shutdown()
        thread.join()


def headers_of(shown: dict[str, Any], name: str) -> list[str]:
    """Return every value of a header that the echo saw, however it was spelt."""
    wanted = name.lower().replace("_", "-").replace(".", "-")
    found = shown["headers"]
    return [v for key, v in found if key.lower().replace("_", "-").replace(".", "-") == wanted]
