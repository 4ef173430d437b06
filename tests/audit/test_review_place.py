"""The place of the rules: whoever moves it past entries by hand hides none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from forged_log import bodies
from searched_log import PEOPLE, SearchedLog, mac
from sqlalchemy import Connection, delete, func, select, text, update

from audit import verify
from audit.index_tables import audit_index, audit_index_state
from audit.record import Actor
from audit.review import agreement
from audit.review.runner import IndexTorn
from audit.review.tables import review_finding, review_link, review_place
from audit.verify import Report

Hand = Callable[[Connection], object]
FORWARD: dict[str, Hand] = {
    "moved forward": lambda c: c.execute(
        update(review_place).values(next=review_place.c.next + 30)
    ),
    "moved to the end of all numbers": lambda c: c.execute(
        update(review_place).values(next=2**63 - 1)
    ),
    "moved forward without a word": lambda c: c.execute(
        update(review_place).values(next=10**6, word=None)
    ),
    "deleted": lambda c: c.execute(delete(review_place)),
    "below zero": lambda c: c.execute(update(review_place).values(next=-1)),
}


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """A log that the rules have looked at, before anything happens."""
    log = SearchedLog(database_url, tmp_path / "sealer", now)
    log.ledger.append("audit.search_saved", actor=Actor(subject=PEOPLE[3]), now=now)
    log.settle()
    assert log.rules().catch_up(now=now)
    yield log
    log.close()


def deny(log: SearchedLog) -> None:
    """A burst that a rule is to find."""
    for second in range(20):
        at = log.now + timedelta(seconds=second)
        who = Actor(subject=PEOPLE[0])
        log.ledger.append("decision.denied", actor=who, now=at, outcome="denied")
    log.settle()


def by_hand(log: SearchedLog, hand: Hand) -> None:
    with log.engine.begin() as connection:
        hand(connection)


def findings(log: SearchedLog) -> list[str]:
    with log.store.read.connect() as connection:
        return sorted(connection.execute(select(review_finding.c.rule)).scalars())


def links(log: SearchedLog) -> int:
    with log.store.read.connect() as connection:
        return connection.execute(select(func.count()).select_from(review_link)).scalar_one()


def place(log: SearchedLog) -> int:
    with log.store.read.connect() as connection:
        return connection.execute(select(review_place.c.next)).scalar_one()


def verified(log: SearchedLog) -> int:
    report = Report()
    agreement.inspect(log.store.read, report, mac=mac)
    assert all(each.index is not None for each in report.findings)
    return report.code


def interruptions(log: SearchedLog) -> list[str]:
    log.settle()
    return [each["why"] for each in bodies(log, "audit.unwatched")]


@pytest.mark.parametrize("way", FORWARD)
def test_attack_entries_are_not_hidden_by_moving_the_place_past_them(
    log: SearchedLog, way: str
) -> None:
    """Verify names it, the rules look all the same, and what was done is itself found."""
    assert verified(log) == verify.INTACT
    by_hand(log, FORWARD[way])
    assert verified(log) == verify.TAMPERED
    deny(log)
    log.rules().catch_up(now=log.now)
    assert findings(log) == ["denied_burst"]
    assert interruptions(log) == ["place_gone" if way == "deleted" else "place_forged"]
    assert verified(log) == verify.INTACT
    log.rules().catch_up(now=log.now)
    assert findings(log) == ["denied_burst", "log_impaired"]


def test_attack_the_word_of_another_place_is_no_word_for_this_one(log: SearchedLog) -> None:
    deny(log)
    by_hand(log, lambda c: c.execute(update(review_place).values(next=place(log) + 20)))
    log.rules().catch_up(now=log.now)
    assert findings(log) == ["denied_burst"]


def test_attack_an_older_place_put_back_repeats_nothing(log: SearchedLog) -> None:
    """With its word, or at the very beginning, which needs none: nobody is accused of it."""
    with log.store.read.connect() as connection:
        old = connection.execute(select(review_place)).mappings().one()
    deny(log)
    log.rules().catch_up(now=log.now)
    before = findings(log), links(log)
    for values in (dict(old), {"next": 0}, {"next": 0, "word": None}):
        by_hand(log, lambda c, values=values: c.execute(update(review_place).values(**values)))
        log.rules().catch_up(now=log.now)
        assert (findings(log), links(log)) == before
    assert before == (["denied_burst"], 20)
    assert interruptions(log) == []


def test_attack_a_forged_place_does_not_make_a_process_begin_where_all_began(
    log: SearchedLog,
) -> None:
    """Else whoever writes the place again and again keeps the rules from ever getting on."""
    rules = log.rules()
    deny(log)
    assert rules.catch_up(now=log.now) >= 20
    for _ in range(3):
        by_hand(log, FORWARD["moved forward"])
        log.settle()
        assert rules.catch_up(now=log.now) < 20
    assert findings(log).count("denied_burst") == 1


def test_attack_a_place_that_is_no_number_stops_no_rules(log: SearchedLog) -> None:
    """PostgreSQL keeps numbers only; there a far one is written."""
    values = ("'soon'", "x'ff'", "CAST(x'ff' AS TEXT)", "1e300")
    deny(log)
    for value in values if log.engine.dialect.name == "sqlite" else ("9e18", "-1"):
        by_hand(log, lambda c, v=value: c.execute(text(f"UPDATE review_place SET next = {v}")))
        verified(log)
        log.rules().catch_up(now=log.now)
    assert findings(log).count("denied_burst") == 1


def test_attack_entries_missing_in_the_index_are_waited_for_and_not_passed_by(
    log: SearchedLog,
) -> None:
    deny(log)
    before = place(log)
    by_hand(log, lambda c: c.execute(delete(audit_index).where(audit_index.c.seq == before + 3)))
    rules = log.rules()
    for _ in range(2):
        with pytest.raises(IndexTorn, match=str(before + 3)):
            rules.catch_up(now=log.now)
    assert place(log) == before
    log.indexer.rebuild()
    assert interruptions(log) == ["index_torn"]
    rules.catch_up(now=log.now)
    assert findings(log) == ["denied_burst", "log_impaired"]


def test_attack_entries_that_the_index_says_were_pruned_do_not_go_unsaid(log: SearchedLog) -> None:
    deny(log)
    with log.store.read.connect() as connection:
        end = connection.execute(select(audit_index_state.c.size)).scalar_one()
    by_hand(log, lambda c: c.execute(update(audit_index_state).values(first=end)))
    log.rules().catch_up(now=log.now)
    assert interruptions(log) == ["pruned"]
    log.rules().catch_up(now=log.now)
    assert findings(log) == ["log_impaired"]
