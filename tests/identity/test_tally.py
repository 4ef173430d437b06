"""Refusals that repeat: the first in full, the rest as a number, and none lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity_world import World

from audit.record import Actor
from gateway.identity import housekeeping
from gateway.identity.sign_in import SignInRefused, Throttled
from gateway.identity.tally import MOST, Tally

WHO = Actor(subject="system:stranger")
WORLD_BEGAN = datetime(2026, 11, 22, 6, 0, 1, tzinfo=UTC)


class Counting:
    """A ledger on a disc that may be full."""

    def __init__(self, *, fails: bool = False) -> None:
        self.total = 0
        self.fails = fails

    def append(self, _event: str, *, details: dict[str, int], **_rest: object) -> None:
        """Add up what the entries count."""
        if self.fails:
            raise OSError("no space left")
        self.total += details["repeated"]


def refused(world: World) -> list[int]:
    """Return what each entry about throttling counts for: 1, or the number that it repeats."""
    entries = [each for each in world.events() if each["ev"] == "sign_in.throttled"]
    counts = []
    for each in entries:
        details = each["d"]
        assert isinstance(details, dict)
        counts.append(int(details.get("repeated", 1)))
    return counts


def test_flood_of_throttled_attempts_is_one_entry_a_minute_with_its_number(world: World) -> None:
    world.clock = world.clock.replace(second=1)
    throttled = 0
    for _ in range(200):
        try:
            world.password("li.lei", "wrong")
        except Throttled:
            throttled += 1
        except SignInRefused:
            pass
    assert refused(world) == [1]
    housekeeping.sweep(world.registry, now=world.clock + timedelta(seconds=30))
    assert refused(world) == [1]
    housekeeping.sweep(world.registry, now=world.clock + timedelta(minutes=1))
    assert refused(world) == [1, throttled - 1]


def test_threads_of_one_process_lose_nothing(world: World) -> None:
    """What comes in while the minute turns is counted in one minute or the other."""
    tally, ledger = world.registry.tally, world.registry.ledger
    firsts = []

    def refuse(number: int) -> None:
        now = world.clock + timedelta(milliseconds=100 * number)
        if tally.is_first("sign_in.throttled", "throttled", actor=WHO, place="x", now=now):
            firsts.append(number)
        if number % 50 == 0:
            tally.flush(ledger, now=now)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(refuse, range(1000)))
    tally.flush(ledger, now=world.clock, everything=True)
    assert len(firsts) + sum(refused(world)) == 1000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200)), max_size=60))
def test_counts_add_up_whatever_comes_when(steps: list[tuple[int, int]]) -> None:
    from_where = Tally()
    moment = WORLD_BEGAN
    firsts = 0
    for place, seconds in steps:
        moment += timedelta(seconds=seconds)
        firsts += from_where.is_first("e", "r", actor=WHO, place=str(place), now=moment)
    ledger = Counting()
    from_where.flush(ledger, now=moment, everything=True)  # type: ignore[arg-type]
    assert firsts + ledger.total == len(steps)


def test_ten_thousand_senders_do_not_fill_memory_or_log() -> None:
    """Beyond a thousand a minute they share one count."""
    tally = Tally()
    firsts = sum(
        tally.is_first("e", "r", actor=WHO, place=str(n), now=WORLD_BEGAN) for n in range(10_000)
    )
    ledger = Counting()
    entries = tally.flush(ledger, now=WORLD_BEGAN, everything=True)  # type: ignore[arg-type]
    assert firsts == MOST + 1
    assert (entries, firsts + ledger.total) == (1, 10_000)


def test_failed_flush_keeps_the_counts_for_the_next() -> None:
    tally, broken, ledger = Tally(), Counting(fails=True), Counting()
    for _ in range(5):
        tally.is_first("e", "r", actor=WHO, place="x", now=WORLD_BEGAN)
    with pytest.raises(OSError, match="no space"):
        tally.flush(broken, now=WORLD_BEGAN, everything=True)  # type: ignore[arg-type]
    tally.flush(ledger, now=WORLD_BEGAN, everything=True)  # type: ignore[arg-type]
    assert ledger.total == 4
