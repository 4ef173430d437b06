"""The built-in proxy against services of all kinds, well-behaved ones first."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from proxy_asker import OK, Asker, Breaking, GoneClient, failure_page
from raw_upstream import RawRequest as SeenRequest
from raw_upstream import RawUpstream, always

from gateway.access.headers import ConnectionNamesProtectedHeader
from gateway.access.proxy import ReverseProxy, Timing
from gateway.access.proxy_body import ServiceBody


@pytest.fixture
def asker() -> Iterator[Asker]:
    timing = Timing(connect=2.0, read=2.0, recheck=0.0)
    proxy = ReverseProxy(failure_page=failure_page, timing=timing, max_streams=2)
    yield Asker(proxy)
    proxy.close()


def test_the_service_sees_the_canonical_request_and_our_identity_headers(asker: Asker) -> None:
    """Line by line what was decided: no client copies, no library's own headers."""
    with RawUpstream(always(OK)) as service:
        body = asker.ask(
            service,
            target=b"/%61/b%20c",
            query=b"x=%zz&y",
            headers=[
                (b"host", b"LED.cn"),
                (b"remote_user", b"admin"),
                (b"remote-user", b"admin"),
                (b"x-twice", b"1"),
                (b"x-twice", b"2"),
                (b"cookie", b"a=b; __Host-hangu-intranet-svc=secret"),
                (b"x-forwarded-for", b"6.6.6.6"),
            ],
        )
    assert (asker.status, body) == ("200 OK", b"ok")
    request = service.requests[0]
    assert request.line == b"GET /a/b%20c?x=%zz&y HTTP/1.1"
    assert sorted((name.lower(), value) for name, value in request.headers) == [
        (b"cookie", b"a=b"),
        (b"host", b"led.cn"),
        (b"remote-groups", b""),
        (b"remote-user", b"person-1"),
        (b"x-forwarded-for", b"192.0.2.7"),
        (b"x-forwarded-host", b"led.cn"),
        (b"x-forwarded-port", b"80"),
        (b"x-forwarded-proto", b"http"),
        (b"x-twice", b"1"),
        (b"x-twice", b"2"),
    ]


def test_a_service_may_see_its_own_host_name(asker: Asker) -> None:
    """preserve_host off."""
    with RawUpstream(always(OK)) as service:
        asker.ask(service, preserve_host=False, headers=[(b"host", b"led.cn")])
        expected = f"127.0.0.1:{service.port}".encode()
    assert service.requests[0].values(b"host") == [expected]


def test_class_11_a_protected_name_in_connection_is_refused_before_anything_is_sent(
    asker: Asker,
) -> None:
    """Also names of this service's identity headers."""
    with RawUpstream(always(OK)) as service:
        for name in (b"X-Forwarded-Uri", b"Remote_Groups", b"close, cookie"):
            with pytest.raises(ConnectionNamesProtectedHeader):
                asker.ask(service, headers=[(b"connection", name)])
        assert service.connections == 0


@pytest.mark.parametrize(
    ("method", "headers", "body", "framing", "arrived"),
    [
        ("POST", [(b"content-length", b"5")], b"hello", (b"content-length", b"5"), b"hello"),
        ("POST", [(b"content-length", b"0")], b"", (b"content-length", b"0"), b""),
        ("PUT", [], b"", (b"content-length", b"0"), b""),
        (
            "POST",
            [(b"transfer-encoding", b"chunked")],
            b"hello",
            (b"transfer-encoding", b"chunked"),
            b"5\r\nhello\r\n0\r\n\r\n",
        ),
        ("GET", [(b"content-length", b"2")], b"hi", (b"content-length", b"2"), b"hi"),
    ],
)
def test_bodies_keep_their_framing(
    asker: Asker,
    method: str,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    framing: tuple[bytes, bytes],
    arrived: bytes,
) -> None:
    """A length stays a length, chunks stay chunks, and there is never both."""
    with RawUpstream(always(OK)) as service:
        assert asker.ask(service, method=method, headers=headers, body=io.BytesIO(body)) == b"ok"
    request = service.requests[0]
    seen = [
        (name.lower(), value)
        for name, value in request.headers
        if name.lower() in {b"content-length", b"transfer-encoding"}
    ]
    assert seen == [framing]
    assert request.rest == arrived


