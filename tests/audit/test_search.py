"""The search finds what a plain reading of every entry finds, page by page."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from searched_log import (
    PEOPLE,
    PLACES,
    SERVICES,
    SearchedLog,
    digest_of,
    fits,
)

from audit import walk as walk_module
from audit.entry import Flaw
from audit.query import BadQuery, Query
from audit.record import Actor

DAY = datetime.fromisoformat("2026-11-22T06:00:00+00:00")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchedLog]:
    """Return a log of some 1,500 entries in every block size, indexed in uneven rounds."""
    folder = tmp_path_factory.mktemp("searched")
    url = _fresh(request, folder)
    log = SearchedLog(url, folder / "sealer", DAY)
    chance = random.Random(4)
    for count in (1, 255, 300, 37, 512, 400):
        log.scatter(count, chance)
        log.settle()
    log.read_once = log.everything()
    yield log
    log.close()


def _fresh(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "sqlite":
        path = folder / "log.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        return f"sqlite:///{path}"
    return str(request.getfixturevalue("postgresql_of_module"))


@pytest.fixture
def searched(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """Return an empty log with its index, on each kind of database."""
    log = SearchedLog(database_url, tmp_path / "sealer", now)
    yield log
    log.close()


VALUES = {
    "event": ("decision.*", "decision.denied", "unit.changed", "sign_in.refused", "log.heartbeat"),
    "outcome": ("success", "denied", "failure"),
    "actor": (*PEOPLE, "system:sealer"),
    "object": ("unit:water", "svc:ledger/0", "svc:ledger"),
    "unit": ("unit:finance", "unit:water"),
    "service": SERVICES,
    "session": ("a" * 16, "c" * 16),
    "reason": ("no_rule", "credentials"),
    "policy": ("v1",),
    "zone": ("intranet", "extranet"),
    "address": tuple(digest_of("src_ip", place) for place in (*PLACES, "8.8.8.8")),
    "name": (digest_of("login", "root"),),
    "class_uid": ("6004", "3002"),
}
chosen = st.dictionaries(st.sampled_from(sorted(VALUES)), st.just(()), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries(
        {
            name: st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2, unique=True).map(
                tuple
            )
            for name in names
        }
    )
)
TERMS = (
    *("ledger", "LEDGER", "季度", "预算", "度", "季度预算", "draft", "100%", "_done_", "calc"),
    *("ä", "strasse", "Ledger closed", "closed ledger", "7"),
)
terms = st.lists(st.sampled_from(TERMS), max_size=1).map(tuple)
moments = st.none() | st.integers(-60, 300).map(lambda s: DAY + timedelta(seconds=s))
queries = st.builds(
    lambda since, until, **rest: Query(
        since=since, until=until if not (since and until and since >= until) else None, **rest
    ),
    since=moments,
    until=moments,
    include=chosen,
    exclude=chosen,
    words=terms,
    without=terms,
)


@settings(max_examples=60)
@given(query=queries, limit=st.integers(10, 90))
def test_every_query_finds_exactly_what_reading_every_entry_finds(
    full: SearchedLog, query: Query, limit: int
) -> None:
    wanted = [row.seq for row, found in full.read_once if fits(query, row, found)]
    seen: list[int] = []
    before: int | None = None
    while True:
        page = full.search.page(query, before=before, limit=limit)
        assert len(page.entries) <= limit
        seen += [entry.seq for entry in page.entries]
        assert not any(entry.flaw for entry in page.entries)
        if page.older is None:
            break
        before = page.older
    assert seen == wanted
    assert full.search.count(query).entries == len(wanted)
    assert full.search.count(query).exact


@settings(max_examples=25)
@given(query=queries, limit=st.integers(20, 90))
def test_going_back_up_shows_the_same_pages(full: SearchedLog, query: Query, limit: int) -> None:
    down: list[int] = []
    before: int | None = None
    while True:
        page = full.search.page(query, before=before, limit=limit)
        down += [entry.seq for entry in page.entries]
        if page.older is None:
            break
        before = page.older
    up: list[int] = []
    after: int | None = -1
    while after is not None:
        page = full.search.page(query, after=after, limit=limit)
        up[:0] = [entry.seq for entry in page.entries]
        after = page.newer
    assert up == down


@given(query=queries)
def test_the_address_of_a_page_reproduces_its_query(query: Query) -> None:
    assert Query.of_text(query.text()) == query


def test_pages_neither_skip_nor_repeat_while_entries_are_written(searched: SearchedLog) -> None:
    chance = random.Random(7)
    searched.scatter(400, chance)
    searched.settle()
    query = Query(include={"event": ("decision.*",)})
    there = [row.seq for row, found in searched.everything() if fits(query, row, found)]
    seen, before = [], None
    while True:
        page = searched.search.page(query, before=before, limit=17)
        seen += [entry.seq for entry in page.entries]
        if page.older is None:
            break
        before = page.older
        searched.scatter(30, chance)
        searched.settle()
    assert seen == there
    newer = searched.search.page(query, after=there[0], limit=10_000)
    assert newer.entries
    assert min(entry.seq for entry in newer.entries) > there[0]


def test_a_look_that_ends_early_says_how_far_it_saw_and_goes_on_from_there(
    full: SearchedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_module, "MOST_READ", 256)
    query = Query(exclude={"zone": ("intranet",)})
    page = full.search.page(query)
    assert page.entries == []
    assert page.looked_to is not None
    assert page.older == page.looked_to
    looks = 1
    while page.older is not None:
        page = full.search.page(query, before=page.older)
        looks += 1
    assert page.looked_to is None
    assert looks > 2
    counted = full.search.count(query)
    assert not counted.exact


def test_a_count_beyond_its_limit_says_that_there_are_more(full: SearchedLog) -> None:
    query = Query(include={"actor": (PEOPLE[0],)})
    every = full.search.count(query)
    assert every.exact
    some = full.search.count(query, most=10)
    assert (some.entries, some.exact) == (10, False)


INJECTED = ("' OR '1'='1", "%", "_", "\\", "x'); DROP TABLE audit_index; --", "{}", "$1", "?", ":x")


def test_injection_by_a_filter_finds_nothing_and_harms_nothing(full: SearchedLog) -> None:
    before = full.search.count(Query()).entries
    for said in INJECTED:
        with pytest.raises(BadQuery):
            Query.parse([("event", said)])
        for name in ("actor", "object", "service", "session"):
            query = Query.parse([(name, said)])
            assert full.search.page(query).entries == [], query
            assert full.search.count(query).entries == 0
            kept = full.search.count(Query.parse([("not-" + name, said)])).entries
            assert kept == before
    assert full.search.count(Query()).entries == before


@pytest.mark.parametrize("said", ["100%", "_done_", "=cmd|' /C calc'!A0"])
def test_wildcards_and_formulas_among_the_words_mean_themselves(
    full: SearchedLog, said: str
) -> None:
    page = full.search.page(Query(words=(said,)), limit=1000)
    assert page.entries
    for entry in page.entries:
        assert said in entry.body.decode()
    assert full.search.page(Query(words=("1%",))).entries == []


@pytest.mark.parametrize(
    ("pair", "field", "why"),
    [
        (("since", "yesterday"), "since", "time"),
        (("since", "2026-01-01T00:00"), "since", "zone"),
        (("address", "10.1.2.3"), "address", "digest"),
        (("class_uid", "x"), "class_uid", "number"),
        (("outcome", "refused"), "outcome", "outcome"),
        (("words", "%%"), "words", "no_word"),
        (("actor", "x" * 300), "actor", "length"),
        (("actor", "a\x00b"), "actor", "length"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named(pair: tuple[str, str], field: str, why: str) -> None:
    with pytest.raises(BadQuery) as caught:
        Query.parse([pair])
    assert (caught.value.field, caught.value.why) == (field, why)


@pytest.mark.parametrize("line", ["outcom=denied", "not-outcom=denied", "denied", "outcome"])
def test_a_misspelt_filter_of_a_line_never_means_everything(line: str) -> None:
    with pytest.raises(BadQuery) as caught:
        Query.of_text(f"event=page.denied&{line}")
    assert caught.value.why == "unknown"


def test_the_address_of_a_later_page_is_read_as_its_filters() -> None:
    query = Query.of_text("outcome=denied&not-words=draft&before=300")
    assert query == Query(include={"outcome": ("denied",)}, without=("draft",))
    assert Query.of_text("") == Query()


def test_what_is_shown_comes_from_the_body_and_a_wrong_copy_is_named(
    searched: SearchedLog,
) -> None:
    searched.scatter(20, random.Random(1))
    searched.settle()
    searched.attack("UPDATE audit_index SET actor = 'person:nobody' WHERE seq = 5")
    entry = next(e for e in searched.search.page(Query()).entries if e.seq == 5)
    assert entry.flaw is Flaw.COPIED_WRONG
    assert entry.row.actor in {*PEOPLE, "system:sealer"}


def test_a_changed_body_and_a_lost_one_are_named(searched: SearchedLog) -> None:
    searched.scatter(20, random.Random(1))
    searched.settle()
    searched.attack(
        "UPDATE audit_event SET body = (SELECT body FROM audit_event WHERE seq = 6) WHERE seq = 5",
        "DELETE FROM audit_event WHERE seq = 7",
    )
    found = {e.seq: e for e in searched.search.page(Query()).entries}
    assert found[5].flaw is Flaw.CHANGED
    assert found[5].covered_by is None
    assert found[7].flaw is Flaw.GONE
    assert found[6].flaw is None
    assert found[6].covered_by == searched.size


def test_an_entry_is_found_by_number_before_it_is_indexed(searched: SearchedLog) -> None:
    eid = searched.ledger.append("unit.created", actor=Actor(subject="person:7"), now=searched.now)
    searched.seal(after=1)
    seq = searched.reader.number_of(eid)
    assert seq is not None
    entry = searched.reader.one(seq)
    assert entry is not None
    assert (entry.flaw, entry.row.event) == (None, "unit.created")
    assert searched.reader.one(10_000) is None


def test_the_search_says_how_far_the_index_goes(searched: SearchedLog) -> None:
    assert searched.search.page(Query()).entries == []
    searched.write(3)
    searched.seal(after=1)
    page = searched.search.page(Query())
    assert page.entries == []
    assert page.reach.behind == page.reach.sealed > 3
    searched.index()
    assert searched.search.page(Query()).reach.behind == 0
