"""The bridge behind a real Granian, over real sockets."""

from __future__ import annotations

import hashlib
import socket
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.serve.conftest import Served

MEGABYTE = bytes(range(256)) * 4096
ALLOWED_GROWTH = 30_000  # KiB


def reset(connected: socket.socket) -> None:
    """Close so that the other side sees a reset, not an end."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connected.close()


def read_until(connected: socket.socket, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        piece = connected.recv(65536)
        assert piece, seen
        seen += piece
    return seen


def test_a_large_download_is_streamed(served: Served) -> None:
    """64 MB arrive whole while the worker grows by a small, bounded amount."""
    before = served.state()["peak"]
    status, _, body = served.get("/download?mb=64")
    assert status == 200
    assert hashlib.sha256(body).digest() == hashlib.sha256(MEGABYTE * 64).digest()
    assert served.state()["peak"] - before < ALLOWED_GROWTH


def test_a_client_that_does_not_read_holds_the_download_back(served: Served) -> None:
    """1 GB for a client that stands still is not piled up in the worker."""
    before = served.state()["peak"]
    with served.connect() as connected:
        connected.sendall(b"GET /download?mb=1024 HTTP/1.1\r\nHost: a\r\n\r\n")
        read_until(connected, b"\r\n\r\n")
        for _ in range(20):
            time.sleep(0.05)
            assert served.state()["peak"] - before < ALLOWED_GROWTH
        reset(connected)
    served.until(open=0)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_upload_is_streamed(served: Served, *, chunked: bool) -> None:
    """64 MB of body arrive whole, with a length or in chunks, in bounded memory."""
    before = served.state()["peak"]
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {64 << 20}"
    head = f"POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{framing}\r\n\r\n"
    piece = b"100000\r\n" + MEGABYTE + b"\r\n" if chunked else MEGABYTE
    with served.connect() as connected:
        connected.sendall(head.encode())
        for _ in range(64):
            connected.sendall(piece)
        connected.sendall(b"0\r\n\r\n" if chunked else b"")
        digest = hashlib.sha256(MEGABYTE * 64).hexdigest()
        assert f"{64 << 20} {digest}".encode() in read_until(connected, digest.encode())
    assert served.state()["peak"] - before < ALLOWED_GROWTH


def test_an_event_arrives_before_the_stream_ends(served: Served) -> None:
    """The second event is made only after the first was seen here."""
    with served.connect() as connected:
        connected.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        first = read_until(connected, b"data: first\n\n")
        assert b"second" not in first
        assert served.get("/open")[0] == 204
        read_until(connected, b"data: second\n\n")
    served.until(open=0)


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_no_thread_stays_with_a_client_that_left(
    served: Served, leave: Callable[[socket.socket], None]
) -> None:
    """More silent streams and downloads are given up than there are threads, thrice over."""
    for _ in range(3):
        for path in ("/endless", "/download?mb=500"):
            gone = [served.connect() for _ in range(7)]
            for connected in gone:
                connected.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            for connected in gone:
                read_until(connected, b"\r\n\r\n")
                leave(connected)
            served.until(open=0)
    assert served.get("/part")[0] == 206


def test_requests_beyond_the_threads_wait_their_turn(served: Served) -> None:
    """Twenty at once with eight threads are all answered."""
    waiting = [served.connect() for _ in range(20)]
    for connected in waiting:
        connected.sendall(b"GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n")
    for connected in waiting:
        read_until(connected, b"slept")
        connected.close()


BEGINNING = b"x" * 70_000  # more than has to be here before anybody reads
CHUNK = b"11170\r\n" + BEGINNING + b"\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [b"Content-Length: 10\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde"],
)
def test_a_short_body_that_ends_early_reaches_nobody(served: Served, request_bytes: bytes) -> None:
    """Nor does it hold a thread while it trickles in: many at once, and others are answered."""
    before = len(served.state()["seen"])
    slow = [served.connect() for _ in range(20)]
    for connected in slow:
        connected.sendall(b"POST /remember-reading HTTP/1.1\r\nHost: a\r\n" + request_bytes)
    assert served.get("/hello")[0] == 200
    for connected in slow:
        connected.close()
    assert served.get("/hello")[0] == 200
    assert served.state()["seen"][before:] == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"Content-Length: 100000\r\n\r\n" + BEGINNING,
        b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK + b"5\r\nde",
        b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK,
        b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK + b"zz\r\n",
    ],
)
@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_a_body_that_ends_early_is_an_error_for_the_reader(
    served: Served, request_bytes: bytes, leave: Callable[[socket.socket], None]
) -> None:
    """Never a short body taken for a whole one."""
    before = len(served.state()["seen"])
    connected = served.connect()
    connected.sendall(b"POST /remember-reading HTTP/1.1\r\nHost: a\r\n" + request_bytes)
    time.sleep(0.1)
    leave(connected)
    for _ in range(400):
        seen = served.state()["seen"]
        if len(seen) > before:
            break
        time.sleep(0.02)
    assert seen[before:] == ["ClientGone"]


def test_a_failure_before_the_head_is_a_plain_500_and_one_after_it_breaks_off(
    served: Served,
) -> None:
    """Nobody takes half an answer for a whole one, nor sees a traceback."""
    assert served.get("/fail")[::2] == (500, b"Internal server error\n")
    answer = served.ask(b"GET /fail-later HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"beginning" in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_a_line_break_in_a_response_header_is_no_response(served: Served) -> None:
    """An application's mistake cannot split the response."""
    status, head, _ = served.get("/broken-header")
    assert status == 500
    assert b"set-cookie" not in head