def test_a_get_without_a_body_sends_no_framing(asker: Asker) -> None:
    """Nor does DELETE."""
    with RawUpstream(always(OK)) as service:
        asker.ask(service)
        asker.ask(service, method="DELETE")
    for request in service.requests:
        assert not request.values(b"content-length") + request.values(b"transfer-encoding")


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ((b"content-length", b"10"), ConnectionAbortedError("gone")),
        ((b"transfer-encoding", b"chunked"), ConnectionAbortedError("gone")),
        ((b"content-length", b"10"), None),
    ],
)
def test_a_body_that_breaks_off_never_passes_for_a_whole_one(
    asker: Asker, header: tuple[bytes, bytes], error: OSError | None
) -> None:
    """The service's connection is cut before the end of the body, not ended politely."""
    with RawUpstream(always(OK)) as service:
        body = io.BufferedReader(Breaking(error))
        with pytest.raises(ConnectionAbortedError):
            asker.ask(service, method="POST", headers=[header], body=body)
        assert service.failed.wait(10)


def test_connections_are_used_again_after_a_whole_answer(asker: Asker) -> None:
    """Length, chunks, no body at all: one connection for all of them."""
    answers = iter(
        [
            OK,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
            OK,
        ]
    )

    def answer(request: SeenRequest) -> None:
        request.socket.sendall(next(answers))

    with RawUpstream(answer) as service:
        assert [asker.ask(service) for _ in range(5)] == [b"ok", b"ok", b"", b"", b"ok"]
        assert service.connections == 1


def test_connections_are_not_used_again_after_half_an_answer(asker: Asker) -> None:
    """What one client left unread must not be the beginning of another's answer."""
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
    with RawUpstream(always(long)) as service:
        answer = asker.begin(service)
        assert isinstance(answer, ServiceBody)
        next(answer)
        answer.close()
        assert len(asker.ask(service)) == 300_000
        assert service.connections == 2


