"""A real Granian on loopback, and raw requests to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
START = """
import pathlib, sys
from gateway.serve import run
run(sys.argv[1], sys.argv[2], zone_directory=pathlib.Path(sys.argv[3]))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """A running server: where it listens and how to talk to it."""

    address: str | tuple[str, int]
    process: subprocess.Popen[bytes]

    def connect(self) -> socket.socket:
        """Return a new connection; the caller closes it."""
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        connected = socket.socket(family, socket.SOCK_STREAM)
        connected.settimeout(60)
        try:
            connected.connect(self.address)
        except OSError:
            connected.close()
            raise
        return connected

    def ask(self, request: bytes) -> bytes:
        """Send raw bytes and return everything until the server closes or falls silent."""
        with self.connect() as connected:
            connected.sendall(request)
            return everything(connected)

    def get(self, path: str, headers: str = "", method: str = "GET") -> tuple[int, bytes, bytes]:
        """Return (status, head, body) of a request on a connection of its own."""
        answer = self.ask(
            f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n".encode()
        )
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(answer.split()[1]), head.lower(), unchunked(head, body)

    def show(self, path: str, headers: str = "") -> dict[str, Any]:
        """Return what a path answers as JSON."""
        shown: dict[str, Any] = json.loads(self.get(path, headers)[2])
        return shown

    def state(self) -> dict[str, Any]:
        """Return what the worker says of itself: see `state` in the application."""
        return self.show("/state")

    def until(self, **wanted: object) -> dict[str, Any]:
        """Ask for the state until it is as wanted; fail after a long while."""
        for _ in range(600):
            state = self.state()
            if all(state[name] == value for name, value in wanted.items()):
                return state
            time.sleep(0.05)
        raise AssertionError(f"{state} never became {wanted}")


def everything(connected: socket.socket) -> bytes:
    pieces = []
    while piece := connected.recv(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def unchunked(head: bytes, body: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    result = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if not size or int(size, 16) == 0:
            return result
        result += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


def serve(listen: str, target: str, directory: Path, **environment: str) -> Served:
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", START, listen, target, str(directory)],
            env={**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parents[1]}", **environment},
            stderr=subprocess.STDOUT,
            stdout=log,
        )
    host, _, port = listen.rpartition(":")
    served = Served(port if host == "unix" else (host, int(port)), process)
    for _ in range(400):
        try:
            served.state()
        except (OSError, IndexError):
            time.sleep(0.05)
        else:
            return served
    raise AssertionError((directory / "log").read_text())


def stop(served: Served) -> int:
    served.process.send_signal(signal.SIGTERM)
    return served.process.wait(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over TCP."""
    directory = tmp_path_factory.mktemp("zone")
    running = serve(f"127.0.0.1:{free_port()}", "serve_application:make", directory)
    yield running
    stop(running)


@pytest.fixture(scope="module")
def served_on_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on a Unix socket."""
    directory = tmp_path_factory.mktemp("zone")
    running = serve(f"unix:{directory}/s", "serve_application:make", directory)
    yield running
    stop(running)


@pytest.fixture(scope="session")
def start_served() -> Callable[..., Served]:
    """Starts another server on a port of its own, which the caller stops.

    Takes the target, the zone's directory, and variables for the environment.
    """
    return lambda target, directory, **environment: serve(
        f"127.0.0.1:{free_port()}", target, directory, **environment
    )
