"""Patterns of places as a tree: what follows what, and a name that no pattern has taken."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count


def next_segments(patterns: Iterable[str]) -> dict[str, set[str]]:
    """Return, for each place on the way to a pattern, the segments that follow it."""
    found: dict[str, set[str]] = {}
    for pattern in patterns:
        way, *segments = pattern.split("/")
        for segment in segments:
            found.setdefault(way, set()).add(segment)
            way = f"{way}/{segment}"
    return found


def unused(segments: set[str]) -> str:
    """Return a segment that is none of these."""
    return next(name for number in count() if (name := f"any{number}") not in segments)
