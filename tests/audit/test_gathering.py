"""Group commit: shared writes, nothing acknowledged that is not durable, nobody left waiting."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from audit.gathering import Gathering, NotRecordedError, OverfullError
from audit.ledger import Ledger
from audit.record import Actor
from audit.tables import audit_event
from gateway.store.engines import Store

ACTOR = Actor(subject="person:7", address="10.1.2.3")


class Disk:
    """A write that can be held, and fails on demand."""

    def __init__(self) -> None:
        self.writes: list[list[int]] = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.failure: Callable[[Sequence[int]], BaseException | None] = lambda _items: None

    def write(self, items: Sequence[int]) -> None:
        """Write, or fail."""
        self.entered.set()
        assert self.open.wait(10)
        if (failure := self.failure(items)) is not None:
            raise failure
        self.writes.append(list(items))


def test_who_comes_while_a_write_is_under_way_shares_the_next() -> None:
    disk = Disk()
    gathering = Gathering(disk.write)
    disk.open.clear()
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(gathering.put, 0)
        assert disk.entered.wait(10)
        rest = [pool.submit(gathering.put, n) for n in range(1, 21)]
        while len(gathering._waiting) < 20:
            time.sleep(0.001)
        disk.open.set()
        for each in [first, *rest]:
            each.result(10)
    assert disk.writes[0] == [0]
    assert sorted(disk.writes[1]) == list(range(1, 21))
    assert len(disk.writes) == 2


def test_a_write_takes_no_more_than_it_may() -> None:
    disk = Disk()
    gathering = Gathering(disk.write, most=3)
    disk.open.clear()
    with ThreadPoolExecutor(11) as pool:
        waiting = [pool.submit(gathering.put, n) for n in range(11)]
        while len(gathering._waiting) < 10:
            time.sleep(0.001)
        disk.open.set()
        for each in waiting:
            each.result(10)
    assert sorted(n for items in disk.writes for n in items) == list(range(11))
    assert max(map(len, disk.writes)) <= 3


def test_beyond_the_bound_a_caller_is_refused_at_once_and_nothing_is_written() -> None:
    disk = Disk()
    gathering = Gathering(disk.write, room=2)
    disk.open.clear()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(gathering.put, 0)
        assert disk.entered.wait(10)
        rest = [pool.submit(gathering.put, n) for n in (1, 2)]
        while len(gathering._waiting) < 2:
            time.sleep(0.001)
        with pytest.raises(OverfullError):
            gathering.put(3)
        disk.open.set()
        for each in [first, *rest]:
            each.result(10)
    assert sorted(n for items in disk.writes for n in items) == [0, 1, 2]


def test_who_gets_no_turn_in_time_is_refused_and_surely_not_written() -> None:
    disk = Disk()
    gathering = Gathering(disk.write, patience=0.05)
    disk.open.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(gathering.put, 0)
        assert disk.entered.wait(10)
        with pytest.raises(OverfullError):
            gathering.put(1)
        disk.open.set()
        first.result(10)
    gathering.put(2)
    assert disk.writes == [[0], [2]]


def test_a_writer_that_dies_gives_everybody_an_error_and_the_next_call_begins_anew() -> None:
    """Even what is no Exception: the leader's thread is being torn down."""
    disk = Disk()
    gathering = Gathering(disk.write)
    disk.open.clear()
    disk.failure = lambda items: SystemExit(1) if 1 in items else None
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(gathering.put, 0)
        assert disk.entered.wait(10)
        rest = [pool.submit(gathering.put, n) for n in (1, 2, 3)]
        while len(gathering._waiting) < 3:
            time.sleep(0.001)
        disk.open.set()
        first.result(10)
        for each in rest:
            with pytest.raises((NotRecordedError, SystemExit)):
                each.result(10)
    gathering.put(4)
    assert disk.writes == [[0], [4]]


def test_one_entry_that_the_database_refuses_does_not_spoil_the_others() -> None:
    disk = Disk()
    gathering = Gathering(disk.write)
    disk.open.clear()
    disk.failure = lambda items: (
        IntegrityError("", None, sqlite3.IntegrityError("twice")) if 2 in items else None
    )
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(gathering.put, 0)
        assert disk.entered.wait(10)
        rest = {n: pool.submit(gathering.put, n) for n in (1, 2, 3)}
        while len(gathering._waiting) < 3:
            time.sleep(0.001)
        disk.open.set()
        first.result(10)
        rest[1].result(10)
        rest[3].result(10)
        with pytest.raises(SQLAlchemyError):
            rest[2].result(10)
    assert sorted(n for items in disk.writes for n in items) == [0, 1, 3]


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 5))
def test_exactly_what_was_acknowledged_is_written(fails: list[bool], most: int) -> None:
    disk = Disk()
    gathering = Gathering(disk.write, most=most)
    disk.failure = lambda items: OSError("disk full") if any(fails[n] for n in items) else None

    def put(number: int) -> int | None:
        try:
            gathering.put(number)
        except (NotRecordedError, OSError):
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        acknowledged = {n for n in pool.map(put, range(len(fails))) if n is not None}
    written = [n for items in disk.writes for n in items]
    assert acknowledged == set(written)
    assert len(written) == len(acknowledged)
    assert not any(fails[n] for n in acknowledged)


def test_a_fork_in_the_middle_of_a_write_does_not_hang_the_child() -> None:
    disk = Disk()
    gathering = Gathering(disk.write)
    disk.open.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(gathering.put, 0)
        assert disk.entered.wait(10)
        child = os.fork()
        if child == 0:
            disk.open = threading.Event()
            disk.open.set()
            gathering.put(1)
            os._exit(0 if disk.writes == [[1]] else 1)
        assert os.waitpid(child, 0)[1] == 0
        disk.open.set()
        first.result(10)
    assert disk.writes == [[0]]


def entries(store: Store) -> set[str]:
    with store.read.connect() as connection:
        return set(connection.execute(select(audit_event.c.eid)).scalars())


def test_an_acknowledged_entry_is_in_the_database_for_everybody(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    def write(_number: int) -> bool:
        return ledger.append("unit.created", actor=ACTOR, now=now) in entries(store)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(write, range(96)))
    assert len(entries(store)) == 96


def test_thirty_two_callers_share_commits(store: Store, ledger: Ledger, now: datetime) -> None:
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(store.write, "commit", count)
    with ThreadPoolExecutor(32) as pool:
        list(
            pool.map(lambda _n: ledger.append("decision.denied", actor=ACTOR, now=now), range(640))
        )
    event.remove(store.write, "commit", count)
    assert len(entries(store)) == 640
    assert commits < 320


@pytest.mark.parametrize("failing", range(1, 5))
def test_whichever_statement_fails_nothing_is_acknowledged_and_the_next_append_works(
    store: Store, ledger: Ledger, now: datetime, failing: int
) -> None:
    ledger.append("unit.created", actor=ACTOR, now=now)
    before, seen = entries(store), 0

    def fail(*_arguments: object) -> None:
        nonlocal seen
        seen += 1
        if seen == failing:
            raise OSError(28, "No space left on device")

    event.listen(store.write, "before_cursor_execute", fail)
    event.listen(store.write, "commit", fail)
    refused = False
    try:
        ledger.append("unit.created", actor=ACTOR, now=now)
    except OSError:
        refused = True
    finally:
        event.remove(store.write, "before_cursor_execute", fail)
        event.remove(store.write, "commit", fail)
    assert len(entries(store)) == len(before) + (not refused)
    assert refused == (seen >= failing)
    ledger.append("unit.created", actor=ACTOR, now=now)
    assert len(entries(store)) == len(before) + 1 + (not refused)
