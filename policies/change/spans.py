"""Times at which rules hold, cut into spans within which no window opens or closes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.compiled_rules import Windows


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` until before `end`, in seconds since 1970 UTC; None is for ever."""

    start: int
    end: int | None = None

    def holds(self, now: int) -> bool:
        """Tell whether a moment lies in the span."""
        return self.start <= now and (self.end is None or now < self.end)


def spans(windows: Iterable[Windows], *, since: int) -> tuple[Span, ...]:
    """Return all time from `since` on, cut where one of these windows opens or closes."""
    edges = {edge for each in windows for window in each for edge in window[:2] if edge > since}
    cuts = [since, *sorted(edges)]
    return tuple(map(Span, cuts, [*cuts[1:], None]))


def joined(found: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same times in as few spans as there can be."""
    merged: list[Span] = []
    for span in sorted(found):
        if merged and merged[-1].end == span.start:
            merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    return tuple(merged)
