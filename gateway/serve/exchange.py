"""One request and its response, between the event loop and the thread that answers it.

Both directions hold a bounded amount: the thread waits when the client reads slowly, the
client when the thread does. When the client leaves, whoever waits is woken with ClientGone;
a body that ended too early can therefore never pass for a whole one.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

MOST_WAITING = 262144  # bytes of the response the thread may be ahead of the client
HEAD_START = 65536  # bytes of a body that have to be here before a thread is taken
HEAD_START_SECONDS = 20.0  # in which they have to come
SLOWEST = 1024  # bytes a second that a longer body must then come at, on average


class ClientGone(ConnectionAbortedError):
    """The client has left, or stands still for too long, or sent less than it announced."""


class Exchange:
    """The meeting point. Each half says whether the thread or the loop may call it.

    `length` is the body's size in bytes, None if it comes in chunks; `patience` the seconds a
    client may take for the next piece in either direction.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, length: int | None, patience: float
    ) -> None:
        self._loop = loop
        self._length = length
        self._patience = patience
        self._turn = threading.Condition()  # guards everything up to the blank line
        self._input: deque[bytes] = deque()
        self._input_over = length == 0
        self._began = loop.time()
        self._got = 0  # bytes of the body so far
        self._output: deque[Message] = deque()
        self._waiting = 0  # bytes in _output and in the message being sent
        self._answered = False  # no more output will come
        self._gone = False
        self._callbacks: list[Callable[[], None]] = []

        self.started = False  # the response's head was handed to the server
        self._wanted = asyncio.Event()
        self._filled = asyncio.Event()
        self._left: asyncio.Future[None] = loop.create_future()

    # -- the thread's side

    def take(self) -> bytes:
        """Return the next piece of the request's body, empty at its end. Raises ClientGone."""
        with self._turn:
            if not self._input and not self._input_over:
                self._wake(self._wanted)
            while not self._input and not self._input_over and not self._gone:
                self._turn.wait()
            if self._gone:
                raise ClientGone
            if not self._input:
                return b""
            piece = self._input.popleft()
            if not self._input_over:
                self._wake(self._wanted)  # the next piece may come while this one is used
            return piece

    def put(self, *messages: Message) -> None:
        """Hand response messages to the loop; waits while too much is under way."""
        with self._turn:
            while self._waiting >= MOST_WAITING and not self._gone:
                self._turn.wait()
            if self._gone:
                raise ClientGone
            self._output.extend(messages)
            self._waiting += sum(len(each.get("body", b"")) for each in messages)
        self._wake(self._filled)

    def answered(self) -> None:
        """Say that no more output will come, whether the response is whole or not."""
        with self._turn:
            self._answered = True
        self._wake(self._filled)

    def is_set(self) -> bool:
        """Whether the client has left."""
        return self._gone

    def call(self, callback: Callable[[], None]) -> None:
        """Have `callback` called by the loop once the client has left; it must not wait."""
        with self._turn:
            if not self._gone:
                self._callbacks.append(callback)
                return
        callback()

    def _wake(self, event: asyncio.Event) -> None:
        self._loop.call_soon_threadsafe(event.set)

    # -- the loop's side

    async def head_start(self, receive: Receive) -> bool:
        """Read the body's beginning, or all of a short one; False if it does not come in time.

        A thread that waits for a client who sends byte by byte is a thread less for everybody
        else; this waiting costs none.
        """
        until = self._began + HEAD_START_SECONDS
        while not self._input_over and self._got < HEAD_START:
            try:
                message = await asyncio.wait_for(receive(), until - self._loop.time())
            except TimeoutError:
                return False
            self._take_in(message)
            if self.left:
                return False
        return True

    async def run(self, receive: Receive, send: Send) -> None:
        """Carry messages until the response is out, given up, or the client has left."""
        incoming = asyncio.ensure_future(self._receive_all(receive))
        outgoing = asyncio.ensure_future(self._send_all(send))
        try:
            await asyncio.wait({outgoing, self._left}, return_when=asyncio.FIRST_COMPLETED)
            if outgoing.done():
                outgoing.result()
        finally:
            incoming.cancel()
            outgoing.cancel()
            self._close()

    @property
    def left(self) -> bool:
        """Whether the client left before its response was out."""
        return self._left.done()

    def leave(self) -> None:
        """Take the client for gone: wake the thread and run the callbacks."""
        callbacks = self._close()
        if not self._left.done():
            self._left.set_result(None)
        for callback in callbacks:
            callback()

    def _close(self) -> list[Callable[[], None]]:
        with self._turn:
            callbacks, self._callbacks = self._callbacks, []
            self._gone = True
            self._turn.notify_all()
        return callbacks

    async def _receive_all(self, receive: Receive) -> None:
        """Fetch the body as the thread asks for it, then wait for the client to leave."""
        while True:
            if not self._input_over:
                await self._wanted.wait()
                self._wanted.clear()
            message = await self._next_message(receive)
            self._take_in(message)
            if self.left:
                return

    def _take_in(self, message: Message) -> None:
        """Put a piece of the body where the thread finds it; a body cut short is no body."""
        self._got += len(message.get("body", b""))
        over = not message.get("more_body", False)
        if message["type"] == "http.disconnect" or (over and self._length not in {None, self._got}):
            self.leave()
            return
        self._arrived(message.get("body", b""), over=over)

    async def _next_message(self, receive: Receive) -> Message:
        if self._input_over or self.started:
            return await receive()
        late = self._began + HEAD_START_SECONDS + self._got / SLOWEST - self._loop.time()
        return await self._in_time(receive(), self._body_is_late, seconds=max(0.0, late))

    def _arrived(self, piece: bytes, *, over: bool) -> None:
        with self._turn:
            if piece and not self.started:
                self._input.append(piece)
            else:  # nobody reads any more, see _send_all: swallow the next one too
                self._wanted.set()
            self._input_over = self._input_over or over
            self._turn.notify_all()

    async def _send_all(self, send: Send) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while (message := self._next()) is not None:
                if not self.started:
                    self.started = True
                    # Whatever of the body is unread is swallowed from here on: only who
                    # receives learns that the client has left.
                    self._wanted.set()
                await self._in_time(send(message), self.leave)
                self._sent(message)
                if message["type"].endswith("body") and not message.get("more_body", False):
                    return
            if self._answered and not self._output:
                return

    def _next(self) -> Message | None:
        with self._turn:
            return self._output.popleft() if self._output else None

    def _sent(self, message: Message) -> None:
        with self._turn:
            self._waiting -= len(message.get("body", b""))
            self._turn.notify_all()

    async def _in_time(
        self, action: Awaitable[T], impatient: Callable[[], None], *, seconds: float = math.inf
    ) -> T:
        watchdog = self._loop.call_later(min(self._patience, seconds), impatient)
        try:
            return await action
        finally:
            watchdog.cancel()

    def _body_is_late(self) -> None:
        if not self.started:  # else nobody waits for it
            self.leave()
