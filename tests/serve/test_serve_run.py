"""Starting, stopping and surviving: the process around the bridge."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.serve import run

if TYPE_CHECKING:
    from tests.serve.conftest import Served


@pytest.fixture
def impatient(
    start_served: Callable[[str, Path], Served], tmp_path: Path
) -> Iterator[tuple[Served, Path]]:
    """A server with one thread and little patience, and its log."""
    served = start_served("serve_application:make_impatient", tmp_path)
    yield served, tmp_path / "log"
    served.process.terminate()
    served.process.wait(30)


def test_stopping_breaks_open_streams_off_and_tells_the_application(
    impatient: tuple[Served, Path],
) -> None:
    """SIGTERM ends a worker in order although a stream would never end.

    Granian tells the application only when all responses are over; else it kills.
    """
    served, log = impatient
    with served.connect() as connected:
        connected.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        while b"first" not in connected.recv(65536):
            pass
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(30) == 0
    assert "stopped" in log.read_text()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /remember-reading HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        b"GET /download?mb=500 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_a_client_that_stands_still_does_not_keep_the_thread(
    impatient: tuple[Served, Path], request_bytes: bytes
) -> None:
    """The only thread is free again although the client neither goes on nor leaves."""
    served, _ = impatient
    with served.connect() as connected:
        connected.sendall(request_bytes)
        assert served.get("/part")[0] == 206


def test_a_client_that_leaves_the_queue_is_not_answered(impatient: tuple[Served, Path]) -> None:
    """Requests whose clients left before a thread was free never reach the application."""
    served, _ = impatient
    with served.connect() as busy:
        busy.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        while b"first" not in busy.recv(65536):
            pass
        for _ in range(5):
            with served.connect() as waiting:
                waiting.sendall(b"GET /remember-reading HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
    assert served.until(open=0)["seen"] == []


def test_a_killed_worker_is_replaced(impatient: tuple[Served, Path]) -> None:
    """Another process answers after the first was killed."""
    served, _ = impatient
    first = served.state()["pid"]
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    for _ in range(600):
        try:
            assert served.state()["pid"] != first
        except (OSError, IndexError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("no worker came back")


@pytest.mark.parametrize("listen", ["8100", ":8100", "127.0.0.1:", "127.0.0.1:x", "unix:s"])
def test_an_unclear_address_is_refused(listen: str, tmp_path: Path) -> None:
    """Neither host:port nor an absolute socket path."""
    with pytest.raises(ValueError, match=r"unix|absolute"):
        run(listen, "serve_application:make", zone_directory=tmp_path)
