"""Times at which rules hold, cut into spans within which no window opens or closes."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.compiled_rules import Windows
from policies.weekly import WEEK


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` until before `end`, in seconds since 1970 UTC; None is for ever.

    With an `every` that is not 0 it comes back so many seconds later, again and again, until
    before `until`.
    """

    start: int
    end: int | None = None
    every: int = 0
    until: int | None = None

    def holds(self, now: int) -> bool:
        """Tell whether a moment lies in the span."""
        if now < self.start or (self.until is not None and now >= self.until):
            return False
        if self.end is None:
            return True
        return (
            (now - self.start) % self.every < self.end - self.start
            if self.every
            else (now < self.end)
        )


class Cuts:
    """Every moment at which one of some windows opens or closes.

    What comes back every week goes on without end, but between two moments of the other
    windows one week of it shows all there is.
    """

    def __init__(self, windows: Iterable[Windows], *, since: int = 0) -> None:
        once: set[int] = {since}
        weekly: set[int] = set()
        for each in windows:
            for first, end, every in each:
                if every:
                    weekly |= {first % WEEK, end % WEEK}
                else:
                    once |= {edge for edge in (first, end) if edge > since}
        self._once = sorted(once)
        self._weekly = sorted(weekly)

    def spans(self) -> tuple[Span, ...]:
        """Return all time from `since` on in spans of which each is one time to every window."""
        ends = [*self._once[1:], None]
        return tuple(
            span
            for start, until in zip(self._once, ends, strict=True)
            for span in self._between(start, until)
        )

    def first_like(self, now: int) -> int:
        """Return the first moment from `since` on that every window takes for this one."""
        start = self._once[max(0, bisect_right(self._once, now) - 1)]
        if not self._weekly or now <= start:
            return start
        last = now - min((now - edge) % WEEK for edge in self._weekly)
        return start if last <= start else start + (last - start) % WEEK

    def _between(self, start: int, until: int | None) -> Iterator[Span]:
        """Cut one stretch; a short one, in which little comes back, day by day."""
        if not self._weekly:
            yield Span(start, until)
            return
        edges = sorted(start + ((edge - start) % WEEK or WEEK) for edge in self._weekly)
        starts = edges if edges[-1] - WEEK != start else [start, *edges[:-1]]
        if starts is edges:
            # It begins in the middle of a stretch whose like comes at the end of the week.
            yield Span(start, edges[0] if until is None else min(edges[0], until))
        for first, end in zip(starts, [*starts[1:], starts[0] + WEEK], strict=True):
            if until is None or until - start > 2 * WEEK:
                yield Span(first, end, WEEK, until)
                continue
            for again in range(first, until, WEEK):
                yield Span(again, min(again + end - first, until))


def spans(windows: Iterable[Windows], *, since: int) -> tuple[Span, ...]:
    """Return all time from `since` on, cut where one of these windows opens or closes."""
    return Cuts(windows, since=since).spans()


def joined(found: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same times in few spans."""
    alike: defaultdict[tuple[int, int | None], list[Span]] = defaultdict(list)
    for span in found:
        alike[span.every, span.until].append(span)
    once = alike.pop((0, None), [])
    weekly: list[Span] = []
    for (every, until), each in alike.items():
        for span in _touching(each):
            is_always = span.end is not None and span.end - span.start >= every
            (once if is_always else weekly).append(Span(span.start, until) if is_always else span)
    return tuple(sorted([*_touching(once), *weekly], key=lambda span: span.start))


def _touching(found: Iterable[Span]) -> list[Span]:
    """Join spans of one kind where one ends as the next begins."""
    merged: list[Span] = []
    for span in sorted(found, key=lambda each: each.start):
        if merged and merged[-1].end == span.start:
            merged[-1] = Span(merged[-1].start, span.end, span.every, span.until)
        else:
            merged.append(span)
    return merged
