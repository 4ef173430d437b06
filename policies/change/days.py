"""Times as a sentence names them: dates, hours of a week, and days as people say them today.

2026-12-01                       the whole day
2026-12-01 至 2026-12-04          whole days, the last among them
2026-12-01 08:00 至 2026-12-04    from an hour to the end of a day
2026-12-01 08:30-17:30           hours of one day
周一至周五 08:30-17:30             the same hours every week
今天, 明天, 至星期五, today, until Friday
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Final

from policies.change.spelling import (
    CLOCK,
    DATE,
    DAY_NAME,
    HOURS,
    RANGE,
    TO,
    WEEK,
    day_of,
    fault_of,
    is_backwards,
    week_of,
    window_of,
)

_IN_DAYS: Final = {
    "今天": 0,
    "今日": 0,
    "today": 0,
    "明天": 1,
    "明日": 1,
    "tomorrow": 1,
    "后天": 2,
}
_SAID: Final = "|".join(_IN_DAYS)
_ENDS: Final = r"(?![A-Za-z0-9_])"
_ON: Final = re.compile(rf"({DATE})[ T]?({CLOCK}){TO}({CLOCK})(?!\d)", re.ASCII | re.IGNORECASE)
_DATE_ALONE: Final = re.compile(rf"({DATE})(?![\d-])(?!\s*T?{CLOCK})", re.ASCII)
_MOMENT: Final = re.compile(rf"{DATE}\s*T?{CLOCK}", re.ASCII)
_DAY_ALONE: Final = re.compile(rf"(?:{_SAID}){_ENDS}(?!\s*{CLOCK})", re.ASCII | re.IGNORECASE)
_UNTIL: Final = re.compile(
    rf"(?:({_SAID}|{DATE})\s*(?:至|到|to|until|till|through|-)|(?:至|到|until|till|through))\s*"
    rf"({DAY_NAME}|{_SAID}|{DATE}){_ENDS}"
    rf"(?:\s*({CLOCK})(?!\d)(?!{TO}{CLOCK})|(?!\s*{CLOCK}))",
    re.ASCII | re.IGNORECASE,
)
_DAYS: Final = re.compile(rf"每?{DAY_NAME}(?:{TO}{DAY_NAME})?", re.ASCII | re.IGNORECASE)
_LIKE: Final = re.compile(
    r"\d{1,4}[-/.年月日号点]|[今明后昨前][天日晚]|[本上下每这]?(?:周|星期|礼拜)[一二三四五六日天末]"
    r"|[上下中]午|[年月]底|[上下本]个?[月周]"
    r"|(?:(?:to|yester|mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|week|month|noon|next)\b",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Time:
    """Letters of a sentence that say a time, up to before `end`.

    `window` is what they say, as a rule's `win`; None if they say none, and then `code` tells
    why: `no_time`, `backwards`, `no_hour`, `overnight`, `no_day`, `no_hours` or `no_end`.
    """

    end: int
    window: str | None
    code: str = ""


def dated_at(text: str, at: int, zone: tzinfo) -> Time | None:
    """Return the time of dates or weekly hours that begins at a letter, if one does."""
    if (found := RANGE.match(text, at)) is not None:
        return _span(found.end(), found[1], found[2], zone)
    if (found := _ON.match(text, at)) is not None:
        first, last = (each.replace("：", ":").zfill(5) for each in (found[2], found[3]))
        if (fault := fault_of(first, last)) is not None:
            return Time(found.end(), None, fault)
        end = found[1] if last == "24:00" else f"{found[1]} {last}"
        return _span(found.end(), f"{found[1]} {first}", end, zone)
    if (found := WEEK.match(text, at)) is not None:
        fault = fault_of(found[3], found[4]) or "no_time"
        window = week_of(found, zone)
        return Time(found.end(), window, "" if window else fault)
    return None


def day_at(text: str, at: int, zone: tzinfo, today: date | None) -> Time | None:
    """Return the time of days alone that begins at a letter: a date, today, until Friday.

    Days that are counted from today are none where no day is `today`.
    """
    if today is not None and (found := _UNTIL.match(text, at)) is not None:
        first = _day(found[1], today, today) if found[1] else today
        last = None if first is None else _day(found[2], today, first)
        if first is None or last is None:
            return Time(found.end(), None, "no_time")
        clock = f" {found[3].replace('：', ':').zfill(5)}" if found[3] else ""
        return _span(found.end(), first.isoformat(), f"{last.isoformat()}{clock}", zone)
    if (found := _DATE_ALONE.match(text, at)) is not None:
        return _span(found.end(), found[1], found[1], zone)
    if today is not None and (found := _DAY_ALONE.match(text, at)) is not None:
        day = (today + timedelta(days=_IN_DAYS[found[0].lower()])).isoformat()
        return _span(found.end(), day, day, zone)
    return None


def fault_at(text: str, at: int) -> Time | None:
    """Return what is begun as a time at a letter, and says none."""
    if (found := HOURS.match(text, at)) is not None:
        return Time(found.end(), None, (found[2] and fault_of(found[1], found[2])) or "no_day")
    if (found := _MOMENT.match(text, at)) is not None:
        return Time(found.end(), None, "no_end")
    if (found := _DAYS.match(text, at)) is not None:
        return Time(found.end(), None, "no_hours")
    return None


def is_like_a_time(word: str) -> bool:
    """Tell whether an unknown word was probably meant to be a time."""
    return _LIKE.match(word) is not None


def _span(end: int, first: str, last: str, zone: tzinfo) -> Time:
    window = window_of(first, last, zone)
    if window is not None:
        return Time(end, window)
    return Time(end, None, "backwards" if is_backwards(first, last) else "no_time")


def _day(said: str, today: date, first: date) -> date | None:
    """Return a day that is named, a day of the week being the next one from the first on."""
    if said.lower() in _IN_DAYS:
        return today + timedelta(days=_IN_DAYS[said.lower()])
    if said[0].isdigit():
        try:
            return date.fromisoformat(said)
        except ValueError:
            return None
    return first + timedelta(days=(day_of(said) - first.isoweekday()) % 7)
