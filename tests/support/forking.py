"""Processes that are there at once: one has everything imported and forks itself for each.

To start Python anew takes a second and more of a busy machine; a fork takes none. The process
that forks opens nothing and has one thread; each child talks JSON, line by line, over its own
connection.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import audit

ROOT = Path(audit.__file__).parents[1]


class Talk:
    """A forked process, and the line of talk with it. The first thing it says is its number."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._lines = self._socket.makefile("r")
        self.pid: int = json.loads(self._lines.readline())["pid"]

    def say(self, told: object) -> None:
        """Send one line."""
        self._socket.sendall(json.dumps(told).encode() + b"\n")

    def hear(self) -> dict[str, Any] | None:
        """Return its next line; None once it has ended, or was killed."""
        try:
            line = self._lines.readline()
        except ConnectionResetError:
            return None
        found: dict[str, Any] | None = json.loads(line) if line else None
        return found

    def ask(self, told: object) -> dict[str, Any]:
        """Send one line and return the answer."""
        self.say(told)
        found = self.hear()
        assert found is not None, "the process has ended"
        return found

    def end(self) -> None:
        """End its input, and wait until it has stopped in order."""
        self._socket.shutdown(socket.SHUT_WR)
        while self.hear() is not None:
            pass

    def kill(self) -> None:
        """Kill it, and wait until it is gone; gone already is well."""
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        while self.hear() is not None:
            pass

    def close(self) -> None:
        """Kill it if need be, and hang up."""
        self.kill()
        self._lines.close()
        self._socket.close()


@contextmanager
def forks(script: str) -> Iterator[Callable[[], Talk]]:
    """Start `script`, which calls `serve`; give what forks it. All are gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, f"tests/support/{script}.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"tests/support:{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    started: list[Talk] = []

    def begin() -> Talk:
        started.append(Talk(port))
        return started[-1]

    try:
        yield begin
    finally:
        for each in started:
            each.close()
        process.kill()
        process.communicate()


def serve(work: Callable[[TextIO, TextIO], None]) -> None:
    """Fork for each connection and `work` on its two ends, until killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)  # noqa: T201 - its answer
    while True:
        connected, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            with connected.makefile("r") as said, connected.makefile("w") as told:
                answer(told, {"pid": os.getpid()})
                work(said, told)
            os._exit(0)
        connected.close()


def answer(told: TextIO, what: object) -> None:
    """Say one line."""
    told.write(json.dumps(what) + "\n")
    told.flush()
