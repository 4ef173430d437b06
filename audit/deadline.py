"""A deadline for a whole connection: the time-out of a socket counts from byte to byte only."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer


@contextmanager
def shut_after(seconds: float, connection: socket.socket) -> Iterator[None]:
    """Shut the connection when its time is up, however busy it looks.

    Whoever reads or writes it then meets its end, as if the other side had left. So a peer that
    sends a byte now and then keeps nobody.
    """
    timer = Timer(seconds, _shut, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        # Not SSLSocket's own: it would take the TLS state away from under a reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
