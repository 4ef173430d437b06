"""Services that are down, slow, lying or hostile: what the browser gets is always clear."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from proxy_asker import OK, Asker, GoneClient, failure_page
from raw_upstream import RawRequest as SeenRequest
from raw_upstream import RawUpstream, always

from gateway.access.proxy import ReverseProxy, Timing, Upstream
from gateway.access.proxy_body import ServiceBody
from gateway.access.proxy_upstream import BadUpstream


@pytest.fixture
def asker() -> Iterator[Asker]:
    timing = Timing(connect=2.0, read=0.3, stream=0.6, recheck=5.0)
    proxy = ReverseProxy(failure_page=failure_page, timing=timing, max_streams=2)
    yield Asker(proxy)
    proxy.close()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-service.invalid"])
def test_a_service_that_is_down_is_unreachable(asker: Asker, host: str) -> None:
    """Nobody listens, or the name is unknown."""
    assert asker.ask(f"http://{host}:{closed_port()}") == b"upstream_unreachable"
    assert asker.status.startswith("502")


def test_a_missing_unix_socket_is_unreachable(asker: Asker, tmp_path: Path) -> None:
    """Neither hangs nor leaks."""
    assert asker.ask(f"unix://{tmp_path}/none") == b"upstream_unreachable"


def test_a_service_that_says_nothing_times_out(asker: Asker) -> None:
    """504, and the connection is closed."""
    with RawUpstream(lambda _: None) as service:
        assert asker.ask(service) == b"upstream_timeout"
        assert asker.status.startswith("504")
        assert service.hung_up.wait(10)


def test_a_service_that_does_not_take_the_body_times_out(asker: Asker) -> None:
    """It reads the head and nothing more."""

    def answer(_: SeenRequest) -> None:
        release.wait(10)

    release = threading.Event()
    with RawUpstream(answer) as service:
        body = io.BytesIO(bytes(30_000_000))
        sent = asker.ask(
            service, method="POST", headers=[(b"content-length", b"30000000")], body=body
        )
        release.set()
    assert sent == b"upstream_timeout"


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 1000 High\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nno header at all\r\nX: y\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n",
    ],
)
def test_an_answer_that_is_not_one_clear_answer_is_broken(asker: Asker, garbage: bytes) -> None:
    """502 with its reason, never a guess."""
    with RawUpstream(always(garbage, close=True)) as service:
        assert asker.ask(service) == b"upstream_broken"
    assert asker.status.startswith("502")
    assert asker.headers == [("X-Code", "upstream_broken")]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
    ],
)
def test_half_an_answer_never_passes_for_a_whole_one(asker: Asker, answer: bytes) -> None:
    """The error makes the server break the browser's download off."""
    with (
        RawUpstream(always(answer, close=True)) as service,
        pytest.raises(ConnectionAbortedError, match="broke off"),
    ):
        asker.ask(service)