def test_bytes_after_an_answer_are_never_taken_for_the_next_one(asker: Asker) -> None:
    """A service that says more than it announced loses the connection."""
    with RawUpstream(always(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")) as service:
        assert [asker.ask(service) for _ in range(3)] == [b"ok"] * 3


def test_head_has_no_body_but_its_length(asker: Asker) -> None:
    """And the connection is not kept waiting for one."""
    with RawUpstream(always(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")) as service:
        assert asker.ask(service, method="HEAD") == b""
    assert asker.values("content-length") == ["999"]


def test_ranges_and_encodings_pass_untouched(asker: Asker) -> None:
    """206 with its range; compressed bytes stay compressed."""
    part = (
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/10\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x00\x01"
    )
    with RawUpstream(always(part)) as service:
        body = asker.ask(service, headers=[(b"range", b"bytes=0-3"), (b"accept-encoding", b"br")])
    assert (asker.status, body) == ("206 Partial Content", b"\x1f\x8b\x00\x01")
    assert asker.values("content-range") == ["bytes 0-3/10"]
    assert asker.values("content-encoding") == ["gzip"]
    assert service.requests[0].values(b"range") == [b"bytes=0-3"]
    assert service.requests[0].values(b"accept-encoding") == [b"br"]


def test_announcements_are_skipped(asker: Asker) -> None:
    """100 and 103 are not the answer (RFC 9110, 15.2)."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    with RawUpstream(always(early + OK)) as service:
        assert asker.ask(service) == b"ok"
    assert asker.values("link") == []


def test_redirects_are_passed_on_not_followed(asker: Asker) -> None:
    """With the service's own origin made public."""

    def answer(request: SeenRequest) -> None:
        location = b"http://127.0.0.1:%d/b" % service.port
        request.socket.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        )

    with RawUpstream(answer) as service:
        asker.ask(service)
        assert asker.status == "302 Found"
        assert asker.values("location") == ["http://led.cn/b"]
        assert len(service.requests) == 1


def test_each_piece_is_passed_on_when_it_comes(asker: Asker) -> None:
    """The service sends its next event only after the first was seen here."""
    seen = threading.Event()

    def answer(request: SeenRequest) -> None:
        request.socket.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n"
        )
        assert seen.wait(10)
        request.socket.sendall(b"7\r\ndata: 2\r\n0\r\n\r\n")

    with RawUpstream(answer) as service:
        pieces = asker.begin(service)
        assert isinstance(pieces, ServiceBody)
        assert next(pieces) == b"data: 1"
        seen.set()
        assert next(pieces) == b"data: 2"
        assert list(pieces) == []
        pieces.close()


def test_a_refusal_in_the_middle_of_an_upload_reaches_the_client(asker: Asker) -> None:
    """The service answers and closes without reading the body."""

    def answer(request: SeenRequest) -> None:
        request.socket.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        request.socket.close()

    with RawUpstream(answer) as service:
        for _ in range(20):
            body = io.BytesIO(bytes(8_000_000))
            asker.ask(service, method="POST", headers=[(b"content-length", b"8000000")], body=body)
            # A reset may overtake the answer; then it is a failure, never a hang or a success.
            assert asker.status.split()[0] in {"413", "502"}


def test_a_unix_socket_is_a_service_too(asker: Asker, tmp_path: Path) -> None:
    """unix:///path."""
    path = str(tmp_path / "s")
    with RawUpstream(always(OK), path=path) as service:
        assert asker.ask(f"unix://{path}") == b"ok"
    assert service.requests[0].values(b"host") == [b"led.cn"]


@pytest.mark.parametrize("begun", [False, True])
def test_the_service_is_hung_up_on_when_the_client_leaves(asker: Asker, *, begun: bool) -> None:
    """At once, also while the proxy waits for a service that says nothing."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\nx"
    asked, client = threading.Event(), GoneClient()

    def answer(request: SeenRequest) -> None:
        request.socket.sendall(head if begun else b"")
        asked.set()

    def ask() -> None:
        with pytest.raises(ConnectionAbortedError):
            asker.ask(service, gone=client)

    patient = Asker(ReverseProxy(failure_page=failure_page, timing=Timing(read=600.0)))
    asker.proxy = patient.proxy
    with RawUpstream(answer) as service:
        thread = threading.Thread(target=ask)
        thread.start()
        assert asked.wait(10)
        client.leave()
        thread.join(30)
        assert not thread.is_alive()
        assert service.hung_up.wait(10)


def test_a_client_that_leaves_after_its_answer_does_not_cut_the_next_ones(asker: Asker) -> None:
    """The connection is another's by then."""
    first = GoneClient()
    with RawUpstream(always(OK)) as service:
        asker.ask(service, gone=first)
        answer = asker.begin(service, gone=GoneClient())
        assert isinstance(answer, ServiceBody)
        first.leave()
        assert b"".join(answer) == b"ok"
        answer.close()
        assert service.connections == 1


def test_class_33_an_answer_that_is_no_longer_allowed_ends(asker: Asker) -> None:
    """No further piece of a running stream gets out, and the service is hung up on."""
    allowed = iter([True, True, False])

    def answer(request: SeenRequest) -> None:
        request.socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            request.socket.sendall(b"data: secret\n\n")

    with RawUpstream(answer) as service:
        running = asker.begin(service, still_allowed=lambda: next(allowed, False))
        assert isinstance(running, ServiceBody)
        with pytest.raises(ConnectionAbortedError, match="no longer allowed"):
            drain(running)
        running.close()
        assert service.hung_up.wait(10)


def drain(pieces: ServiceBody) -> None:
    for piece in pieces:
        assert piece
