"""What the sealer heard of entries that are about to be committed, until they are sealed."""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

from audit.herald import short
from audit.note import Vkey

OVERDUE = 5.0
"""Seconds after which an entry that was called durable must be in the table."""
UNDECIDED = 60.0
"""Seconds after which a writer that never said how it ended is taken for dead."""
MOST = 100_000
"""Announcements that are remembered; about 50 MB. Beyond it the oldest are given up, aloud."""
PAUSE = 0.02
"""Seconds between two looks into the sockets, so that heavy traffic costs few wake-ups."""
_PIECE = 1 << 16
_LINE = 64 << 20

log = logging.getLogger("hangu.sealer")


@dataclass(slots=True)
class Said:
    """One announced entry. `done` is when its commit was reported, on the steady clock."""

    eid: str
    leaf: bytes
    at: float
    done: float | None = None


class Book:
    """Announcements by leaf hash. Safe for the listening thread and the sealer's own."""

    def __init__(
        self, *, steady: Callable[[], float] = time.monotonic, voucher: Vkey | None = None
    ) -> None:
        self.voucher = voucher
        """By which key the gateway says to give its word (`audit.vouching`)."""
        self._steady = steady
        self._lock = Lock()
        self._open: dict[bytes, Said] = {}
        self._tickets: dict[tuple[object, str], list[bytes]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def hear(self, caller: object, line: str) -> None:
        """Take one message. Raises ValueError if it is none."""
        verb, ticket, *rest = line.split(" ")
        with self._lock:
            if verb == "announce":
                self._announce((caller, ticket), rest)
            elif verb == "voucher" and not rest:
                self.voucher = Vkey.parse(ticket)
            elif verb in {"done", "abort"} and not rest:
                self._ended((caller, ticket), durable=verb == "done")
            else:
                raise ValueError(line[:80])

    def _announce(self, ticket: tuple[object, str], words: list[str]) -> None:
        now = self._steady()
        leaves = [bytes.fromhex(word) for word in words[1::2]]
        if len(words) % 2 or any(len(leaf) != 32 for leaf in leaves):  # noqa: PLR2004 - SHA-256
            raise ValueError("an announcement is pairs of an id and a leaf hash")
        for eid, leaf in zip(words[::2], leaves, strict=True):
            self._open[leaf] = Said(eid, leaf, now)
        self._tickets[ticket] = leaves
        if len(self._open) > MOST:
            log.critical("more than %s entries are announced and not sealed", MOST)
            for leaf in list(self._open)[: len(self._open) - MOST]:
                del self._open[leaf]

    def _ended(self, ticket: tuple[object, str], *, durable: bool) -> None:
        now = self._steady()
        for leaf in self._tickets.pop(ticket, ()):
            said = self._open.get(leaf)
            if said is not None and durable:
                said.done = now
            elif said is not None:
                del self._open[leaf]

    def hung_up(self, caller: object) -> None:
        """Forget a caller's open tickets; what it announced is looked for all the same."""
        with self._lock:
            for key in [key for key in self._tickets if key[0] is caller]:
                del self._tickets[key]

    def settle(self, leaves: Iterable[bytes]) -> None:
        """These are sealed, or their loss is on record."""
        with self._lock:
            for leaf in leaves:
                self._open.pop(leaf, None)

    def overdue(self) -> list[Said]:
        """What should have been sealed by now."""
        now = self._steady()
        with self._lock:
            return [
                said
                for said in self._open.values()
                if (now - said.at > UNDECIDED if said.done is None else now - said.done > OVERDUE)
            ]


class Listener:
    """The thread that takes messages at the sealer's socket, while this process leads.

    Args:
        path: where to listen. Its directory decides who may speak; the socket itself is open
            to the directory's group (mode 0660).
    """

    def __init__(self, path: Path, book: Book) -> None:
        self._path = path
        self._book = book
        self._selector = selectors.DefaultSelector()
        self._bell, self._rope = socket.socketpair()
        self._thread = Thread(target=self._run, name="announcements", daemon=True)

    def start(self) -> None:
        """Listen. Who leads may take the place of a socket that a dead leader left."""
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
            with short(self._path) as address:
                server.bind(address)
            self._path.chmod(0o660)
            server.listen(128)
            server.setblocking(False)
        except BaseException:
            server.close()
            raise
        self._selector.register(server, selectors.EVENT_READ)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._thread.is_alive():
            self._rope.send(b"x")
            self._thread.join()
        self._path.unlink(missing_ok=True)
        for key in list(self._selector.get_map().values()):
            _close(key.fileobj)
        self._selector.close()
        self._rope.close()

    def _run(self) -> None:
        heard: dict[socket.socket, bytes] = {}
        while True:
            for key, _ in self._selector.select():
                caller = key.fileobj
                assert isinstance(caller, socket.socket)
                if caller is self._bell:
                    return
                if caller in heard:
                    self._read(caller, heard)
                else:
                    self._accept(caller, heard)
            time.sleep(PAUSE)

    def _accept(self, server: socket.socket, heard: dict[socket.socket, bytes]) -> None:
        with suppress(OSError):
            caller, _ = server.accept()
            caller.setblocking(False)
            self._selector.register(caller, selectors.EVENT_READ)
            heard[caller] = b""

    def _read(self, caller: socket.socket, heard: dict[socket.socket, bytes]) -> None:
        """Take everything that is there; hang up on whoever ends, or makes no sense."""
        pieces, open_still = _drained(caller)
        *lines, rest = (heard[caller] + pieces).split(b"\n")
        try:
            for line in lines:
                self._book.hear(caller, line.decode("ascii"))
        except ValueError as error:
            log.warning("an announcement that is none: %s", error)
            open_still = False
        heard[caller] = rest
        if not open_still or len(rest) > _LINE:
            self._selector.unregister(caller)
            self._book.hung_up(caller)
            del heard[caller]
            caller.close()


def _drained(caller: socket.socket) -> tuple[bytes, bool]:
    """What a caller has said since, and whether it may say more."""
    pieces: list[bytes] = []
    try:
        while piece := caller.recv(_PIECE):
            pieces.append(piece)
    except BlockingIOError:
        return b"".join(pieces), True
    except OSError:
        pass
    return b"".join(pieces), False


def _close(thing: object) -> None:
    if isinstance(thing, socket.socket):
        thing.close()