def test_an_early_answer_reaches_a_client_that_still_sends(served: Served) -> None:
    """A refusal is readable although the body was never read."""
    with served.connect() as connected:
        connected.sendall(
            b"POST /refuse-unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"
        )
        connected.sendall(b"x" * 200_000)
        assert b" 413 " in read_until(connected, b"too large")


def test_answers_without_a_body_have_none(served: Served) -> None:
    """HEAD, 204 and 304; a part keeps its range."""
    assert served.get("/part")[::2] == (206, b"0123")
    status, head, body = served.get("/part", method="HEAD")
    assert (status, body) == (206, b"")
    assert b"content-length: 4" in head
    assert served.get("/open")[::2] == (204, b"")
    assert served.get("/not-modified")[::2] == (304, b"")


def test_the_server_program_is_not_named(served: Served) -> None:
    """Neither in ordinary answers nor in refusals of the bridge."""
    for path in ("/show", "/fail"):
        _, head, _ = served.get(path)
        assert b"server: hangu" in head
        assert b"granian" not in head


def test_the_environ_says_what_came_and_nothing_of_the_process(served: Served) -> None:
    """Raw path and headers as sent, joined variables, no environment of the process."""
    headers = "X-A: 1\r\nx-a: 2\r\nCookie: a=b\r\nCookie: c=d\r\nX_A: 3\r\nx.a: 4\r\n"
    environ = served.show("/%41/b%2Fc?q=%zz", headers)
    assert environ["hangu.raw_path"] == "/%41/b%2Fc"
    assert environ["QUERY_STRING"] == "q=%zz"
    assert environ["HTTP_X_A"] == "1, 2"
    assert environ["HTTP_COOKIE"] == "a=b; c=d"
    assert environ["hangu.peer"] == environ["REMOTE_ADDR"] == "127.0.0.1"
    sent = [value for name, value in environ["hangu.headers"] if name in {"x-a", "x_a", "x.a"}]
    assert sent == ["1", "2", "3", "4"]
    assert "HANGU_ZONE_DIR" not in environ
    assert "PATH" not in environ


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /?\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX A: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 120 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"b" * 40_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_class_01_malformed_heads_are_refused_before_the_application(
    served: Served, request_bytes: bytes
) -> None:
    """A 4xx that closes the connection, from the server or the bridge, never a 2xx."""
    answer = served.ask(request_bytes)
    assert answer.split()[1] in {b"400", b"414", b"431"}, answer[:200]


def test_a_fragment_in_the_request_line_never_reaches_the_application(served: Served) -> None:
    """Granian cuts it off; what is decided and forwarded is the part before (class 4)."""
    environ = served.show("/admin#/public")
    assert environ["hangu.raw_path"] == "/admin"


def test_a_unix_socket_has_its_mode_and_its_peer(served_on_socket: Served) -> None:
    """Group and owner may connect, and only the socket makes the peer `unix`."""
    environ = served_on_socket.show("/show", "X-Forwarded-For: unix\r\n")
    assert environ["hangu.peer"] == "unix"
    assert environ["REMOTE_ADDR"] == ""
    assert isinstance(served_on_socket.address, str)
    assert stat.S_IMODE(Path(served_on_socket.address).stat().st_mode) == 0o660
