"""The correlation engine finds what a plain reading finds, whatever the order of arrival."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.review.engine import Firing, Happening, fire
from audit.review.rule import Pick, Rule, Type

SPAN = 10
PICKS = (Pick("a", ()), Pick("b", ()), Pick("c", ()))


def rule(kind: Type, *, op: str = "gte", count: int = 3) -> Rule:
    return Rule(
        name="rule",
        title="",
        title_zh="",
        description="",
        description_zh="",
        level="low",
        type=kind,
        picks=PICKS,
        group_by=("actor",),
        span=SPAN,
        op=op,
        count=count,
    )


@st.composite
def streams(draw: st.DrawFn) -> list[Happening]:
    """Return entries with few different times, groups and values, so that edges are hit."""
    found = []
    for seq in range(draw(st.integers(0, 14))):
        at, key, value = (
            draw(st.integers(0, 30)),
            draw(st.sampled_from("xy")),
            draw(st.sampled_from("123")),
        )
        steps = draw(st.sets(st.integers(0, 2), min_size=1, max_size=2))
        found += [Happening(at, seq, step, (key,), value) for step in steps]
    return found


def _satisfied(rule: Rule, window: list[Happening]) -> bool:
    """Whether entries that lie within one span satisfy the rule: read straight off its text."""
    if rule.type is Type.EVENT_COUNT:
        return rule.holds(len({each.seq for each in window}))
    if rule.type is Type.VALUE_COUNT:
        return rule.holds(len({each.value for each in window}))
    return {each.step for each in window} == {0, 1, 2}


def naive(rule: Rule, stream: list[Happening]) -> set[frozenset[int]]:
    """The firings as sets of entries, by trying every window."""
    found: set[frozenset[int]] = set()
    for key in {each.key for each in stream}:
        events = sorted(each for each in stream if each.key == key)
        windows = []
        for end in events:
            upto = [each for each in events if (each.at, each.seq) <= (end.at, end.seq)]
            window = [each for each in upto if each.at >= end.at - rule.span]
            if rule.type is Type.TEMPORAL_ORDERED:
                windows += _chain(rule, window, end)
            elif _satisfied(rule, window):
                windows.append({each.seq for each in window})
        found |= _joined(windows)
    return found


def _chain(rule: Rule, window: list[Happening], end: Happening) -> list[set[int]]:
    """The entries from the latest possible beginning of a chain that ends at `end`."""
    chains = [
        (first, second)
        for first, second in product(window, window)
        if (first.step, second.step) == (0, 1)
        and (first.at, first.seq) < (second.at, second.seq) < (end.at, end.seq)
    ]
    if end.step != 2 or not chains:
        return []
    begun = max((first.at, first.seq) for first, _ in chains)
    return [{each.seq for each in window if (each.at, each.seq) >= begun}]


def _joined(windows: list[set[int]]) -> set[frozenset[int]]:
    """Windows that share an entry are one."""
    joined: list[set[int]] = []
    for window in windows:
        touching = [each for each in joined if each & window]
        joined = [each for each in joined if not each & window]
        joined.append(window.union(*touching))
    return {frozenset(each) for each in joined}


@pytest.mark.parametrize("kind", list(Type))
@given(stream=streams(), op=st.sampled_from(("gte", "gt", "eq")), count=st.integers(1, 4))
@settings(max_examples=400, deadline=None)
def test_the_engine_finds_what_trying_every_window_finds(
    kind: Type, stream: list[Happening], op: str, count: int
) -> None:
    asked = rule(kind, op=op, count=count)
    assert {frozenset(each.seqs) for each in fire(asked, stream)} == naive(asked, stream)


@pytest.mark.parametrize("kind", list(Type))
@given(stream=streams(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_the_order_of_arrival_makes_no_difference(
    kind: Type, stream: list[Happening], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(stream))
    assert fire(rule(kind), shuffled) == fire(rule(kind), stream)


def test_both_edges_of_a_window_belong_to_it() -> None:
    def at(*times: int) -> list[Happening]:
        return [Happening(time, seq, 0, ("x",)) for seq, time in enumerate(times)]

    asked = rule(Type.EVENT_COUNT, count=2)
    assert fire(asked, at(0, SPAN)) == [Firing(("x",), (0, 1), 0, SPAN)]
    assert fire(asked, at(0, SPAN + 1)) == []


def test_one_entry_is_not_two_steps_of_a_chain() -> None:
    stream = [Happening(0, 0, step, ("x",)) for step in range(3)]
    assert fire(rule(Type.TEMPORAL_ORDERED), stream) == []
    assert len(fire(rule(Type.TEMPORAL), stream)) == 1
