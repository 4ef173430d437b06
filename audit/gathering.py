"""Many callers, one durable write: whoever comes while a write is under way shares the next.

There is no thread of its own. The first caller leads: it writes everything that waits, its
own entry among it, and hands the lead to the first of those who came meanwhile. A caller
returns only when its entry is durable, or gets an error and knows that it may not be. Source:
group commit as in DeWitt et al., "Implementation Techniques for Main Memory Database Systems"
(1984), section 5.2; the lead that wanders is LevelDB's.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

MOST = 256
"""Entries of one write, at most."""
ROOM = 1024
"""Entries that may wait. Beyond it a caller is refused at once, instead of queueing for ever."""
PATIENCE = 5.0
"""Seconds that an entry may wait for its write to begin."""

Item = TypeVar("Item")


class NotRecordedError(SQLAlchemyError):
    """The entry is not on record for certain; whoever wanted it there must not go on."""


class OverfullError(NotRecordedError):
    """Too many entries wait, or one waited too long. Surely not on record."""


class _Place(Generic[Item]):
    """One caller's place in the queue."""

    __slots__ = ("alone", "error", "item", "leads", "turn")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.leads = False
        self.alone = False
        self.error: BaseException | None = None
        self.turn = Lock()  # held until the place leads or its entry is through
        self.turn.acquire()


class Gathering(Generic[Item]):
    """Gathers the entries of one process.

    Args:
        write: makes some entries durable, all or none; raises if they are not.
        most: entries of one write.
        room: entries that may wait.
        patience: seconds an entry may wait for its write to begin.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], None],
        *,
        most: int = MOST,
        room: int = ROOM,
        patience: float = PATIENCE,
    ) -> None:
        self._write = write
        self._most = most
        self._room = room
        self._patience = patience
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._lock = Lock()
        self._waiting: deque[_Place[Item]] = deque()
        self._led = False

    def put(self, item: Item) -> None:
        """Return once `item` is durable.

        Raises:
            OverfullError: there was no room, or no turn in time; it was not written.
            NotRecordedError: the write failed; what `write` raised, if nobody else shared it.
        """
        if self._process != os.getpid():
            self._begin_anew()  # forked: whoever led or waited did so in the parent
        place = self._queue(item)
        try:
            if not place.leads:
                self._wait(place)
        except BaseException:
            self._leave(place)
            raise
        if place.leads:
            self._lead(place)
        if place.error is not None:
            if place.alone:
                raise place.error
            raise NotRecordedError("the write of this entry failed") from place.error

    def _queue(self, item: Item) -> _Place[Item]:
        place = _Place(item)
        with self._lock:
            if len(self._waiting) >= self._room:
                raise OverfullError(f"{self._room} entries wait for being recorded")
            self._waiting.append(place)
            if not self._led:
                self._led = place.leads = True
        return place

    def _wait(self, place: _Place[Item]) -> None:
        if place.turn.acquire(timeout=self._patience):
            return
        with self._lock:
            if place in self._waiting and not place.leads:
                raise OverfullError(f"no turn within {self._patience:g} s")
        place.turn.acquire()  # it is being written: the database's own time-outs bound this

    def _leave(self, place: _Place[Item]) -> None:
        """Give the place up; if it was just made the leader, the next one is."""
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
        if place.leads:
            self._hand_over()

    def _lead(self, place: _Place[Item]) -> None:
        """Write what waits, then hand over. Whatever happens here, nobody is left waiting."""
        with self._lock:
            # The leader's own place is the first of the queue.
            taken = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        place.alone = len(taken) == 1
        unwritten: BaseException | None = NotRecordedError("the writer stopped")
        try:
            unwritten = self._tried(taken)
        except BaseException as error:
            unwritten = error
            raise
        finally:
            self._hand_over()
            for each in taken:
                each.error = each.error or unwritten
                if each is not place:
                    each.turn.release()

    def _tried(self, taken: Sequence[_Place[Item]]) -> BaseException | None:
        """Write; one entry that the database will not take does not spoil the others."""
        try:
            self._write([each.item for each in taken])
        except (DataError, IntegrityError) as error:
            if len(taken) == 1:
                return error
            for each in taken:
                each.error = self._tried([each])
        except Exception as error:  # noqa: BLE001 - every caller gets it, as its own error's cause
            return error
        return None

    def _hand_over(self) -> None:
        with self._lock:
            if not self._waiting:
                self._led = False
                return
            following = self._waiting[0]
            following.leads = True
        following.turn.release()
