"""Times and dates as people of the office read them; the only clock of the pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask_babel import to_user_timezone, to_utc
from markupsafe import Markup

from gateway.web.i18n import is_chinese, ngettext

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def day(value: date | datetime) -> Markup:
    """`2026年11月22日` or `22 November 2026`, in a <time> element."""
    which = local(value).date() if isinstance(value, datetime) else value
    return Markup('<time datetime="{}">{}</time>').format(which.isoformat(), _words(which))


def moment(value: datetime) -> Markup:
    """`2026年11月22日 14:05`, with the second and the offset from UTC in the title."""
    shown = local(value)
    comma = " " if is_chinese() else ", "
    return Markup('<time datetime="{}" title="{}">{}{}{}</time>').format(
        value.astimezone(UTC).isoformat(timespec="seconds"),
        shown.isoformat(sep=" ", timespec="seconds"),
        _words(shown.date()),
        comma,
        f"{shown:%H:%M}",
    )


def stamped(text: str) -> Markup:
    """`moment` of a time as the log writes it (RFC 3339)."""
    return moment(datetime.fromisoformat(text))


def second(value: datetime) -> Markup:
    """`2026-11-22 14:05:09`: for tables of the log, whose lines are compared."""
    shown = local(value)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.astimezone(UTC).isoformat(timespec="milliseconds"),
        shown.isoformat(sep=" ", timespec="milliseconds"),
        f"{shown:%Y-%m-%d %H:%M:%S}",
    )


def span(length: timedelta) -> Any:  # noqa: ANN401 - a lazy text
    """A length of time in the largest unit that fits it whole."""
    seconds = int(length.total_seconds())
    if seconds % _DAY == 0:
        return ngettext("%(num)s day", "%(num)s days", seconds // _DAY)
    if seconds % _HOUR == 0:
        return ngettext("%(num)s hour", "%(num)s hours", seconds // _HOUR)
    if seconds % _MINUTE == 0:
        return ngettext("%(num)s minute", "%(num)s minutes", seconds // _MINUTE)
    return ngettext("%(num)s second", "%(num)s seconds", seconds)


def local(value: datetime) -> datetime:
    """The moment in the zone's time zone, which is Flask-Babel's default one."""
    moved: datetime = to_user_timezone(value)
    return moved


def typed(value: datetime) -> str:
    """The moment as a field for date and time holds it."""
    return f"{local(value):%Y-%m-%dT%H:%M}"


def of_local(text: str) -> datetime | None:
    """The moment that such a field means, in UTC; None if there is none."""
    try:
        found: datetime = to_utc(datetime.fromisoformat(text).replace(tzinfo=None))
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=UTC)


def _words(value: date) -> str:
    if is_chinese():
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
