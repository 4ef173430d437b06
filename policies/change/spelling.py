"""How times and paths are spelt for people, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from policies.functions import window_bounds
from policies.weekly import DAY, weekly

DATE: Final = r"\d{4}-\d{2}-\d{2}"
_MOMENT: Final = rf"{DATE}(?:[ T]\d{{2}}:\d{{2}}(?::\d{{2}})?)?"
RANGE: Final = re.compile(rf"({_MOMENT})\s*(?:至|到|~|—|–|to|until)\s*({_MOMENT})(?!\d)", re.ASCII)
"""From one date, or date and time, to another."""
_CHINESE: Final = "一二三四五六日"
_ENGLISH: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_NAME: Final = rf"(?:(?:周|星期)[{_CHINESE}天]|{'|'.join(_ENGLISH)})"
TO: Final = r"\s*(?:至|到|to|until|-|—|–|－|~|～)\s*"
CLOCK: Final = r"\d{1,2}[:：]\d{2}"
WEEK: Final = re.compile(
    rf"每?({DAY_NAME})(?:{TO}({DAY_NAME}))?\s*({CLOCK}){TO}({CLOCK})(?!\d)",
    re.ASCII | re.IGNORECASE,
)
"""The same hours on one or more days of every week."""
HOURS: Final = re.compile(rf"({CLOCK})(?:{TO}({CLOCK}))?(?!\d)", re.ASCII | re.IGNORECASE)
"""Hours that stand without their days, which say no time."""
_HOUR: Final = 60
"""Minutes of one."""
PATH: Final = re.compile(r"/[^\s,，、。;；“”「」『』《》()（）|:]*")
"""A path in a service, in whatever letters."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~*/-]")
_ESCAPED: Final = re.compile(r"(?:~[0-9a-f]{2})+")


def dated(window: str, zone: tzinfo, words: str) -> str:
    """Return a window as two dates put into `words`; as it is, if they would not say the same.

    Of whole days the last is named, as people do: 2026-12-01 至 2026-12-04.
    """
    bounds = window_bounds(window)
    if bounds is None:
        return window
    try:
        first, end = (datetime.fromtimestamp(each, UTC).astimezone(zone) for each in bounds)
    except (ValueError, OverflowError, OSError):
        return window
    days = (first.date(), (end - timedelta(days=1)).date())
    is_whole = all(each.time() == time() for each in (first, end))
    said = days if is_whole else (_date(first), _date(end))
    text = words.format(*said)
    again = RANGE.fullmatch(text)
    is_same = again is not None and window_of(again[1], again[2], zone) == window
    return text if is_same else window


def _date(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S" if at.second else "%Y-%m-%d %H:%M")


def window_of(first: str, end: str, zone: tzinfo) -> str | None:
    """Return the window from one date to before another, if there is one.

    A date without a time is its whole day: as `end` the day is among the window.
    """
    try:
        times = [int(each.replace(tzinfo=zone).timestamp()) for each in _moments(first, end)]
    except (ValueError, OverflowError):
        return None
    window = f"{times[0]}~{times[1]}"
    return None if window_bounds(window) is None else window


def is_backwards(first: str, end: str) -> bool:
    """Tell whether two dates exist, and the second is not after the first."""
    try:
        begins, ends = _moments(first, end)
    except (ValueError, OverflowError):
        return False
    return ends <= begins


def _moments(first: str, end: str) -> tuple[datetime, datetime]:
    begins, ends = datetime.fromisoformat(first), datetime.fromisoformat(end)
    return begins, ends + timedelta(days=1) if re.fullmatch(DATE, end, re.ASCII) else ends


def in_days(window: str, zone: tzinfo, *, is_chinese: bool) -> str:
    """Return a weekly window in words, 周一至周五 08:30-17:30; as it is, if of another offset."""
    week = weekly(window)
    if week is None or _offset(zone) != week.offset:
        return window
    if is_chinese:
        first, last = (f"周{_CHINESE[day - 1]}" for day in (week.first_day, week.last_day))
    else:
        first, last = (_ENGLISH[day - 1] for day in (week.first_day, week.last_day))
    days = first if first == last else f"{first}{'至' if is_chinese else ' to '}{last}"
    return f"{days} {_clock(week.opens)}-{_clock(week.closes)}"


def week_of(found: re.Match[str], zone: tzinfo) -> str | None:
    """Return the window that a match of `WEEK` says, if there is one.

    Its hours are those of the office's clock, which must be the same all the year round.
    """
    offset = _offset(zone)
    if offset is None:
        return None
    first, last = (day_of(each) for each in (found[1], found[2] or found[1]))
    days = f"{first}" if first == last else f"{first}-{last}"
    sign, ahead = "-" if offset < 0 else "+", _clock(abs(offset))
    opens, closes = (each.replace("：", ":").zfill(5) for each in (found[3], found[4]))
    window = f"week:{days}@{opens}-{closes}{sign}{ahead}"
    return window if weekly(window) else None


def fault_of(opens: str, closes: str) -> str | None:
    """Return why two clocks are not the hours of one day: `no_hour` or `overnight`."""
    first, last = _minutes(opens), _minutes(closes)
    if first is None or last is None:
        return "no_hour"
    return None if first < last else "overnight"


def _minutes(clock: str) -> int | None:
    """Return the minutes of a day, up to those of 24:00; None for 25:00 or 08:60."""
    hour, minute = map(int, clock.replace("：", ":").split(":"))
    found = hour * _HOUR + minute
    return found if minute < _HOUR and found <= DAY // 60 else None


def day_of(name: str) -> int:
    """Return the number of a day of the week, Monday's being 1."""
    if name[-1] in f"{_CHINESE}天":
        return _CHINESE.index(name[-1].replace("天", "日")) + 1
    return _ENGLISH.index(name.capitalize()) + 1


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _offset(zone: tzinfo) -> int | None:
    """Return how far a clock is ahead of UTC, if it always is."""
    ahead = zone.utcoffset(None)
    return None if ahead is None else int(ahead.total_seconds())


def coded(path: str) -> str:
    """Return a path as rules name it: what is no plain letter as `~xx` for each byte."""
    return "".join(
        char if _PLAIN.fullmatch(char) else "".join(f"~{byte:02x}" for byte in char.encode())
        for char in path
    )


def decoded(path: str) -> str:
    """Return a path as people read it; bytes that are no letters stay as they are."""

    def plain(found: re.Match[str]) -> str:
        try:
            text = bytes.fromhex(found[0].replace("~", "")).decode()
        except UnicodeDecodeError:
            return found[0]
        is_whole = PATH.fullmatch(f"/{text}") and text.isprintable() and not text.isascii()
        return text if is_whole and coded(text) == found[0] else found[0]

    return _ESCAPED.sub(plain, path)
