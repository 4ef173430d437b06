"""The correlation engine: pure, and the same whatever the order in which entries arrive."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audit.review.rule import Rule, Type


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """An entry that a rule picked. `at` is in milliseconds; `step` says by which pick.

    `key` are the values of the group fields, `value` that of the counted field.
    """

    at: int
    seq: int
    step: int
    key: tuple[str, ...] = ()
    value: str = ""


@dataclass(frozen=True, slots=True)
class Firing:
    """Entries of one group that satisfy a rule together, in the order of their times."""

    key: tuple[str, ...]
    seqs: tuple[int, ...]
    first_at: int
    last_at: int


def fire(rule: Rule, happenings: Iterable[Happening]) -> list[Firing]:
    """Return what satisfies the rule, by group and time.

    A window ends at each entry and reaches back `rule.span`, both ends included. Windows that
    satisfy the condition and share an entry are one firing.
    """
    groups: dict[tuple[str, ...], list[Happening]] = defaultdict(list)
    for each in happenings:
        groups[each.key].append(each)
    return [
        firing
        for key in sorted(groups)
        for firing in _merged(key, sorted(groups[key]), _windows(rule, sorted(groups[key])))
    ]


def _windows(rule: Rule, events: Sequence[Happening]) -> Iterator[tuple[int, int]]:
    """First and last place of every window that satisfies the rule."""
    return _ordered(rule, events) if rule.type is Type.TEMPORAL_ORDERED else _counted(rule, events)


def _counted(rule: Rule, events: Sequence[Happening]) -> Iterator[tuple[int, int]]:
    seen: Counter[int | str] = Counter()
    low = 0
    for high, event in enumerate(events):
        seen[_counts(rule, event)] += 1
        while events[low].at < event.at - rule.span:
            gone = _counts(rule, events[low])
            seen[gone] -= 1
            if not seen[gone]:
                del seen[gone]
            low += 1
        is_last_of_entry = high + 1 == len(events) or events[high + 1].seq != event.seq
        if is_last_of_entry and _is_enough(rule, len(seen)):
            yield low, high


def _counts(rule: Rule, event: Happening) -> int | str:
    if rule.type is Type.TEMPORAL:
        return event.step
    return event.value if rule.type is Type.VALUE_COUNT else event.seq


def _is_enough(rule: Rule, different: int) -> bool:
    if rule.type is Type.TEMPORAL:
        return different == len(rule.picks)
    return rule.holds(different)


def _ordered(rule: Rule, events: Sequence[Happening]) -> Iterator[tuple[int, int]]:
    last = len(rule.picks) - 1
    # starts[k]: the latest place where a chain of the first k + 1 steps, complete by now, began.
    starts: list[int | None] = [None] * len(rule.picks)
    at = 0
    while at < len(events):
        end = at
        while end + 1 < len(events) and events[end + 1].seq == events[at].seq:
            end += 1
        # From the last step down: one entry is never two steps of the same chain.
        for place in range(end, at - 1, -1):
            step = events[place].step
            starts[step] = place if step == 0 else starts[step - 1]
            begun = starts[step]
            if step != last or begun is None:
                continue
            if events[begun].at >= events[at].at - rule.span:
                yield begun, end
        at = end + 1


def _merged(
    key: tuple[str, ...], events: Sequence[Happening], windows: Iterable[tuple[int, int]]
) -> Iterator[Firing]:
    runs: list[tuple[int, int]] = []
    for low, high in windows:
        while runs and runs[-1][1] >= low:
            low = min(low, runs.pop()[0])  # noqa: PLW2901 - the window grows by what it touches
        runs.append((low, high))
    for low, high in runs:
        inside = events[low : high + 1]
        seqs = tuple(dict.fromkeys(each.seq for each in inside))
        yield Firing(key, seqs, inside[0].at, inside[-1].at)
