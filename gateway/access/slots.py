"""How many answers of services may run at once, so that pages and decisions keep their threads.

A running answer holds a thread for as long as the client takes to read it. Without a bound a
few slow readers would keep everybody else out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from threading import Lock


class Slots:
    """At most `most` at once, and at most `each` of one session. Safe for threads."""

    def __init__(self, most: int, *, each: int) -> None:
        self._most = most
        self._each = each
        self._lock = Lock()
        self._taken: Counter[str] = Counter()

    def take(self, session: str) -> Callable[[], None] | None:
        """Return what gives the slot back (more than once does no harm), or None: all taken."""
        with self._lock:
            if self._taken.total() >= self._most or self._taken[session] >= self._each:
                return None
            self._taken[session] += 1
        held = [session]

        def give_back() -> None:
            with self._lock:
                if held:
                    self._taken[held.pop()] -= 1
                    self._taken += Counter()  # forget sessions that hold none

        return give_back


class Held:
    """An answer that gives its slot back when the server is done with it (PEP 3333, close)."""

    def __init__(self, answer: Iterable[bytes], give_back: Callable[[], None]) -> None:
        self._answer = answer
        self._give_back = give_back

    def __iter__(self) -> Iterator[bytes]:
        """The answer's own pieces."""
        return iter(self._answer)

    def close(self) -> None:
        """Close the answer and give the slot back, whatever the closing does."""
        try:
            getattr(self._answer, "close", lambda: None)()
        finally:
            self._give_back()
