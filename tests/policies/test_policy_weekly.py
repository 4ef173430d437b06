"""Windows that come back every week, against a calendar that shares nothing with ours."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_worlds import PEOPLE

from policies.change.spans import Cuts, Span, joined, spans
from policies.compiled_rules import Windows, is_open, windows_of
from policies.decision import Request
from policies.engine import build
from policies.fixes import Change
from policies.functions import in_win, is_window
from policies.memberships import Memberships
from policies.rules import Rule, RuleProblems, RuleSet
from policies.why import explain

CHINA = timezone(timedelta(hours=8))
WORKING = "week:1-5@08:30-12:00+08:00|week:1-5@13:30-17:30+08:00"
OFFSETS = ("+00:00", "+08:00", "-05:30", "+14:00", "-12:00", "+05:45", "-00:15")
WEEK = 7 * 86_400


@st.composite
def weeks(draw: st.DrawFn) -> str:
    first = draw(st.integers(1, 7))
    last = draw(st.integers(first, 7))
    opens = draw(st.integers(0, 1439))
    closes = draw(st.integers(opens + 1, 1440))
    hours = "-".join(f"{each // 60:02}:{each % 60:02}" for each in (opens, closes))
    days = f"{first}" if first == last else f"{first}-{last}"
    return f"week:{days}@{hours}{draw(st.sampled_from(OFFSETS))}"


def once() -> st.SearchStrategy[str]:
    """Absolute windows of minutes to months, in the first year."""
    times = st.tuples(st.integers(0, 40_000_000), st.integers(1, 20_000_000))
    return times.map(lambda each: f"{each[0]}~{sum(each)}")


MIXED = st.lists(weeks() | once(), min_size=1, max_size=3).map("|".join)


def by_calendar(now: int, window: str) -> bool:
    """The meaning, minute by minute, by Python's calendar."""
    days, hours = window.removeprefix("week:").split("@")
    ahead = datetime.strptime(hours[-6:], "%z").tzinfo
    local = datetime.fromtimestamp(now, ahead)
    first, _, last = days.partition("-")
    opens, closes = hours[:-6].split("-")
    is_day = int(first) <= local.isoweekday() <= int(last or first)
    return is_day and opens <= local.strftime("%H:%M") < closes


@given(window=weeks(), now=st.integers(0, 4_000_000_000), nearness=st.integers(-2, 2))
def test_each_reading_of_a_weekly_window_is_that_of_a_calendar(
    window: str, now: int, nearness: int
) -> None:
    """At any second, and around each second at which the window opens or closes."""
    compiled = windows_of(window)
    edges = [
        edge + (now - edge) // WEEK * WEEK for first, end, _ in compiled for edge in (first, end)
    ]
    for moment in (now, *(max(0, edge + nearness) for edge in edges)):
        expected = by_calendar(moment, window)
        assert in_win(moment, window) is expected
        assert is_open(compiled, moment) is expected


@given(windows=MIXED, now=st.integers(0, 80_000_000))
def test_both_engines_read_mixed_windows_alike(windows: str, now: int) -> None:
    assert in_win(now, windows) is is_open(windows_of(windows), now)


def test_working_hours_hold_to_the_second() -> None:
    monday = datetime(2026, 11, 30, tzinfo=CHINA)

    def is_inside(day: int, *clock: int) -> bool:
        return in_win(
            int(
                (monday + timedelta(days=day))
                .replace(hour=clock[0], minute=clock[1], second=clock[2])
                .timestamp()
            ),
            WORKING,
        )

    for day in range(5):
        assert [
            is_inside(day, *at) for at in ((8, 29, 59), (8, 30, 0), (11, 59, 59), (12, 0, 0))
        ] == [False, True, True, False]
        assert [
            is_inside(day, *at) for at in ((13, 29, 59), (13, 30, 0), (17, 29, 59), (17, 30, 0))
        ] == [False, True, True, False]
    assert not any(is_inside(day, 10, 0, 0) for day in (5, 6))


def test_summer_time_moves_no_window() -> None:
    """New York put its clocks forward on 2026-03-08; a fixed offset did not."""
    newyork = ZoneInfo("America/New_York")
    before, after = (datetime(2026, 3, day, 9, tzinfo=newyork) for day in (6, 9))
    window = "week:1-5@09:00-10:00-05:00"
    assert in_win(int(before.timestamp()), window)
    assert not in_win(int(after.timestamp()), window)
    assert in_win(int(after.timestamp()) + 3600, window)


BAD = {
    "no such day": "week:0@08:00-09:00+08:00",
    "an eighth day": "week:1-8@08:00-09:00+08:00",
    "days turned round": "week:5-1@08:00-09:00+08:00",
    "one day written as two": "week:3-3@08:00-09:00+08:00",
    "over midnight": "week:1-5@22:00-06:00+08:00",
    "never open": "week:1@08:00-08:00+08:00",
    "no such hour": "week:1@08:00-24:01+08:00",
    "no such minute": "week:1@08:60-09:00+08:00",
    "no offset": "week:1@08:00-09:00",
    "too far east": "week:1@08:00-09:00+14:15",
    "too far west": "week:1@08:00-09:00-12:15",
    "no such offset": "week:1@08:00-09:00+08:07",
    "another nought": "week:1@08:00-09:00-00:00",
    "seconds": "week:1@08:00:00-09:00:00+08:00",
    "Arabic digits": "week:1@0\u0668:00-09:00+08:00",
    "a name": "week:mon@08:00-09:00+08:00",
    "an end of line": "week:1@08:00-09:00+08:00\n",
    "nothing": "week:",
}


