"""What one row of a rule set may say: the checks of its columns and its canonical form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from policies.functions import is_window
from policies.hierarchy import Link
from policies.permissions import Permission
from policies.vocabulary import (
    ACTIONS,
    ANY,
    EFFECTS,
    LEVELS,
    NETWORKS,
    STRENGTHS,
    USE,
    ZONES,
    is_category,
    is_pair,
    is_person,
    is_role,
    is_service_pattern,
    is_unit,
    is_value,
    tokens,
)

RULE_COLUMNS: Final = ("sub", "zone", "obj", "act", "cls", "net", "auth", "win", "eft")
CATEGORY_COLUMNS: Final = ("child", "parent")
_JOINED: Final = ("act", "cls", "net", "win")
_PAGES: Final = frozenset(permission.object for permission in Permission) | {"app:**"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row, and what to write instead.

    `place` is the column it is about, counted from 0 after the row's kind; -1 is the whole row.
    `link` is the row of a tree that only the other rows make wrong.
    """

    what: str
    fix: str
    place: int = -1
    link: Link | None = None


Check: TypeAlias = tuple[Callable[[str], bool], str]
"""Tells whether a value is good, and what to write if it is not."""


def canonical(columns: Sequence[str]) -> tuple[str, ...]:
    """Return a rule's columns with each bar-joined list sorted and without repetitions.

    Two rules that say the same thing in another order are thereby the same rule.
    """
    return tuple(
        _in_order(value) if name in _JOINED else value
        for name, value in zip(RULE_COLUMNS, columns, strict=True)
    )


def rule_faults(columns: Sequence[str]) -> list[Fault]:
    """Return everything that is wrong with the columns of a rule."""
    is_good = len(columns) == len(RULE_COLUMNS) and all(map(_passes, RULE_COLUMNS, columns))
    found = [] if is_good else column_faults("p", _CHECKS, columns)
    return found or pairing_faults(columns[2], columns[3])


def category_faults(columns: Sequence[str]) -> list[Fault]:
    """Return everything that is wrong with the columns of a category row."""
    return column_faults("g3", _CATEGORY_CHECKS, columns)


def column_faults(kind: str, checks: Mapping[str, Check], columns: Sequence[str]) -> list[Fault]:
    """Return what is wrong with the columns of a row of this kind, each looked at by its check.

    Values no reader could take apart safely are named first, and alone.
    """
    if len(columns) != len(checks):
        what = f"{len(columns)} columns after {kind!r}"
        return [Fault(what, f"write exactly {len(checks)}: {', '.join(checks)}")]
    rows = [
        (place, name, value, *checks[name])
        for place, (name, value) in enumerate(zip(checks, columns, strict=True))
    ]
    unsafe = "use only A-Z a-z 0-9 _ : . / | ~ * @ & + - and at least one"
    return [
        Fault(f"{name} is {value!r}", unsafe, place)
        for place, name, value, _, _ in rows
        if not is_value(value)
    ] or [
        Fault(f"{name} is {value!r}", fix, place)
        for place, name, value, is_good, fix in rows
        if not is_good(value)
    ]


def pairing_faults(obj: str, act: str) -> list[Fault]:
    """A page can only be used, and nothing else can be."""
    place = RULE_COLUMNS.index("act")
    is_page = obj.startswith("app:")
    if is_page and act not in (USE, ANY):
        return [Fault(f"act is {act!r} on a page", f"write {USE} for app: objects", place)]
    if not is_page and USE in tokens(act):
        return [Fault(f"act is {act!r} on {obj}", f"{USE} is for app: objects only", place)]
    return []


def _is_subject(value: str) -> bool:
    return value == ANY or any(is_one(value) for is_one in (is_person, is_role, is_unit, is_pair))


def _is_object(value: str) -> bool:
    return value in _PAGES or is_service_pattern(value) or is_category(value)


def one_of(names: frozenset[str]) -> Callable[[str], bool]:
    """Return the check that a value is one of these."""
    return lambda value: value in names


def _any_or_some_of(names: frozenset[str]) -> Callable[[str], bool]:
    return lambda value: value == ANY or names.issuperset(tokens(value))


def _is_windows(value: str) -> bool:
    return value == ANY or all(map(is_window, tokens(value)))


# The same few values come back in a hundred thousand rules; only objects hardly do.
@lru_cache(maxsize=16_384)
def _passes(name: str, value: str) -> bool:
    """Tell whether nothing is wrong with a value; what is wrong, `column_faults` says."""
    return is_value(value) and _CHECKS[name][0](value)


@lru_cache(maxsize=4096)
def _in_order(value: str) -> str:
    return "|".join(sorted(set(tokens(value)), key=_order))


def _order(token: str) -> tuple[int, str]:
    """Numbers by size, so that 9~10 comes before 10~11."""
    head = token.partition("~")[0]
    return (int(head) if head.isdigit() else 0, token)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


_LEVELS = frozenset(map(str, LEVELS))
_STRENGTHS = frozenset(map(str, STRENGTHS))
_FROM_TO = "from~to in seconds since 1970 UTC, from before to,"
_WEEKLY = (
    "as week:1-5@08:30-17:30+08:00 the days of a week (1 is Monday), the hours (24:00 at most; "
    "over midnight two windows), each from before to, and how far their clock is ahead of UTC"
)
_CATEGORY_CHECKS: Final[dict[str, Check]] = dict.fromkeys(
    CATEGORY_COLUMNS, (is_category, "write cat:<name> of a-z, 0-9 and -")
)
_CHECKS: Final[dict[str, Check]] = {
    "sub": (
        _is_subject,
        "write *, person:<uuid>, role:<name>, unit:<name> or both unit:<name>&role:<name>",
    ),
    "zone": (one_of(ZONES | {ANY}), f"write * or one of {_listed(ZONES)}"),
    "obj": (
        _is_object,
        "write svc:<service>/<path> or one with a last /**, cat:<name>, app:<permission>, app:**",
    ),
    "act": (_any_or_some_of(ACTIONS), f"write * or, joined by |, of {_listed(ACTIONS)}"),
    "cls": (_any_or_some_of(_LEVELS), f"write * or, joined by |, of {_listed(_LEVELS)}"),
    "net": (_any_or_some_of(NETWORKS), f"write * or, joined by |, of {_listed(NETWORKS)}"),
    "auth": (one_of(_STRENGTHS | {ANY}), f"write * or the least strength, {_listed(_STRENGTHS)}"),
    "win": (_is_windows, f"write * or, joined by |, {_FROM_TO} or {_WEEKLY}"),
    "eft": (one_of(EFFECTS), f"write one of {_listed(EFFECTS)}, in lower case"),
}
