"""The filter-column trap: whoever changes only the search's copies is found, with the entry."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from searched_log import PLACES, SearchedLog, digest_of
from sqlalchemy import event as sql_event
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from audit import indexer as indexer_module
from audit.index_row import COLUMNS, marks_of
from audit.index_tables import audit_block, audit_hour, audit_index, audit_index_state
from audit.query import Query
from audit.verify import INTACT, TAMPERED

TABLES = (audit_index, audit_block, audit_hour, audit_index_state)


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """Return a log of some 700 entries, indexed, on each kind of database."""
    made = SearchedLog(database_url, tmp_path / "sealer", now)
    chance = random.Random(11)
    for count in (300, 200, 200):
        made.scatter(count, chance)
        made.settle()
    yield made
    made.close()


def content(log: SearchedLog) -> list[list[tuple[object, ...]]]:
    with log.store.read.connect() as connection:
        return [
            sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in TABLES
        ]


def test_an_honest_index_is_no_alarm_and_neither_is_one_that_is_behind(log: SearchedLog) -> None:
    assert log.checked().code == INTACT
    assert log.checked().uncovered == []
    log.write(5)
    log.seal(after=1)
    report = log.checked()
    assert report.code == INTACT
    assert "not indexed yet" in report.uncovered[0]


def test_any_changed_copy_hides_an_entry_and_is_found(log: SearchedLog) -> None:
    for column in (name for name in COLUMNS if name != "seq"):
        value = 7 if column in {"at", "class_uid"} else "x"
        with log.as_root() as root:
            row = audit_index.c.seq == 300
            kept = root.execute(select(audit_index.c[column]).where(row)).scalar()
            root.execute(update(audit_index).where(row).values({column: value}))
        report = log.checked()
        assert (report.code, report.first_bad) == (TAMPERED, 300)
        assert f"the search's {column} " in report.findings[0].words
        with log.as_root() as root:
            root.execute(update(audit_index).where(row).values({column: kept}))
    assert log.checked().code == INTACT


HIDING = {
    "DELETE FROM audit_index WHERE seq = 123": 123,
    "DELETE FROM audit_index WHERE seq >= 600": 600,
    "DELETE FROM audit_block WHERE number = 1": 256,
    "UPDATE audit_block SET first_at = 5 WHERE number = 1": 256,
    "UPDATE audit_block SET last_at = 5 WHERE number = 0": 0,
    "UPDATE audit_hour SET entries = entries + 1": 0,
    "DELETE FROM audit_hour": 0,
    "UPDATE audit_index SET seq = 90000 WHERE seq = 3": 3,
    "UPDATE audit_index_state SET size = 300": 256,
}


def test_what_is_hidden_from_the_search_is_found(log: SearchedLog) -> None:
    for statement, first_bad in HIDING.items():
        log.attack(statement)
        report = log.checked()
        assert (report.code, report.first_bad) == (TAMPERED, first_bad), statement
        log.indexer.rebuild()
    assert log.checked().code == INTACT


def test_a_deleted_entry_is_the_first_bad_one_not_the_first_of_its_block_or_count(
    log: SearchedLog,
) -> None:
    log.attack("DELETE FROM audit_event WHERE seq = 470")
    report = log.checked()
    assert (report.code, report.first_bad) == (TAMPERED, 470), report.lines()


def test_a_word_struck_from_a_block_hides_entries_and_is_found(log: SearchedLog) -> None:
    query = Query(include={"address": (digest_of("src_ip", PLACES[0]),)})
    seen = log.search.count(query).entries
    mark = next(iter(marks_of(digest_of("src_ip", PLACES[0]))))
    with log.store.read.connect() as connection:
        marks = bytes(
            connection.execute(text("SELECT marks FROM audit_block WHERE number = 1")).scalar_one()
        )
    at = next(n for n in range(0, len(marks), 4) if marks[n : n + 4] == mark)
    log.attack("UPDATE audit_block SET marks = :m WHERE number = 1", m=marks[:at] + marks[at + 4 :])
    assert log.search.count(query).entries < seen
    report = log.checked()
    assert report.code == TAMPERED
    assert report.first_bad is not None
    assert report.first_bad in range(256, 512)
    hidden = log.reader.one(report.first_bad)
    assert hidden is not None
    assert "src_ip" in hidden.personal


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_index SET at = 'x', actor = x'ff' WHERE seq = 3",
        "UPDATE audit_block SET marks = 'text' WHERE number = 0",
        "UPDATE OR REPLACE audit_hour SET hour = 'x', entries = 'many'",
        "UPDATE audit_total SET entries = 'many'",
        "INSERT INTO audit_sieve VALUES (0, 'text')",
    ],
)
def test_any_type_in_any_column_is_found_and_stops_nothing(
    sqlite_url: str, tmp_path: Path, now: datetime, statement: str
) -> None:
    log = SearchedLog(sqlite_url, tmp_path / "sealer", now)
    log.scatter(30, random.Random(2))
    log.settle()
    log.attack(statement)
    assert log.checked().code == TAMPERED
    assert log.search.page(Query()).entries
    log.close()


def test_made_anew_the_index_is_the_same_as_the_one_that_grew(log: SearchedLog) -> None:
    grown = content(log)
    done: list[int] = []
    assert log.indexer.rebuild(tell=done.append) == log.size
    assert content(log) == grown
    assert done[-1] == log.size


def test_an_index_that_does_not_fit_heals_by_itself(log: SearchedLog) -> None:
    for statement in (
        "UPDATE audit_index_state SET form = 0",
        "UPDATE audit_index_state SET size = 4",
        "DELETE FROM audit_index_state",
        "DELETE FROM audit_index WHERE seq > 690",
    ):
        log.attack(statement)
        log.write(1)
        log.settle()
        assert log.checked().code == INTACT, statement
        assert log.checked().uncovered == []


def test_a_failure_at_any_statement_of_a_round_leaves_it_to_be_repeated(
    log: SearchedLog,
) -> None:
    log.write(300)
    log.seal(after=1)
    for nth in range(1, 30):
        left = iter(range(nth))

        def fail(*_arguments: object, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise OperationalError("planted", None, ConnectionError())

        sql_event.listen(log.engine, "before_cursor_execute", fail)
        try:
            log.indexer.round()
        except OperationalError:
            continue
        else:
            break
        finally:
            sql_event.remove(log.engine, "before_cursor_execute", fail)
            assert log.checked().code == INTACT
    else:
        pytest.fail("no round got through")
    assert nth > 5
    assert log.checked().uncovered == []


def test_two_indexers_at_once_do_the_work_once(log: SearchedLog) -> None:
    stop = Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                log.indexer.round()
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        log.scatter(40, random.Random(3))
        log.seal(after=1)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    log.index()
    assert log.checked().code == INTACT
    assert log.checked().uncovered == []


def test_no_false_alarm_while_entries_are_written_sealed_and_indexed(log: SearchedLog) -> None:
    stop = Event()

    def write() -> None:
        chance = random.Random(5)
        while not stop.is_set():
            log.scatter(20, chance)
            log.settle()

    writer = Thread(target=write)
    writer.start()
    try:
        for _ in range(8):
            report = log.checked()
            assert report.code == INTACT, report.lines()
    finally:
        stop.set()
        writer.join()


def test_an_erased_personal_value_leaves_the_index_too(log: SearchedLog) -> None:
    query = Query(include={"address": (digest_of("src_ip", PLACES[1]),)})
    entry = log.search.page(query).entries[0]
    log.attack("DELETE FROM audit_secret WHERE eid = :eid", eid=entry.eid)
    assert log.checked().code == TAMPERED
    log.indexer.renew([entry.seq])
    assert log.checked().code == INTACT
    assert entry.seq not in {each.seq for each in log.search.page(query, limit=9999).entries}


def test_what_retention_takes_leaves_the_index_and_is_no_alarm(log: SearchedLog) -> None:
    log.attack(
        "DELETE FROM audit_secret WHERE eid IN (SELECT eid FROM audit_event WHERE seq < 256)",
        "DELETE FROM audit_event WHERE seq < 256",
    )
    with log.engine.begin() as connection:
        indexer_module.forget(connection, below=256)
    assert log.checked().code == INTACT, log.checked().lines()
    everything = log.search.page(Query(), limit=9999)
    assert everything.entries[-1].seq == 256
    assert log.search.count(Query()).entries == len(everything.entries)
    log.write(3)
    log.settle()
    assert log.checked().code == INTACT
