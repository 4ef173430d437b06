"""The six conditions of the model, as total functions.

Each returns a bool for any text or number and never raises: one rule that made a condition
raise would make every request fail. What is not understood does not match. Both the
reference engine and our explanation of its answers use these same functions.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final, TypeGuard

from policies.vocabulary import ANY, LEVELS, STRENGTHS, tokens
from policies.weekly import weekly

LATEST: Final = 253_370_764_800
"""Seconds since 1970 until the year 9999 begins, UTC: what comes later no calendar can show."""
_MAX_DIGITS = 12


def act_in(action: object, actions: object) -> bool:
    """Tell whether an action is among a rule's bar-joined actions."""
    return _token_in(action, actions)


def net_in(network: object, networks: object) -> bool:
    """Tell whether a network class is among a rule's bar-joined classes."""
    return _token_in(network, networks)


def path_in(obj: object, pattern: object) -> bool:
    """Tell whether an object is the pattern itself or lies in its subtree.

    A pattern is exact, or ends in `/**`: then it means the path before, and everything
    below it. `app:**` means all of the gateway's pages. There is no other wildcard, and
    letters are compared exactly.
    """
    if not isinstance(obj, str) or not isinstance(pattern, str) or not obj:
        return False
    if pattern == "app:**":
        return obj.startswith("app:")
    if pattern.startswith("svc:") and pattern.endswith("/**"):
        top = pattern.removesuffix("/**")
        return obj == top or obj.startswith(f"{top}/")
    return obj == pattern


def cls_in(level: object, levels: object) -> bool:
    """Tell whether a classification, 0 to 4, is among a rule's bar-joined levels."""
    if not _is_int(level) or level not in LEVELS:
        return False
    return _token_in(str(level), levels)


def auth_ge(strength: object, least: object) -> bool:
    """Tell whether a sign-in strength, 1 to 3, reaches a rule's least strength."""
    if not _is_int(strength) or strength not in STRENGTHS:
        return False
    if least == ANY:
        return True
    wanted = _number(least)
    return wanted is not None and wanted in STRENGTHS and strength >= wanted


def in_win(now: object, windows: object) -> bool:
    """Tell whether a time lies in one of a rule's bar-joined windows.

    Times are whole seconds since 1970-01-01 UTC. Of a window `from~to`, `from` belongs to it,
    `to` does not; of weekly ones see `policies.weekly`.
    """
    if not _is_int(now) or not isinstance(windows, str):
        return False
    return windows == ANY or any(_inside(now, window) for window in tokens(windows))


def window_bounds(window: str) -> tuple[int, int] | None:
    """Return the two times of `from~to`, or None if it is not a window that ever opens."""
    opens, _, closes = window.partition("~")
    first, end = _number(opens), _number(closes)
    if first is None or end is None or not first < end <= LATEST:
        return None
    return first, end


def is_window(text: str) -> bool:
    """Tell whether a text is a window that ever opens, absolute or weekly."""
    return window_bounds(text) is not None or weekly(text) is not None


def _inside(now: int, window: str) -> bool:
    bounds = window_bounds(window)
    if bounds is not None:
        return bounds[0] <= now < bounds[1]
    week = weekly(window)
    return week is not None and week.holds(now)


def _token_in(token: object, allowed: object) -> bool:
    if not isinstance(token, str) or not isinstance(allowed, str) or not token:
        return False
    return allowed == ANY or token in tokens(allowed)


def _number(text: object) -> int | None:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        return None
    return int(text) if len(text) <= _MAX_DIGITS else None


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


FUNCTIONS: Final = MappingProxyType[str, Callable[[object, object], bool]](
    {
        "actIn": act_in,
        "authGe": auth_ge,
        "clsIn": cls_in,
        "inWin": in_win,
        "netIn": net_in,
        "pathIn": path_in,
    }
)
"""The functions under the names the model calls them by."""
