"""How times and paths are spelt for people, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

from policies.functions import window_bounds

_DATE: Final = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})?"
RANGE: Final = re.compile(rf"({_DATE})\s*(?:至|到|~|—|–|to|until)\s*({_DATE})", re.ASCII)
"""From one date and time to another."""
PATH: Final = re.compile(r"/[^\s,，、。;；“”「」『』《》()（）|:]*")
"""A path in a service, in whatever letters."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~*/-]")
_ESCAPED: Final = re.compile(r"(?:~[0-9a-f]{2})+")


def dated(window: str, zone: tzinfo, words: str) -> str:
    """Return a window as two dates put into `words`; as it is, if they would not say the same."""
    bounds = window_bounds(window)
    if bounds is None:
        return window
    try:
        first, end = (datetime.fromtimestamp(each, UTC).astimezone(zone) for each in bounds)
    except (ValueError, OverflowError, OSError):
        return window
    text = words.format(_date(first), _date(end))
    again = RANGE.fullmatch(text)
    is_same = again is not None and window_of(again[1], again[2], zone) == window
    return text if is_same else window


def _date(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S" if at.second else "%Y-%m-%d %H:%M")


def window_of(first: str, end: str, zone: tzinfo) -> str | None:
    """Return the window from one date to before another, if there is one."""
    try:
        times = [
            int(datetime.fromisoformat(each).replace(tzinfo=zone).timestamp())
            for each in (first, end)
        ]
    except (ValueError, OverflowError):
        return None
    window = f"{times[0]}~{times[1]}"
    return None if window_bounds(window) is None else window


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
