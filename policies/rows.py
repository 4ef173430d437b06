"""What one row of a rule set may say: the checks of its columns and its canonical form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from policies.functions import window_bounds
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
    """What is wrong with a value, and what to write instead."""

    what: str
    fix: str


def canonical(columns: Sequence[str]) -> tuple[str, ...]:
    """Return a rule's columns with each bar-joined list sorted and without repetitions.

    Two rules that say the same thing in another order are thereby the same rule.
    """
    return tuple(
        "|".join(sorted(set(tokens(value)), key=_order)) if name in _JOINED else value
        for name, value in zip(RULE_COLUMNS, columns, strict=True)
    )


def rule_faults(columns: Sequence[str]) -> list[Fault]:
    """Return everything that is wrong with the columns of a rule."""
    found = _shape_faults("p", RULE_COLUMNS, columns)
    if found:
        return found
    values = dict(zip(RULE_COLUMNS, columns, strict=True))
    for name, (is_good, fix) in _CHECKS.items():
        if not is_good(values[name]):
            found.append(Fault(f"{name} is {values[name]!r}", fix))
    return found or _pairing_faults(values["obj"], values["act"])


def category_faults(columns: Sequence[str]) -> list[Fault]:
    """Return everything that is wrong with the columns of a category row."""
    found = _shape_faults("g3", CATEGORY_COLUMNS, columns)
    return found or [
        Fault(f"{name} is {value!r}", "write cat:<name> of a-z, 0-9 and -")
        for name, value in zip(CATEGORY_COLUMNS, columns, strict=True)
        if not is_category(value)
    ]


def _shape_faults(kind: str, names: Sequence[str], columns: Sequence[str]) -> list[Fault]:
    if len(columns) != len(names):
        what = f"{len(columns)} columns after {kind!r}"
        return [Fault(what, f"write exactly {len(names)}: {', '.join(names)}")]
    return [
        Fault(f"{name} is {value!r}", "use only A-Z a-z 0-9 _ : . / | ~ * - and at least one")
        for name, value in zip(names, columns, strict=True)
        if not is_value(value)
    ]


def _pairing_faults(obj: str, act: str) -> list[Fault]:
    """A page can only be used, and nothing else can be."""
    is_page = obj.startswith("app:")
    if is_page and act not in (USE, ANY):
        return [Fault(f"act is {act!r} on a page", f"write {USE} for app: objects")]
    if not is_page and USE in tokens(act):
        return [Fault(f"act is {act!r} on {obj}", f"{USE} is for app: objects only")]
    return []


def _is_subject(value: str) -> bool:
    return value == ANY or is_person(value) or is_role(value) or is_unit(value)


def _is_object(value: str) -> bool:
    return value in _PAGES or is_service_pattern(value) or is_category(value)


def _one_of(names: frozenset[str]) -> Callable[[str], bool]:
    return lambda value: value in names


def _any_or_some_of(names: frozenset[str]) -> Callable[[str], bool]:
    return lambda value: value == ANY or names.issuperset(tokens(value))


def _is_windows(value: str) -> bool:
    return value == ANY or all(window_bounds(window) is not None for window in tokens(value))


def _order(token: str) -> tuple[int, str]:
    """Numbers by size, so that 9~10 comes before 10~11."""
    head = token.partition("~")[0]
    return (int(head) if head.isdigit() else 0, token)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


_LEVELS = frozenset(map(str, LEVELS))
_STRENGTHS = frozenset(map(str, STRENGTHS))
_CHECKS: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "sub": (_is_subject, "write *, person:<uuid>, role:<name> or unit:<name>, in lower case"),
    "zone": (_one_of(ZONES | {ANY}), f"write * or one of {_listed(ZONES)}"),
    "obj": (
        _is_object,
        "write svc:<service>/<path> or one with a last /**, cat:<name>, app:<permission>, app:**",
    ),
    "act": (_any_or_some_of(ACTIONS), f"write * or, joined by |, of {_listed(ACTIONS)}"),
    "cls": (_any_or_some_of(_LEVELS), f"write * or, joined by |, of {_listed(_LEVELS)}"),
    "net": (_any_or_some_of(NETWORKS), f"write * or, joined by |, of {_listed(NETWORKS)}"),
    "auth": (_one_of(_STRENGTHS | {ANY}), f"write * or the least strength, {_listed(_STRENGTHS)}"),
    "win": (_is_windows, "write * or from~to in seconds since 1970 UTC, from before to"),
    "eft": (_one_of(EFFECTS), f"write one of {_listed(EFFECTS)}, in lower case"),
}
