"""Connections that wait for the next request, and the one that is cut when its client leaves."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from urllib3.connection import HTTPConnection

from gateway.access.proxy_upstream import Upstream

# Seconds an idle connection is worth keeping. Short: common servers close theirs after 2 s or
# more, and a request that meets such a close cannot be repeated safely.
IDLE_LIFE = 1.5


class Pool:
    """Idle connections to one upstream, the latest used first. Safe for threads."""

    def __init__(
        self, upstream: Upstream, *, connect_timeout: float, clock: Callable[[], float]
    ) -> None:
        self._upstream = upstream
        self._connect_timeout = connect_timeout
        self._clock = clock
        self._idle: list[tuple[float, HTTPConnection]] = []
        self._lock = threading.Lock()

    def take(self) -> HTTPConnection:
        """Return an open idle connection, or a new one that is not open yet."""
        fresh_since = self._clock() - IDLE_LIFE
        while True:
            with self._lock:
                since, connection = self._idle.pop() if self._idle else (0.0, None)
            if connection is None:
                return self._upstream.connection(timeout=self._connect_timeout)
            if since >= fresh_since and connection.is_connected:
                return connection
            connection.close()

    def give(self, connection: HTTPConnection) -> None:
        """Keep a connection whose last response was read to its end."""
        now = self._clock()
        with self._lock:
            stale = [each for since, each in self._idle if since < now - IDLE_LIFE]
            self._idle = [entry for entry in self._idle if entry[0] >= now - IDLE_LIFE]
            self._idle.append((now, connection))
        for each in stale:
            each.close()

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()


class Cut:
    """Cuts the connection to the service when the client leaves, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.happened = False

    def guard(self, connected: socket.socket | None) -> None:
        """Name the socket to shut; it is shut at once if the client has left already."""
        with self._lock:
            self._socket = connected
        if self.happened:
            self()

    def release(self) -> None:
        """The exchange is over: the socket may serve others and must stay open."""
        with self._lock:
            self._socket = None

    def __call__(self) -> None:
        """Shut the socket both ways, which wakes the thread that waits on it."""
        with self._lock:
            self.happened = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it may be shut already
                    # Past SSLSocket.shutdown, which takes the session from a running read.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
