"""The publisher is killed in the middle of a trial: the workers that are left end it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from change_world import ROW, approved, who, with_new_unit
from forking import Talk, forks
from web_office import furnish, open_office

from gateway.changes import acts
from gateway.changes.room import Room
from policies import versions
from policies.dossier.dossiers import State

PATIENCE = 60.0


@pytest.fixture(scope="module")
def fork() -> Iterator[Callable[[], Talk]]:
    """Start a worker."""
    with forks("change_worker") as begin:
        yield begin


@pytest.fixture
def room(database_url: str, tmp_path: Path) -> Iterator[Room]:
    """An office with a new unit, on each kind of database."""
    furnish(tmp_path, database=database_url)
    office = open_office(tmp_path, database=database_url)
    with_new_unit(office)
    yield office.room
    office.store.close()


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_attack_kill_9_between_publication_and_confirmation_ends_in_the_rules_from_before(
    room: Room, fork: Callable[[], Talk], database_url: str, tmp_path: Path
) -> None:
    """One worker decided by the new rules, another starts after the deadline: both go back."""
    place = [database_url, str(tmp_path)]
    then = datetime.now(UTC) - timedelta(minutes=2)
    ref = approved(room, then)
    running, publisher = fork(), fork()
    running.say(place)
    publisher.say(place)
    ask = {"ask": who(room, "gaofei").subject}
    assert running.ask(ask) == {"outcome": "deny"}
    act = {"publish": ref, "now": then.isoformat(), "by": who(room, "zhaomin").subject}
    assert publisher.ask(act) == {"published": True}
    assert running.ask(ask) == {"outcome": "allow"}
    publisher.kill()
    late = fork()
    late.say(place)
    assert late.ask(ask) == {"outcome": "allow"}  # nobody has looked yet
    assert late.ask({"work": True}) == {"works": True}
    assert eventually(lambda: acts.dossier(room, ref).state is State.ROLLED_BACK)
    assert acts.dossier(room, ref).ended_why == "not_confirmed"
    assert [each.ask(ask) for each in (late, running)] == [{"outcome": "deny"}] * 2
    with room.registry.store.reading() as session:
        rules = versions.current(session)
        seqs = [each.seq for each in versions.history(session)]
    assert rules is not None
    assert ROW.strip() not in rules.text()
    assert seqs == [3, 2, 1]
