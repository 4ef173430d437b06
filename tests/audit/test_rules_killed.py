"""The rules killed at every write: what they found is there once and whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from forged_log import bodies
from forking import forks
from searched_log import PEOPLE, SearchedLog
from sqlalchemy import func, select

from audit.record import Actor
from audit.review.tables import review_finding, review_link, review_place

WRITES = 200
"""More than a round says to the database."""


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """Return a log in which two people were refused often enough for a finding each."""
    log = SearchedLog(database_url, tmp_path / "sealer", now)
    for who in PEOPLE[:2]:
        for second in range(20):
            at = now + timedelta(seconds=second)
            log.ledger.append("decision.denied", actor=Actor(subject=who), now=at, outcome="denied")
    log.settle()
    yield log
    log.close()


def state(log: SearchedLog) -> tuple[int, int, int]:
    """How many findings there are, with how many entries, and how far the rules are."""
    count = select(func.count())
    with log.store.read.connect() as connection:
        run = connection.execute
        findings = run(count.select_from(review_finding)).scalar_one()
        links = run(count.select_from(review_link)).scalar_one()
        place = run(select(review_place.c.next)).scalar_one()
    return findings, links, place


def test_kill_9_of_the_rules_at_every_write_finds_everything_once(log: SearchedLog) -> None:
    before, asked = state(log), {"url": log.url, "now": log.now.isoformat()}
    assert before[:2] == (0, 0)
    with forks("killed_rules") as fork:
        for at in range(1, WRITES):
            process = fork()
            process.say({**asked, "at": at})
            if process.hear() is not None:
                break
            assert state(log) == before
        done = state(log)
        again = fork()
        again.say({**asked, "at": -1})
        assert again.hear() is None
    assert at > 5
    assert done[:2] == (2, 40)
    assert done[2] > before[2]
    log.seal(after=1)
    assert len(bodies(log, "review.found")) == 2
    log.index()
    assert state(log) == done


def test_kill_9_of_the_rules_right_after_the_commit_repeats_nothing(log: SearchedLog) -> None:
    asked = {"url": log.url, "now": log.now.isoformat()}
    with forks("killed_rules") as fork:
        first = fork()
        first.say({**asked, "at": -1})
        assert first.hear() is None
        done = state(log)
        second = fork()
        second.say({**asked, "at": 0})
        assert second.hear() == {"done": 0}
    assert done[:2] == (2, 40)
    assert state(log) == done
