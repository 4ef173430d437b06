"""The whole wire: browser's socket, Granian, bridge, proxy, service's socket."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from raw_upstream import RawRequest, RawUpstream

if TYPE_CHECKING:
    from tests.serve.conftest import Served

MEGABYTE = bytes(range(256)) * 4096
ALLOWED_GROWTH = 30_000  # KiB
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


class Service:
    """The service behind the gateway: one method per path."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.digest = ""

    def __call__(self, request: RawRequest) -> None:
        """Answer by the first part of the path."""
        name = request.line.split()[1].strip(b"/").split(b"?")[0].decode()
        getattr(self, name)(request)

    def download(self, request: RawRequest) -> None:
        """64 MB with their length."""
        request.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 << 20))
        for _ in range(64):
            request.socket.sendall(MEGABYTE)

    def upload(self, request: RawRequest) -> None:
        """Count and hash a body with a length without keeping it."""
        left = int(request.values(b"content-length")[0]) - len(request.rest)
        digest = hashlib.sha256(request.rest)
        while left:
            piece = request.socket.recv(min(left, 1 << 20))
            if not piece:
                raise EOFError
            digest.update(piece)
            left -= len(piece)
        self.digest = digest.hexdigest()
        request.socket.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")

    def echo(self, request: RawRequest) -> None:
        """Say which lines came."""
        lines = [request.line, *[name + b": " + value for name, value in request.headers]]
        text = b"\n".join([*lines, request.body()])
        request.socket.sendall(
            b"HTTP/1.1 200 OK\r\nServer: Secret/1\r\nSet-Cookie: a=b; Domain=cn\r\n"
            b"Set-Cookie: c=d\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
        )

    def events(self, request: RawRequest) -> None:
        """One event, and another when told."""
        request.socket.sendall(EVENTS + b"data: first\n\n")
        self.go_on.wait(20)
        request.socket.sendall(b"data: second\n\n")
        request.socket.shutdown(socket.SHUT_RDWR)

    def silence(self, request: RawRequest) -> None:
        """Nothing, until the gateway hangs up."""
        request.socket.recv(1)

    def stream(self, request: RawRequest) -> None:
        """Begin a stream that says nothing more, until the gateway hangs up."""
        request.socket.sendall(EVENTS + b"data: first\n\n")
        request.socket.recv(1)

    def half(self, request: RawRequest) -> None:
        """Announce ten bytes, send four."""
        request.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        request.socket.shutdown(socket.SHUT_RDWR)

    def half_chunked(self, request: RawRequest) -> None:
        """End without the last chunk."""
        request.socket.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
        )
        request.socket.shutdown(socket.SHUT_RDWR)

    def part(self, request: RawRequest) -> None:
        """A range."""
        request.socket.sendall(
            b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/10\r\n"
            b"Content-Length: 4\r\n\r\n" + (b"" if request.line.startswith(b"HEAD") else b"0123")
        )

    def unchanged(self, request: RawRequest) -> None:
        """304, with the length the body would have had."""
        request.socket.sendall(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")


@pytest.fixture(scope="module")
def service() -> Iterator[RawUpstream]:
    """The service's socket."""
    with RawUpstream(Service()) as running:
        yield running


@pytest.fixture(scope="module")
def through(
    service: RawUpstream,
    start_served: Callable[..., Served],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """The gateway's socket."""
    directory: Path = tmp_path_factory.mktemp("zone")
    served = start_served("serve_proxy_application:make", directory, TEST_UPSTREAM=service.url)
    yield served
    served.process.terminate()
    served.process.wait(30)


def behaviour(service: RawUpstream) -> Service:
    assert isinstance(service.answer, Service)
    return service.answer


def test_a_large_download_passes_in_little_memory(through: Served) -> None:
    """64 MB, byte for byte."""
    before = through.state()["peak"]
    status, _, body = through.get("/download")
    assert status == 200
    assert hashlib.sha256(body).digest() == hashlib.sha256(MEGABYTE * 64).digest()
    assert through.state()["peak"] - before < ALLOWED_GROWTH


def test_a_large_upload_passes_in_little_memory(through: Served, service: RawUpstream) -> None:
    """64 MB, byte for byte."""
    before = through.state()["peak"]
    with through.connect() as connected:
        connected.sendall(
            b"POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            % (64 << 20)
        )
        for _ in range(64):
            connected.sendall(MEGABYTE)
        assert b" 201 " in connected.recv(65536)
    assert behaviour(service).digest == hashlib.sha256(MEGABYTE * 64).hexdigest()
    assert through.state()["peak"] - before < ALLOWED_GROWTH


def test_class_09_aliases_do_not_reach_the_service_through_a_real_server(through: Served) -> None:
    """Granian hands `Remote_User` on; the service sees ours alone."""
    headers = "Remote_User: evil\r\nRemote.User: evil\r\nremote-USER: evil\r\nREMOTE-USER: evil\r\n"
    status, head, body = through.get("/echo?x=%zz", f"{headers}X-Real-Ip: evil\r\n")
    assert status == 200
    assert b"evil" not in body
    assert [line for line in body.lower().split(b"\n") if b"user" in line] == [
        b"remote-user: person-1"
    ]
    assert body.startswith(b"GET /echo?x=%zz HTTP/1.1\n")
    assert b"secret" not in head
    assert head.count(b"set-cookie") == 2
    assert b"domain" not in head


def test_chunks_from_a_browser_arrive_as_chunks(through: Served) -> None:
    """The service reads the same body."""
    answer = through.ask(
        b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert b"Transfer-Encoding: chunked" in answer
    pieces = answer.rpartition(b"chunked\n")[2]
    assert b"".join(pieces.split(b"\r\n")[1::2]) == b"abcde"


def test_an_event_passes_before_the_stream_ends(through: Served, service: RawUpstream) -> None:
    """The second is sent only after the first was seen here."""
    behaviour(service).go_on.clear()
    with through.connect() as connected:
        connected.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        seen = b""
        while b"data: first\n\n" not in seen:
            seen += connected.recv(65536)
        assert b"second" not in seen
        behaviour(service).go_on.set()
        while b"data: second\n\n" not in seen:
            seen += connected.recv(65536)


@pytest.mark.parametrize("path", ["silence", "stream", "download"])
def test_services_are_hung_up_on_when_browsers_leave(
    through: Served, service: RawUpstream, path: str
) -> None:
    """More often than there are threads; each connection to the service is closed."""
    for _ in range(4):
        before = service.ended
        gone = [through.connect() for _ in range(5)]
        for connected in gone:
            connected.sendall(f"GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            if path != "silence":
                connected.recv(1000)
        while len([each for each in service.requests if path.encode() in each.line]) < 5:
            time.sleep(0.02)
        for connected in gone:
            connected.close()
        for _ in range(600):
            if service.ended - before >= 5:
                break
            time.sleep(0.02)
        assert service.ended - before >= 5
        service.requests.clear()
    assert through.get("/part")[0] == 206


def test_an_upload_that_breaks_off_is_cut_for_the_service_too(
    through: Served, service: RawUpstream
) -> None:
    """The service must not take half a document for a whole one."""
    behaviour(service).digest = ""
    service.failed.clear()
    with through.connect() as connected:
        head = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 140000\r\n\r\n"
        connected.sendall(head + b"x" * 70_000)
    assert service.failed.wait(20)
    assert behaviour(service).digest == ""


@pytest.mark.parametrize("path", ["/half", "/half_chunked"])
def test_half_an_answer_is_broken_off_for_the_browser_too(through: Served, path: str) -> None:
    """Neither its length nor a last chunk makes it look whole."""
    answer = through.ask(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert b"half" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert b"content-length: 4" not in answer


def test_parts_heads_and_unchanged_pages_pass(through: Served) -> None:
    """206, HEAD and 304 with their headers and without what they do not have."""
    assert through.get("/part")[::2] == (206, b"0123")
    status, head, body = through.get("/part", method="HEAD")
    assert (status, body) == (206, b"")
    assert b"content-length: 4" in head
    assert through.get("/unchanged")[::2] == (304, b"")


def test_a_websocket_gets_an_answer_it_can_read(through: Served) -> None:
    """501, over a connection that stays HTTP."""
    status, _, body = through.get(
        "/echo",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    )
    assert (status, body) == (501, b"websocket_needs_nginx")
