"""Rules as the compiled engine keeps them: five conditions in one number, and the times.

Zone, action, classification, network and sign-in strength each have few values. Every value
gets a bit; a rule is the sum of the bits it accepts, a request the sum of the bits it brings,
and the rule matches when none of the request's bits is missing from it. The sixth condition,
time, has no such few values and stays a list of windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from policies.functions import act_in, auth_ge, cls_in, net_in, window_bounds
from policies.rules import Rule
from policies.vocabulary import ACTIONS, ANY, LEVELS, NETWORKS, STRENGTHS, ZONES, tokens
from policies.weekly import WEEK, weekly

Value = TypeVar("Value", str, int)

Windows: TypeAlias = tuple[tuple[int, int, int], ...]
"""`(from, to, every)` in seconds since 1970 UTC, `to` outside; empty means always.

With an `every` that is not 0, the window comes back so many seconds later, and came before.
"""

Entry: TypeAlias = tuple[int, Windows, bool, str]
"""(bits the rule accepts, its windows, whether it allows, its id).

A plain tuple and not a class: the collector of cycles leaves plain tuples of such values
alone, and at 110,000 rules its walks would be the slowest decisions.
"""


def _bits(values: Iterable[Value], first: int) -> Mapping[Value, int]:
    found = {value: 1 << (first + place) for place, value in enumerate(values)}
    return MappingProxyType(found)


ZONE_BITS: Final = _bits(sorted(ZONES), 0)
ACTION_BITS: Final = _bits(sorted(ACTIONS), len(ZONES))
NETWORK_BITS: Final = _bits(sorted(NETWORKS), len(ZONES) + len(ACTIONS))
_WORDS: Final = len(ZONES) + len(ACTIONS) + len(NETWORKS)
LEVEL_BITS: Final = _bits(LEVELS, _WORDS)
STRENGTH_BITS: Final = _bits(STRENGTHS, _WORDS + len(LEVELS))


def entry(rule: Rule) -> Entry:
    """Return the compiled form of one rule; its subject and object are the index's business."""
    accepted = _accepted(rule.zone, rule.act, rule.cls, rule.net, rule.auth)
    return accepted, windows_of(rule.win), rule.allows, rule.id


def is_open(windows: Windows, now: int) -> bool:
    """Tell whether a rule with these windows, at least one, holds at `now`."""
    return any(
        (now - first) % every < end - first if every else first <= now < end
        for first, end, every in windows
    )


def is_over(windows: Windows, now: int) -> bool:
    """Tell whether a rule with these windows will never hold again."""
    return bool(windows) and all(not every and end <= now for _, end, every in windows)


# The same few combinations of conditions come back in thousands of rules. What is kept here
# belongs to no version: it is a table of the meaning of words.
@lru_cache(maxsize=4096)
def _accepted(zone: str, actions: str, levels: str, networks: str, least: str) -> int:
    """Ask the model's own conditions, value by value, so that both engines share one meaning."""
    held = (
        *(bit for name, bit in ZONE_BITS.items() if zone in (ANY, name)),
        *(bit for name, bit in ACTION_BITS.items() if act_in(name, actions)),
        *(bit for name, bit in NETWORK_BITS.items() if net_in(name, networks)),
        *(bit for level, bit in LEVEL_BITS.items() if cls_in(level, levels)),
        *(bit for strength, bit in STRENGTH_BITS.items() if auth_ge(strength, least)),
    )
    return sum(held)


@lru_cache(maxsize=4096)
def windows_of(text: str) -> Windows:
    """Return the windows of a rule's `win`."""
    if text == ANY:
        return ()
    # A window that cannot be read never opens; none is left empty, which would mean always.
    return tuple(each for window in tokens(text) for each in _read(window)) or ((0, 0, 0),)


def _read(window: str) -> Iterator[tuple[int, int, int]]:
    if (bounds := window_bounds(window)) is not None:
        yield (*bounds, 0)
    elif (week := weekly(window)) is not None:
        yield from ((first, end, WEEK) for first, end in week.first_week())