@pytest.mark.parametrize("window", BAD.values(), ids=BAD)
def test_a_bad_weekly_window_never_opens_and_is_refused_with_the_fix(window: str) -> None:
    assert not is_window(window)
    assert not any(in_win(now, window) for now in range(0, WEEK, 1800))
    with pytest.raises(RuleProblems) as refused:
        Rule("*", "*", "svc:s/**", "*", "*", "*", "*", f"0~9|{window}", "allow")
    (problem,) = refused.value.problems
    assert problem.what.startswith("win is")
    if window.isascii() and "\n" not in window:
        assert "week:1-5@08:30-17:30+08:00" in problem.fix


@given(text=st.text("week:1-7@08:30+- |~", max_size=30))
def test_no_text_makes_the_reader_of_windows_fail(text: str) -> None:
    assert in_win(5, text) in (True, False)
    assert windows_of(text)


def test_the_order_of_windows_makes_no_other_rule() -> None:
    one, other = (
        Rule("*", "*", "svc:s/**", "*", "*", "*", "*", win, "allow")
        for win in (f"{WORKING}|10~20", f"10~20|{'|'.join(reversed(WORKING.split('|')))}")
    )
    assert (one, one.id) == (other, other.id)
    assert RuleSet.parse(RuleSet((one,)).text()).rules == (one,)


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-11-27 08:00", "2026-11-27 08:30"),  # a Friday
        ("2026-11-27 12:00", "2026-11-27 13:30"),
        ("2026-11-27 17:30", "2026-11-30 08:30"),
        ("2026-11-29 23:59", "2026-11-30 08:30"),
    ],
)
def test_an_explanation_says_when_the_window_opens_next(asked: str, opens: str) -> None:
    rules = RuleSet((Rule("*", "*", "svc:s/**", "*", "*", "*", "*", f"10~20|{WORKING}", "allow"),))
    now, then = (
        int(datetime.fromisoformat(each).replace(tzinfo=CHINA).timestamp())
        for each in (asked, opens)
    )
    engine = build(rules, Memberships(roles=((PEOPLE[0], "role:a", "intranet"),)))
    request = Request(
        subject=PEOPLE[0], zone="intranet", object="svc:s/", action="GET", strength=2, now=now
    )
    (step,) = explain(engine, request).fix
    assert (step.change, step.value) == (Change.WAIT, str(then))


@given(windows=weeks(), now=st.integers(0, 100_000_000))
def test_nothing_opens_between_now_and_what_is_said_to_open_next(windows: str, now: int) -> None:
    compiled = windows_of(windows)
    if is_open(compiled, now):
        return
    rules = RuleSet((Rule("*", "*", "svc:s/**", "*", "*", "*", "*", windows, "allow"),))
    engine = build(rules, Memberships(roles=((PEOPLE[0], "role:a", "intranet"),)))
    request = Request(
        subject=PEOPLE[0], zone="intranet", object="svc:s/", action="GET", strength=2, now=now
    )
    (step,) = explain(engine, request).fix
    opens = int(step.value)
    assert now < opens <= now + WEEK
    assert by_calendar(opens, windows)
    assert not any(by_calendar(each, windows) for each in range(opens - 1, now, -900))


def alike(compiled: list[Windows], one: int, other: int) -> bool:
    return all(is_open(each, one) == is_open(each, other) for each in compiled)


@given(
    texts=st.lists(MIXED, min_size=1, max_size=3),
    since=st.integers(0, 60_000_000),
    seed=st.integers(0, 9),
)
def test_time_is_cut_so_that_each_moment_lies_in_one_span_and_is_like_its_start(
    texts: list[str], since: int, seed: int
) -> None:
    """Also right at the cuts, which is where mistakes live."""
    compiled = [windows_of(each) for each in texts]
    cuts = Cuts(compiled, since=since)
    found = cuts.spans()
    luck = Random(seed)
    edges = [edge for each in found for edge in (each.start, each.end, each.until) if edge]
    moments = [luck.randint(since, since + 90_000_000) for _ in range(20)]
    moments += [luck.choice(edges) + luck.choice((-1, 0, 1, WEEK, -WEEK)) for _ in range(30)]
    for now in (each for each in moments if each >= since):
        (span,) = [each for each in found if each.holds(now)]
        assert alike(compiled, now, span.start)
        first = cuts.first_like(now)
        assert since <= first <= now
        assert alike(compiled, now, first)
        assert sum(each.holds(now) for each in joined(found)) == 1
    assert joined(found) == (Span(since),)


@given(texts=st.lists(MIXED, min_size=1, max_size=2), keep=st.sets(st.integers(0, 200)))
def test_joining_spans_keeps_their_times(texts: list[str], keep: set[int]) -> None:
    found = spans([windows_of(each) for each in texts], since=0)
    chosen = [span for at, span in enumerate(found) if at in keep]
    merged = joined(chosen)
    assert len(merged) <= len(chosen)
    luck = Random(len(found))
    edges = [edge for each in found for edge in (each.start, each.end, each.until) if edge]
    for now in (luck.choice(edges or [0]) + luck.choice((-1, 0, 1, WEEK)) for _ in range(60)):
        assert any(each.holds(now) for each in chosen) is any(each.holds(now) for each in merged)


def test_a_question_that_comes_back_each_week_is_one_question() -> None:
    cuts = Cuts([windows_of(WORKING)])
    noon = int(datetime(2026, 11, 25, 10, tzinfo=CHINA).timestamp())
    assert cuts.first_like(noon) == cuts.first_like(noon + WEEK) == cuts.first_like(noon + 60)
    assert len({cuts.first_like(noon + minutes * 60) for minutes in range(60 * 24 * 21)}) == 20
