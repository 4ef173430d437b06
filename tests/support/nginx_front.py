"""A real nginx with our configuration, in front of a real Granian with the decision endpoint."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from access_world import World
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from gateway.access.forward_auth import ForwardAuth
from gateway.access.nginx import Site, write
from gateway.serve.bridge import Bridge

PATIENCE = 15.0  # seconds
_LENGTH = ("Content-Length", "20")
BROKEN: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "unmarked": ("200 OK", [("X-Hangu-Path", "/books"), _LENGTH]),
    "pathless": ("200 OK", [("X-Hangu-Decision", "allow"), _LENGTH]),
    "moved": ("302 Found", [("X-Hangu-Decision", "allow"), ("Location", "/books"), _LENGTH]),
    "failing": ("500 Oops", [("X-Hangu-Decision", "allow"), ("X-Hangu-Path", "/books"), _LENGTH]),
    "denied-in-body": (
        "200 OK",
        [("X-Hangu-Decision", "deny"), ("X-Hangu-Path", "/books"), _LENGTH],
    ),
}
"""Answers of a decision service gone wrong, by the last part of the path asked about."""


def nginx_program() -> str | None:
    """Return where nginx is, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def require_nginx() -> None:
    """Skip without nginx, or fail where everything must be there (HANGU_TEST_ALL=1)."""
    if nginx_program() is not None:
        return
    if os.environ.get("HANGU_TEST_ALL") == "1":
        pytest.fail("nginx is missing, and HANGU_TEST_ALL=1 allows no skips")
    pytest.skip("nginx is not installed on this machine (apt-get install nginx)")


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Seen:
    """An answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        """Return the only value of a header, empty if it is not there."""
        values = self.all(name)
        assert len(values) < 2, values
        return values[0] if values else ""

    @property
    def shown(self) -> dict[str, Any]:
        """What the echo service saw."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def reached(self) -> bool:
        """Whether the service was reached at all."""
        return b'"line": ' in self.body


@dataclass
class Front:
    """A running front: an nginx, what decides behind it, and the office that is asked."""

    world: World
    site: Site
    port: int
    directory: Path
    cookie: str

    def send(self, request: bytes) -> Seen:
        """Send raw bytes on a new connection and read the one answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as wire:
            data = b""
            with suppress(ConnectionError):  # nginx's 444 resets
                wire.sendall(request)
                while part := wire.recv(65536):
                    data += part
        return parse(data)

    def ask(
        self,
        target: bytes = b"/",
        *,
        method: str = "GET",
        host: str = "ledger.gate.example.cn",
        headers: Iterable[tuple[str, str]] = (),
        cookie: str | bytes | None = "",
        body: bytes = b"",
        page: bool = False,
    ) -> Seen:
        """Ask for one thing; `cookie` empty is the clerk's, None is none."""
        lines = [b"%s %s HTTP/1.1" % (method.encode(), target), b"Host: " + host.encode("latin-1")]
        names = {name.lower() for name, _ in headers}
        if "connection" not in names:
            lines.append(b"Connection: close")
        if page:
            lines += [b"Accept: text/html", b"Sec-Fetch-Mode: navigate"]
        if cookie is not None:
            own = self.cookie if cookie == "" else cookie
            lines.append(b"Cookie: " + (own.encode("latin-1") if isinstance(own, str) else own))
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        return self.send(b"\r\n".join(lines) + b"\r\n\r\n" + body)


def parse(data: bytes) -> Seen:
    """Read one answer whose connection was closed after it."""
    if not data:
        return Seen(0, [], b"")
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    if ("transfer-encoding", "chunked") in [(n.lower(), v.lower()) for n, v in headers]:
        body = _unchunked(body)
    return Seen(int(first.split(" ")[1]), headers, body)


def _unchunked(data: bytes) -> bytes:
    result = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        result, data = result + data[:length], data[length + 2 :]
        if length == 0:
            break
    return result


def gateway(app: ForwardAuth) -> Callable[..., Any]:
    """Return the WSGI application behind nginx: the endpoint, and pages that show their request."""

    def answer(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raw: bytes = environ["hangu.raw_path"]
        asked = dict(environ["hangu.headers"]).get(b"x-original-url", b"")
        way = asked.rpartition(b"/broken/")[2].decode() if b"/broken/" in asked else ""
        if way:
            start_response(*BROKEN[way])
            return [b'{"decision": "deny"}']
        if raw.startswith(b"/-/decide/"):
            return app(environ, start_response)
        page = {
            "page": raw.decode("latin-1"),
            "method": environ["REQUEST_METHOD"],
            "query": environ["QUERY_STRING"],
            "proven": app.channel.proven(environ),
            "address": app.channel.client_address(environ),
            "headers": [[n.decode(), v.decode("latin-1")] for n, v in environ["hangu.headers"]],
        }
        body = json.dumps(page).encode()
        refused = dict(environ["hangu.headers"]).get(b"x-hangu-front", b"-").split()[0].decode()
        status = {"denied": "403 Forbidden", "unreachable": "502 Bad Gateway"}.get(
            refused, "200 OK"
        )
        start_response(status, [("Content-Type", "application/json"), ("X-Gateway", "page")])
        return [body]

    return answer


@contextmanager
def served(app: Callable[..., Any], listen: str) -> Iterator[None]:
    """Serve a WSGI application by Granian and our bridge, at `unix:/path` or `host:port`."""
    host, _, port = listen.rpartition(":")
    unix = listen.startswith("unix:")
    place: dict[str, Any] = (
        {"uds": Path(listen[5:])} if unix else {"address": host, "port": int(port)}
    )
    loop = asyncio.new_event_loop()
    server = Server(
        Bridge(app, threads=8),
        **place,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        log_level=LogLevels.critical,
    )
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    _wait_for(lambda: _answers(listen))
    yield
    loop.call_soon_threadsafe(server.stop)
    thread.join(PATIENCE)
    loop.close()


@contextmanager
def nginx(directory: Path, listen: str) -> Iterator[None]:
    """Run nginx with the configuration in `directory`, which has it listen at `listen`."""
    program = nginx_program()
    assert program is not None
    line = [program, "-e", str(directory / "error.log"), "-p", str(directory)]
    line += ["-c", str(directory / "nginx.conf")]
    tested = subprocess.run([*line, "-t", "-q"], capture_output=True, text=True, check=False)
    assert (tested.returncode, tested.stderr) == (0, "")
    with subprocess.Popen([*line, "-g", "daemon off;"]) as process:
        try:
            _wait_for(lambda: _answers(listen))
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def write_site(directory: Path, world: World, site: Site) -> None:
    """Write the configuration for what the catalogue holds now."""
    write(directory, site=site, services=world.catalogue.all())


def _answers(listen: str) -> bool:
    unix = listen.startswith("unix:")
    host, _, port = listen.rpartition(":")
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as probe:
        return probe.connect_ex(listen[5:] if unix else (host, int(port))) == 0


def _wait_for(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
