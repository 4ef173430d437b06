"""The application the served process of the tests runs: one small WSGI callable per path."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from gateway.serve import Bridge

MEGABYTE = bytes(range(256)) * 4096
GATE = threading.Event()


class Counted:
    """An iterable that knows how many of its kind are not closed yet."""

    open = 0
    lock = threading.Lock()

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        with self.lock:
            Counted.open += 1

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Count down."""
        with self.lock:
            Counted.open -= 1


def _query(environ: WSGIEnvironment, name: str) -> int:
    return int(parse_qs(environ["QUERY_STRING"])[name][0])


def _memory(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        line = next(each for each in status if each.startswith(name))
    return int(line.split()[1])


def download(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    count = _query(environ, "mb")
    start("200 OK", [("Content-Length", str(count << 20)), ("Content-Type", "text/plain")])
    return Counted(MEGABYTE for _ in range(count))


def upload(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    digest = hashlib.sha256()
    total = 0
    while piece := environ["wsgi.input"].read(100_000):
        digest.update(piece)
        total += len(piece)
    start("200 OK", [("Content-Type", "text/plain")])
    return [f"{total} {digest.hexdigest()}".encode()]


def events(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Send one event, and the next only when somebody asks for /open."""

    def pieces() -> Iterator[bytes]:
        yield b"data: first\n\n"
        GATE.wait()
        yield b"data: second\n\n"

    GATE.clear()
    start("200 OK", [("Content-Type", "text/event-stream")])
    return Counted(pieces())


def endless(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Wait for ever without a word, unless the client leaves."""
    gone = threading.Event()
    environ["hangu.gone"].call(gone.set)

    def pieces() -> Iterator[bytes]:
        yield b"data: first\n\n"
        gone.wait()
        raise ConnectionAbortedError

    start("200 OK", [("Content-Type", "text/event-stream")])
    return Counted(pieces())


def state(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "application/json")])
    shown = {
        "open": Counted.open,
        "peak": _memory("VmHWM"),
        "now": _memory("VmRSS"),
        "pid": os.getpid(),
        "seen": SEEN,
    }
    return [json.dumps(shown).encode()]


def show(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    def plain(value: object) -> object:
        if isinstance(value, bytes):
            return value.decode("latin-1")
        if isinstance(value, list):
            return [[name.decode("latin-1"), text.decode("latin-1")] for name, text in value]
        return value if isinstance(value, str | bool | int) else repr(value)

    start("200 OK", [("Content-Type", "application/json"), ("X-Twice", "a"), ("X-Twice", "b")])
    return [json.dumps({name: plain(value) for name, value in environ.items()}).encode()]


def open_gate(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    GATE.set()
    start("204 No Content", [])
    return []


def fail(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    raise RuntimeError("on purpose, before the head")


def fail_later(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    def pieces() -> Iterator[bytes]:
        yield b"beginning"
        raise RuntimeError("on purpose, in the middle")

    start("200 OK", [("Content-Type", "text/plain")])
    return Counted(pieces())


def part(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("206 Partial Content", [("Content-Range", "bytes 0-3/10"), ("Content-Length", "4")])
    return [b"0123"]


def not_modified(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("304 Not Modified", [("ETag", '"x"')])
    return []


def broken_header(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [("X-Evil", "a\r\nSet-Cookie: b=c")])
    return []


def refuse_unread(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("413 Content Too Large", [("Content-Type", "text/plain")])
    return [b"too large"]


def remember_reading(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Read the body and note how that ended, where /state can see it."""
    try:
        whole = environ["wsgi.input"].read()
    except OSError as error:
        SEEN.append(type(error).__name__)
        raise
    SEEN.append(f"whole {len(whole)}")
    start("200 OK", [])
    return [b"read"]


def sleep(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    time.sleep(0.2)
    start("200 OK", [])
    return [b"slept"]


SEEN: list[str] = []
PATHS: dict[str, Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]] = {
    "/download": download,
    "/upload": upload,
    "/events": events,
    "/endless": endless,
    "/state": state,
    "/show": show,
    "/open": open_gate,
    "/fail": fail,
    "/fail-later": fail_later,
    "/part": part,
    "/not-modified": not_modified,
    "/broken-header": broken_header,
    "/refuse-unread": refuse_unread,
    "/remember-reading": remember_reading,
    "/sleep": sleep,
}


def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    return PATHS.get(environ["PATH_INFO"], show)(environ, start)


def make() -> Bridge:
    """Return an ordinary bridge: what `run` calls in each worker."""
    return Bridge(application, threads=8, patience=20.0)


def make_impatient() -> Bridge:
    """Return a bridge for one request at a time, whose clients must not dawdle."""
    return Bridge(application, threads=1, patience=0.3, on_stop=say_stopped)


def say_stopped() -> None:
    sys.stderr.write("stopped\n")
