"""Telling the sealer of every entry just before it is committed, and afterwards how it ended.

Between an entry's commit and its sealing whoever owns the database could still delete it.
But the sealer has heard of it: what was said to be durable and is not there when it looks
becomes an `audit.missing` entry. Source: reference design, section 3.3.

The way is a Unix stream socket, one line a message:

    voucher KEY
    announce TICKET (ENTRY-ID LEAF-HASH)…
    done TICKET
    abort TICKET

The first line of a connection says by which key the gateway gives its word for its entries
(`audit.vouching`); the sealer pins the one that it hears of first.

A sealer that does not listen never holds an entry up: then nothing is announced, which is
counted and logged, and the gateway closes in steps because nothing is sealed.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Protocol

from audit.note import Vkey
from audit.rows import Entry

SEND_SECONDS = 0.5
"""How long one message may take; a sealer that reads more slowly is as good as none."""

log = logging.getLogger("hangu.herald")


class Herald(Protocol):
    """Says what is about to be committed. Never raises, never waits long."""

    def announce(self, entries: Sequence[Entry]) -> int:
        """Say that these entries are about to be committed; return a ticket."""

    def ended(self, ticket: int, *, durable: bool) -> None:
        """Say how it ended."""


@contextmanager
def announced(herald: Herald | None, entries: Sequence[Entry]) -> Iterator[None]:
    """Commit inside this block."""
    if herald is None or not entries:
        yield
        return
    ticket = herald.announce(entries)
    durable = False
    try:
        yield
        durable = True
    finally:
        herald.ended(ticket, durable=durable)


class Messenger:
    """The herald of one process. Threads share its connection; a fork makes its own.

    Args:
        path: the sealer's socket, which need not be there yet.
        voucher: the key by which this process gives its word for entries.
    """

    def __init__(self, path: Path, *, voucher: Vkey | None = None) -> None:
        self.unheard = 0
        """Announcements that did not reach the sealer."""
        self._path = path
        self._greeting = "" if voucher is None else f"voucher {voucher}\n"
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._lock = Lock()
        self._tickets = count(1)
        self._socket: socket.socket | None = None

    def announce(self, entries: Sequence[Entry]) -> int:
        """Say that these entries are about to be committed; return a ticket, 0 if unheard."""
        if self._process != os.getpid():
            self._begin_anew()
        said = " ".join(f"{record.eid} {record.leaf.hex()}" for record, _ in entries)
        with self._lock:
            ticket = next(self._tickets)
            if self._send(f"announce {ticket} {said}\n"):
                return ticket
        self.unheard += len(entries)
        return 0

    def ended(self, ticket: int, *, durable: bool) -> None:
        """Say how it ended."""
        if ticket:
            with self._lock:
                self._send(f"{'done' if durable else 'abort'} {ticket}\n")

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            self._hang_up()

    def _send(self, line: str) -> bool:
        """Send, over a new connection if the old one is gone: the sealer may have changed."""
        for _ in range(2):
            fresh = self._socket is None
            try:
                if self._socket is None:
                    self._socket = _connected(self._path)
                greeting = self._greeting if fresh else ""
                self._socket.sendall(f"{greeting}{line}".encode("ascii"))
            except OSError as error:
                self._hang_up()
                if fresh or isinstance(error, TimeoutError):
                    self._complain(error)
                    return False
                continue
            return True
        return False

    def _complain(self, error: OSError) -> None:
        # Once for each row of failures: the first, the tenth, the hundredth …
        if self.unheard == 0 or str(self.unheard).strip("0") == "1":
            # No warning: a command at the terminal of a zone that stands still is no trouble.
            log.info("the sealer does not hear what is recorded: %s", error)

    def _hang_up(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None


def _connected(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        made.settimeout(SEND_SECONDS)
        with short(path) as address:
            made.connect(address)
    except BaseException:
        made.close()
        raise
    return made


@contextmanager
def short(path: Path) -> Iterator[str]:
    """The path in a form that fits into a socket's address, which holds 107 bytes."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
