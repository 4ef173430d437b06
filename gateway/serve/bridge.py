"""The ASGI application that answers with a WSGI callable, in threads, streaming both ways."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeAlias
from wsgiref.types import WSGIApplication, WSGIEnvironment

from gateway.serve.environ import Malformed, Scope, body_length, build_environ
from gateway.serve.exchange import Exchange, Message, Receive, Send

ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
)
GRACE = 2.0  # seconds a response may still take when the worker has to stop
SERVER = b"hangu"  # instead of the server program's name; Granian adds its own if there is none
_LINE_BREAK = re.compile(r"[\x00\r\n]")
_log = logging.getLogger(__name__)


class Bridge:
    """An ASGI application around a WSGI callable.

    At most `threads` requests are answered at once, others wait. `patience` is how many
    seconds a client may stand still while it sends or reads. `on_stop` is called once when
    the worker ends; open responses are broken off then.
    """

    def __init__(
        self,
        wsgi: WSGIApplication,
        *,
        threads: int = 32,
        patience: float = 60.0,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self._wsgi = wsgi
        self._patience = patience
        self._on_stop = on_stop
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._open: set[Exchange] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection scope: lifespan, http; WebSockets are closed."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                break
            self._hear_the_end()
            await send({"type": "lifespan.startup.complete"})
        self._break_off()
        if self._on_stop is not None:
            self._on_stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

    def _hear_the_end(self) -> None:
        """Learn of SIGTERM at once: Granian tells only when all responses are over.

        The loop's own handler still runs: it hears of signals through the wake-up descriptor
        (signal.set_wakeup_fd), whatever the Python-level handler is.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()

        def end_soon(*_: object) -> None:
            loop.call_soon_threadsafe(loop.call_later, GRACE, self._break_off)

        signal.signal(signal.SIGTERM, end_soon)
        signal.signal(signal.SIGINT, end_soon)

    def _break_off(self) -> None:
        for exchange in list(self._open):
            exchange.leave()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            environ = build_environ(scope)
        except Malformed:
            await _plain(send, 400, b"Bad request\n")
            return
        exchange = Exchange(
            asyncio.get_running_loop(), length=body_length(environ), patience=self._patience
        )
        if not await exchange.head_start(receive):
            if not exchange.left:
                await _plain(send, 408, b"The request came too slowly\n")
            return
        environ["wsgi.input"] = io.BufferedReader(RequestBody(exchange), 65536)
        environ["hangu.gone"] = exchange
        self._open.add(exchange)
        job = self._threads.submit(_answer, self._wsgi, environ, exchange)
        try:
            await exchange.run(receive, send)
        finally:
            self._open.discard(exchange)
        if job.cancel():  # the client left before a thread was free
            return
        await _settle(job, exchange, environ, send)


async def _settle(
    job: Future[None], exchange: Exchange, environ: WSGIEnvironment, send: Send
) -> None:
    """Wait for the thread; if it failed before it answered, answer for it.

    If it failed later the response's last message never came, and the server breaks it off.
    """
    waiting = asyncio.wrap_future(job)
    await asyncio.wait({waiting})
    error = waiting.exception()
    if error is None or (exchange.left and isinstance(error, OSError)):
        return
    _log.error("%s failed", environ["hangu.raw_path"].decode(), exc_info=error)
    if not exchange.started and not exchange.left:
        await _plain(send, 500, b"Internal server error\n")


async def _plain(send: Send, status: int, text: bytes) -> None:
    head = [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),
        (b"server", SERVER),
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": text})


def _answer(wsgi: WSGIApplication, environ: WSGIEnvironment, exchange: Exchange) -> None:
    """Run the WSGI callable in a thread and hand its response over."""
    try:
        response = _Response(exchange, head_only=environ["REQUEST_METHOD"] == "HEAD")
        result = wsgi(environ, response.start)
        try:
            if isinstance(result, list | tuple):
                response.finish(b"".join(result))
            else:
                for piece in result:
                    response.write(piece)
                response.finish()
        finally:
            if hasattr(result, "close"):
                result.close()
    finally:
        exchange.answered()


class _Response:
    """PEP 3333's start_response and what follows; the head goes with the first piece."""

    def __init__(self, exchange: Exchange, *, head_only: bool) -> None:
        self._exchange = exchange
        self._head_only = head_only
        self._head: Message | None = None
        self._head_sent = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if exc_info is not None and self._head_sent and exc_info[1] is not None:
            raise exc_info[1]
        if exc_info is None and self._head is not None:
            raise AssertionError("start_response was called twice")
        if any(_LINE_BREAK.search(name + value) for name, value in headers):
            raise ValueError("a line break in a response header")
        pairs = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        if not any(name == b"server" for name, _ in pairs):
            pairs.append((b"server", SERVER))
        code = int(status.split(" ", 1)[0])
        self._head = {"type": "http.response.start", "status": code, "headers": pairs}
        return self.write

    def write(self, piece: bytes) -> None:
        if piece:
            self._put(piece, more=True)

    def finish(self, last: bytes = b"") -> None:
        self._put(last, more=False)

    def _put(self, piece: bytes, *, more: bool) -> None:
        body = {
            "type": "http.response.body",
            "body": b"" if self._head_only else piece,
            "more_body": more,
        }
        if self._head_sent:
            self._exchange.put(body)
            return
        if self._head is None:
            raise AssertionError("start_response was not called")
        self._head_sent = True
        self._exchange.put(self._head, body)


class RequestBody(io.RawIOBase):
    """The request's body as a file. Reading raises ClientGone instead of ending early."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer
        """Fill `buffer` with what has come, at least one byte unless the body is over."""
        if not self._rest:
            self._rest = memoryview(self._exchange.take())
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
