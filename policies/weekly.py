"""Windows that come back every week: `week:1-5@08:30-17:30+08:00`.

Days count from Monday, 1, to Sunday, 7 (ISO 8601); the last is left out if it is the first.
Times are those of a clock that runs the given hours ahead of UTC, the first inside, the second
not; 24:00 is the end of the day. The offset is fixed and stands in the window itself: there is
no summer time in it, and no table of time zones that a later release could change, so a
recorded decision comes out the same whenever and wherever it is made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

DAY: Final = 86_400
WEEK: Final = 7 * DAY
MONDAY: Final = 4 * DAY
"""The first Monday since 1970 began, at 00:00 UTC."""

_HOUR: Final = 3600
_MINUTE: Final = 60
_QUARTERS: Final = frozenset({"00", "15", "30", "45"})
_WEST, _EAST = -12 * _HOUR, 14 * _HOUR
_WINDOW: Final = re.compile(
    r"week:([1-7])(?:-([1-7]))?@(\d\d):([0-5]\d)-(\d\d):([0-5]\d)([+-])(\d\d):(\d\d)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Weekly:
    """A weekly window. Days from 1 to 7; times in seconds of the day; the offset in seconds."""

    first_day: int
    last_day: int
    opens: int
    closes: int
    offset: int

    def holds(self, now: int) -> bool:
        """Tell whether a moment, in seconds since 1970 UTC, lies in the window."""
        days, second = divmod(now + self.offset - MONDAY, DAY)
        return (
            self.first_day <= days % 7 + 1 <= self.last_day and self.opens <= second < self.closes
        )

    def first_week(self) -> Iterator[tuple[int, int]]:
        """Return from when until before when it is open in the week of `MONDAY`, day by day."""
        for day in range(self.first_day, self.last_day + 1):
            midnight = MONDAY + (day - 1) * DAY - self.offset
            yield midnight + self.opens, midnight + self.closes


@lru_cache(maxsize=4096)
def weekly(window: str) -> Weekly | None:
    """Return the weekly window a text says, or None if it says none that ever opens."""
    found = _WINDOW.fullmatch(window)
    if found is None:
        return None
    first, last, *clock, sign, hours, minutes = found.groups()
    opens, closes = (
        int(hour) * _HOUR + int(minute) * _MINUTE
        for hour, minute in zip(clock[::2], clock[1::2], strict=True)
    )
    offset = int(hours) * _HOUR + int(minutes) * _MINUTE
    if sign == "-":
        offset = -offset
    is_one_way_to_write = (last is None or last > first) and (sign == "+" or offset)
    is_zone = _WEST <= offset <= _EAST and minutes in _QUARTERS
    if not (is_one_way_to_write and is_zone and opens < closes <= DAY):
        return None
    return Weekly(int(first), int(last or first), opens, closes, offset)
