"""What people really asked, out of the log: each different question once, with how often.

A question that was given at one time and refused at another is two: nobody loses by a draft what
they never had.

Times count as they were; those that no window of the rules tells apart are one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from policies.change.spans import Cuts
from policies.compiled import CompiledEngine
from policies.compiled_rules import windows_of
from policies.decision import Outcome, Request
from policies.recorded import EVENTS, QUESTION
from policies.vocabulary import ANY

KEPT: Final = 100
"""Decision ids kept of each question that is decided otherwise; the newest of them."""
_STEP: Final = 5_000
_MARK: Final = b'"ev":"decision.'

Progress: TypeAlias = Callable[[int], None]
"""Told how many records are read."""


@dataclass(slots=True)
class _Counted:
    unit: str
    service: str
    count: int = 0
    newest: str = ""
    decisions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """One person's question as the log holds it.

    Attributes:
        was_given: whether it was answered then with access, at once or after a stronger sign-in.
        count: how often it was asked and answered so.
        newest: when last, RFC 3339.
        decisions: which records hold it, the newest first, at most `KEPT`.
    """

    request: Request
    was_given: bool
    unit: str
    service: str
    count: int
    newest: str
    decisions: tuple[str, ...]


def gathered(
    found: Iterable[bytes], engines: Iterable[CompiledEngine], *, progress: Progress | None = None
) -> tuple[Sequence[Asked], int, int]:
    """Return the different questions of the log's entries, how many were read, and unread.

    Two times are one question if no window of the engines' rules tells them apart.
    """
    cuts = Cuts(
        windows_of(rule.win) for each in engines for rule in each.rules.rules if rule.win != ANY
    )
    counted: dict[tuple[Any, ...], _Counted] = {}
    read = unread = 0
    for number, body in enumerate(found, start=1):
        if progress is not None and number % _STEP == 0:
            progress(number)
        if _MARK not in body:
            continue
        key = _count(json.loads(body), cuts, counted)
        read, unread = (read + 1, unread) if key else (read, unread + 1)
    return [_asked(key, each) for key, each in counted.items()], read, unread


def _count(entry_of: dict[str, Any], cuts: Cuts, counted: dict[tuple[Any, ...], _Counted]) -> bool:
    """Add one entry to its question; tell whether it holds one."""
    asked = entry_of.get("d", {}).get(QUESTION)
    obj = entry_of.get("obj")
    if entry_of.get("ev") not in EVENTS or not isinstance(asked, dict):
        return False
    if not isinstance(obj, str):
        return False  # a path longer than any rule's, kept by its hash alone
    now = cuts.first_like(asked["now"])
    key = (
        *(entry_of["sub"], entry_of["zone"], obj, asked["act"], asked["auth"], now),
        *(asked["cat"], asked["cls"], asked["clr"], asked["net"]),
        EVENTS[entry_of["ev"]] is not Outcome.DENY,
    )
    mine = counted.get(key)
    if mine is None:
        mine = counted[key] = _Counted(entry_of.get("unit", ""), entry_of.get("svc", ""))
    mine.count += 1
    mine.newest = entry_of["ts"]
    mine.decisions.append(entry_of["did"])
    if len(mine.decisions) >= 2 * KEPT:
        del mine.decisions[:KEPT]
    return True


def _asked(key: tuple[Any, ...], counted: _Counted) -> Asked:
    subject, zone, obj, action, strength, now, category, level, clearance, network, given = key
    request = Request(
        subject=subject,
        zone=zone,
        object=obj,
        action=action,
        strength=strength,
        now=now,
        category=category,
        classification=level,
        clearance=clearance,
        network=network,
    )
    newest_first = tuple(reversed(counted.decisions))[:KEPT]
    return Asked(
        request, given, counted.unit, counted.service, counted.count, counted.newest, newest_first
    )