def test_an_answer_that_stops_in_the_middle_times_out(asker: Asker) -> None:
    """A service that falls silent does not hold the thread."""
    with (
        RawUpstream(always(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")) as service,
        pytest.raises(ConnectionAbortedError, match="broke off"),
    ):
        asker.ask(service)


@pytest.mark.parametrize("framing", [b"Transfer-Encoding: chunked", b"Connection: close"])
def test_event_streams_may_be_silent_longer(asker: Asker, framing: bytes) -> None:
    """Than other answers, but not for ever; here twice as long."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + framing + b"\r\n\r\n"
    first, second = (b"1\r\na\r\n", b"1\r\nb\r\n") if framing[:1] == b"T" else (b"a", b"b")

    def answer(request: SeenRequest) -> None:
        request.socket.sendall(head + first)
        threading.Event().wait(0.4)  # longer than `read`, shorter than `stream`
        request.socket.sendall(second)

    with RawUpstream(answer) as service:
        running = asker.begin(service)
        assert isinstance(running, ServiceBody)
        assert [next(running), next(running)] == [b"a", b"b"]
        with pytest.raises(ConnectionAbortedError):
            next(running)
        running.close()


def test_event_streams_cannot_take_all_threads(asker: Asker) -> None:
    """The third of two gets 503; a place is free again when one ends."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nx"
    with RawUpstream(always(head)) as service, RawUpstream(always(OK)) as other:
        running = [asker.begin(service) for _ in range(2)]
        assert asker.ask(service) == b"too_many_streams"
        assert asker.status.startswith("503")
        assert asker.ask(other) == b"ok"
        for each in running:
            assert isinstance(each, ServiceBody)
            each.close()
            each.close()  # PEP 3333 asks once; twice must not free two places
        again = [asker.begin(service) for _ in range(2)]
        assert asker.ask(service) == b"too_many_streams"
        for each in again:
            assert isinstance(each, ServiceBody)
            each.close()


@pytest.mark.parametrize("upgrade", [b"websocket", b"WebSocket", b"h2c, websocket"])
def test_a_websocket_is_told_that_it_needs_nginx(asker: Asker, upgrade: bytes) -> None:
    """501 before the service hears of it."""
    with RawUpstream(always(OK)) as service:
        body = asker.ask(service, headers=[(b"connection", b"Upgrade"), (b"upgrade", upgrade)])
        assert body == b"websocket_needs_nginx"
        assert asker.status.startswith("501")
        assert service.connections == 0


def test_other_upgrades_are_ignored(asker: Asker) -> None:
    """As a server may (RFC 9110, 7.8)."""
    with RawUpstream(always(OK)) as service:
        headers = [(b"connection", b"upgrade, http2-settings"), (b"upgrade", b"h2c")]
        assert asker.ask(service, headers=headers) == b"ok"
    assert service.requests[0].values(b"upgrade") == []
    assert service.requests[0].values(b"connection") == []


def test_nobody_gets_a_failure_page_after_leaving(asker: Asker) -> None:
    """Nor is the service blamed for the client."""
    client = GoneClient()

    def answer(_: SeenRequest) -> None:
        client.leave()

    with RawUpstream(answer) as service, pytest.raises(ConnectionAbortedError):
        asker.ask(service, gone=client)
    assert asker.status == ""


def certificate(directory: Path, name: x509.GeneralName) -> tuple[ssl.SSLContext, str]:
    """Return a server context with a certificate for `name`, and the file of its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (directory / "ca.pem").write_bytes(pem)
    (directory / "both.pem").write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "both.pem")
    return context, str(directory / "ca.pem")


def test_https_services_are_believed_only_with_a_certificate_for_their_name(
    asker: Asker, tmp_path: Path
) -> None:
    """From the given authority; not from an unknown one, not for another name."""
    context, authority = certificate(tmp_path, x509.IPAddress(IPv4Address("127.0.0.1")))
    with RawUpstream(always(OK), context=context) as service:
        assert asker.ask(service, ca_file=authority) == b"ok"
        assert asker.ask(service) == b"upstream_unreachable"
    context, authority = certificate(tmp_path, x509.DNSName("other.gov.cn"))
    with RawUpstream(always(OK), context=context) as service:
        assert asker.ask(service, ca_file=authority) == b"upstream_unreachable"
        assert service.requests == []


def test_the_client_leaving_cuts_an_https_service_too(asker: Asker, tmp_path: Path) -> None:
    """Past the TLS layer, whose own shutdown would disturb a running read."""
    context, authority = certificate(tmp_path, x509.IPAddress(IPv4Address("127.0.0.1")))
    client = GoneClient()

    def answer(request: SeenRequest) -> None:
        request.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
        client.leave()

    asker.proxy = ReverseProxy(failure_page=failure_page, timing=Timing(read=600.0))
    with (
        RawUpstream(answer, context=context) as service,
        pytest.raises(ConnectionAbortedError),
    ):
        asker.ask(service, ca_file=authority, gone=client)


@pytest.mark.parametrize(
    "url",
    [
        *[
            "",
            "ledger",
            "ftp://a",
            "http://",
            "http:///a",
            "http://a/b",
            "http://a?b",
            "http://a#b",
        ],
        *["http://user@a", "http://a:b", "http://a:0", "unix://a/b", "unix:a", "http://[::1"],
        *["file:///etc/passwd", "http://公文.cn"],
    ],
)
def test_an_unclear_upstream_is_refused(url: str) -> None:
    """When a service is entered, not when the first request comes."""
    with pytest.raises(BadUpstream):
        Upstream(url)


@pytest.mark.parametrize(
    ("url", "origin", "authority"),
    [
        ("http://A.cn", "http://a.cn", "a.cn"),
        ("http://a.cn:80/", "http://a.cn", "a.cn"),
        ("https://a.cn:8443", "https://a.cn:8443", "a.cn:8443"),
        ("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080"),
        ("unix:///run/a.sock", "http://localhost", "localhost"),
    ],
)
def test_an_upstream_knows_its_origin(url: str, origin: str, authority: str) -> None:
    """As the service would write it."""
    upstream = Upstream(url)
    assert (upstream.origin, upstream.authority) == (origin, authority)
