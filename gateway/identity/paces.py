"""How lanes of failed attempts slow: kinds of lanes, their waits, and where they end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

NAME_FREE = 4
ADDRESS_FREE = 100
"""Failures of one address before it waits: a whole office may stand behind one."""

OVERALL_FREE = 1000
"""Failures of all strangers together before they wait for each other."""

CLOSED_AFTER = 100
"""Failures without a success after which a lane is closed (NIST SP 800-63B-4, 3.2.2)."""

LONGEST = timedelta(minutes=15)
OVERALL_LONGEST = timedelta(seconds=1)
"""Longest wait of the strangers' common lane: they share one try a second, and no more."""

NAME_QUIET = timedelta(hours=24)
ADDRESS_QUIET = timedelta(hours=1)

NAME, DEVICE, PLACE, ADDRESS, OVERALL = "name", "device", "place", "address", "overall"
ENDING = frozenset({NAME, DEVICE, PLACE})
"""The kinds of lanes that close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a name's lane slows: failures that cost nothing, then a wait that doubles or stands."""

    free: int = NAME_FREE
    first: timedelta = timedelta(seconds=1)
    longest: timedelta = LONGEST

    def wait_after(self, failures: int) -> timedelta:
        """Return the wait after so many failures in a row.

        Zero for the first `free`, then `first`, doubled each time, at most `longest`.
        Source: NIST SP 800-63B-4, 3.2.2.
        """
        if failures <= self.free:
            return timedelta(0)
        doublings: int = min(failures - self.free - 1, 16)
        return min(self.first * (1 << doublings), self.longest)


GROWING = Pace()


_PACES: Mapping[str, Pace] = {
    ADDRESS: Pace(free=ADDRESS_FREE),
    OVERALL: Pace(free=OVERALL_FREE, longest=OVERALL_LONGEST),
}
"""The paces that no password profile changes."""


def pace_of(kind: str, pace: Pace) -> Pace:
    """How a kind of lane slows; `pace` is the password profile's, for those that it rules."""
    return _PACES.get(kind, pace)


def quiet_of(kind: str) -> timedelta:
    """How long after its last wait a lane still remembers its failures, and slows by them."""
    return NAME_QUIET if kind in ENDING else ADDRESS_QUIET
