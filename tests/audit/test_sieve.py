"""The sieve over the search's blocks: it holds back much, and never a block that fits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from searched_log import PEOPLE, PLACES, SERVICES, SearchedLog, digest_of, fits
from sqlalchemy import create_engine, select

from audit import index_check, indexer, sieve
from audit.index_row import joined, mark_of, marks_of
from audit.index_tables import audit_sieve
from audit.query import Query
from audit.verify import INTACT, TAMPERED

CHAPTERS = 8
"""Blocks of a chapter in these tests: thirty-two times as few."""


@pytest.fixture
def log(
    database_url: str, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SearchedLog]:
    """Return a log of one chapter and a little more, on each kind of database."""
    for name, value in {
        "CHAPTER": CHAPTERS,
        "SLICE": 1,
        "OF_CHAPTER": CHAPTERS * 256,
        "_ALL": (1 << CHAPTERS) - 1,
    }.items():
        for module in (sieve, indexer, index_check):
            monkeypatch.setattr(module, name, value, raising=module is sieve)
    made = SearchedLog(database_url, tmp_path / "sealer", now)
    chance = random.Random(5)
    for _ in range(4):
        made.scatter(550, chance)
        made.settle()
    yield made
    made.close()


marks_of_blocks = st.dictionaries(
    st.integers(0, 20), st.sets(st.binary(min_size=4, max_size=4), max_size=30), max_size=6
)


@given(marks_of_blocks, st.lists(st.sets(st.integers(0, 5), max_size=3), max_size=3))
def test_no_block_that_has_the_marks_is_ever_held_back(
    blocks: dict[int, set[bytes]], picks: list[set[int]]
) -> None:
    engine = create_engine("sqlite://")
    audit_sieve.create(engine)
    pool = sorted(set().union(*blocks.values()))
    asked = [[{pool[at % len(pool)] for at in pick}] for pick in picks] if pool else []
    stored = {number: joined(marks) for number, marks in blocks.items()}
    with engine.begin() as connection:
        sieve.lay(connection, 0, sieve.sieve_of(stored))
        passed = sieve.passing(connection, asked, low=0, high=20)
        assert sieve.hiding(connection, 0, stored) is None
    engine.dispose()
    due = {
        number
        for number, marks in blocks.items()
        if all(any(each <= marks for each in group) for group in asked)
    }
    assert passed is None or due <= set(passed)


def test_a_word_that_one_block_of_a_full_chapter_has_brings_few_others() -> None:
    """A usual block has some 1,700 words; about one in sixty others may pass."""
    chance = random.Random(3)
    blocks = {n: {mark_of(f"{chance.random()}") for _ in range(1700)} for n in range(256)}
    engine = create_engine("sqlite://")
    audit_sieve.create(engine)
    with engine.begin() as connection:
        sieve.lay(connection, 0, sieve.sieve_of({n: joined(m) for n, m in blocks.items()}))
        for number in range(0, 256, 16):
            asked = [[{min(blocks[number])}]]
            passed = sieve.passing(connection, asked, low=0, high=255) or []
            assert number in passed
            assert len(passed) < 256 // 10
    engine.dispose()


def test_the_search_finds_through_the_sieve_what_it_finds_without(log: SearchedLog) -> None:
    with log.store.read.connect() as connection:
        assert sieve.is_laid(connection, 0)
        assert not sieve.is_laid(connection, 1)
    every = log.everything()
    decision = next(row.decision for row, _ in every if row.decision and row.seq < 500)
    for query in (
        Query(include={"decision": (decision,)}),
        Query(include={"decision": ("0" * 16,)}),
        Query(include={"address": (digest_of("src_ip", PLACES[1]),)}),
        Query(include={"actor": PEOPLE[:2], "service": SERVICES[1:]}),
        Query(words=("季度预算",), without=("closed",)),
        Query(include={"event": ("sign_in.*",)}, exclude={"unit": ("unit:water",)}),
        Query(since=log.now - timedelta(seconds=100), until=log.now),
    ):
        wanted = [row.seq for row, found in every if fits(query, row, found)]
        page = log.search.page(query, limit=5000)
        assert [each.seq for each in page.entries] == wanted
        assert log.search.count(query).entries == len(wanted)


def test_a_bit_struck_from_the_sieve_hides_a_block_and_is_found(log: SearchedLog) -> None:
    row = log.everything()[-1][0]
    assert row.seq == 0
    bit = sieve.positions(min(marks_of(row.actor)))[0]
    with log.store.read.connect() as connection:
        query = select(audit_sieve.c.slices).where(audit_sieve.c.number == bit // sieve.IN_ROW)
        slices = bytearray(connection.execute(query).scalar_one())
    assert slices[bit % sieve.IN_ROW] & 1
    slices[bit % sieve.IN_ROW] &= ~1
    statement = "UPDATE audit_sieve SET slices = :s WHERE number = :n"
    log.attack(statement, s=bytes(slices), n=bit // sieve.IN_ROW)
    report = log.checked()
    assert (report.code, report.first_bad) == (TAMPERED, 0)
    assert "sieve" in report.findings[0].words
    log.indexer.rebuild()
    assert log.checked().code == INTACT


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM audit_sieve WHERE number = 9", "UPDATE audit_sieve SET slices = ''"],
)
def test_what_is_missing_of_the_sieve_hides_nothing_and_is_found(
    log: SearchedLog, statement: str
) -> None:
    query = Query(include={"address": (digest_of("src_ip", PLACES[0]),)})
    before = log.search.count(query).entries
    log.attack(statement)
    assert log.search.count(query).entries == before
    assert log.checked().code == TAMPERED


def test_without_any_sieve_the_search_is_slower_and_no_less_right(log: SearchedLog) -> None:
    query = Query(include={"address": (digest_of("src_ip", PLACES[0]),)})
    before = log.search.count(query).entries
    log.attack("DELETE FROM audit_sieve")
    assert log.search.count(query).entries == before
    assert log.checked().code == INTACT
    log.index()
    with log.store.read.connect() as connection:
        assert sieve.is_laid(connection, 0)


def test_totals_are_the_entries_own_and_any_other_count_is_found(log: SearchedLog) -> None:
    query = Query(include={"outcome": ("denied",)})
    wanted = sum(row.outcome == "denied" for row, _ in log.everything())
    assert log.search.count(query).entries == wanted
    log.attack("UPDATE audit_total SET entries = entries - 1 WHERE outcome = 'denied'")
    assert log.checked().code == TAMPERED
