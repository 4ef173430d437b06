"""Nights signed off, under a root that the log had, by two people; and attacks on each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from review_night import ME, OTHER, looked, night, said, sign
from searched_log import SearchedLog
from sqlalchemy import select, text

from audit.query import Query
from audit.record import leaf_hash
from audit.review import (
    coverage,
    signed,
    signing,
    stretch,
)
from audit.review.coverage import Cover
from audit.review.signed import STANDARD
from audit.review.stretch import SignoffRefused
from audit.tables import audit_event, log_tile


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """After a night, on each kind of database."""
    log = night(database_url, tmp_path / "sealer", now)
    yield log
    log.close()


def test_a_signoff_is_a_leaf_bound_to_range_root_and_filter(log: SearchedLog) -> None:
    seen = looked(log)
    sign(log, seen)
    (leaf,) = said(log, "review.signoff")
    details = leaf["d"]
    assert isinstance(details, dict)
    assert details["from"] == 0
    assert details["to"] == details["size"] == seen.span.size
    assert details["root"] == seen.span.root.hex()
    assert details["filter_hash"] == signed.filter_hash(STANDARD)
    assert details["shown"] == details["total"] == len(seen.fitting) == len(seen.page)
    assert (details["own"], details["step_up"], details["reviewer"]) == (1, "totp", ME.subject)
    assert details["findings_count"] >= 1
    with pytest.raises(SignoffRefused, match="twice"):
        sign(log, seen)


def test_shown_counts_only_what_was_rendered_to_this_reviewer(
    log: SearchedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretch, "SHOWN_PAGE", 5)
    seen = looked(log)
    looked(log, who=OTHER)
    sign(log, seen)
    (leaf,) = said(log, "review.signoff")
    assert leaf["d"]["shown"] == 5 < leaf["d"]["total"]  # type: ignore[index]


def test_attack_a_signoff_of_a_root_that_never_was_is_refused(log: SearchedLog) -> None:
    seen = looked(log)
    span, read = seen.span, log.store.read
    stretch.bound(read, low=0, high=span.high, size=span.size, root=span.root)
    for low, high, size, root, code in (
        (0, span.high, span.size, b"\0" * 32, "root"),
        (0, span.high, span.size - 1, span.root, "range"),
        (0, span.high - 1, span.size - 1, span.root, "root"),
        (0, span.high + 9, span.size + 9, span.root, "range"),
        (5, 5, span.size, span.root, "range"),
        (-1, span.high, span.size, span.root, "range"),
    ):
        with pytest.raises(SignoffRefused, match=code):
            stretch.bound(read, low=low, high=high, size=size, root=root)


def test_a_root_that_the_log_has_grown_beyond_still_binds(log: SearchedLog) -> None:
    before = looked(log).span
    log.ledger.append("decision.denied", actor=OTHER, now=log.now, outcome="denied")
    log.settle()
    after = stretch.bound(
        log.store.read, low=0, high=before.high, size=before.size, root=before.root
    )
    assert after == before


@pytest.mark.parametrize("also_the_tile", [False, True])
def test_attack_a_body_that_was_changed_cannot_be_signed_off(
    log: SearchedLog, *, also_the_tile: bool
) -> None:
    for _ in range(30):
        for second in range(10):
            log.ledger.append("page.denied", actor=OTHER, now=log.now + timedelta(seconds=second))
    log.settle()
    with log.store.read.connect() as connection:
        span = stretch.waiting(connection, 0)
        query = select(audit_event.c.body).where(audit_event.c.seq == 3)
        body = bytes(connection.execute(query).scalar_one())
    assert span is not None
    forged = body.replace(b"denied", b"allows")
    with log.engine.begin() as connection:
        guard = "session_replication_role = replica"
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL {guard}"))
        else:
            for (name,) in connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(audit_event.update().where(audit_event.c.seq == 3).values(body=forged))
        if also_the_tile:
            _forge_tile(connection, body, forged)
    with pytest.raises(SignoffRefused, match="changed"):
        stretch.reviewed(log.store.read, span, STANDARD, ME.subject)


def _forge_tile(connection: object, body: bytes, forged: bytes) -> None:
    same = (log_tile.c.level == 0) & (log_tile.c.number == 0)
    hashes = bytes(connection.execute(select(log_tile.c.hashes).where(same)).scalar_one())  # type: ignore[attr-defined]
    new = hashes.replace(leaf_hash(body), leaf_hash(forged))
    assert new != hashes
    connection.execute(log_tile.update().where(same).values(hashes=new))  # type: ignore[attr-defined]


def test_attack_two_signoffs_at_once_are_one(log: SearchedLog) -> None:
    seen, results = looked(log), []

    def run() -> None:
        try:
            results.append(sign(log, seen))
        except SignoffRefused as refused:
            results.append(refused.code)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(str(each) for each in results if each == "twice") == ["twice"] * 3
    assert len(said(log, "review.signoff")) == 1


def test_own_acts_need_a_second_reviewer_who_is_somebody_else(log: SearchedLog) -> None:
    made = sign(log, looked(log))
    for office, who, code in (
        ("auditor", ME, "same"),
        ("system_admin", OTHER, "office"),
    ):
        with pytest.raises(SignoffRefused, match=code), log.ledger.begin() as tx:
            signing.second(tx, made, office=office, actor=who, proof="totp", now=log.now)
    with log.ledger.begin() as tx:
        signing.second(tx, made, office="security_admin", actor=OTHER, proof="passkey", now=log.now)
    with pytest.raises(SignoffRefused, match="twice"), log.ledger.begin() as tx:
        signing.second(tx, made, office="security_admin", actor=OTHER, proof="passkey", now=log.now)
    (leaf,) = said(log, "review.second")
    assert leaf["d"]["reviewer"] == ME.subject  # type: ignore[index]


def test_the_map_names_days_that_nobody_reviewed_in_time(log: SearchedLog) -> None:
    def day(now: datetime) -> coverage.Day:
        with log.store.read.connect() as connection:
            (found,) = coverage.days(
                connection, since=date(2026, 11, 22), count=1, zone=UTC, now=now
            )
        return found

    assert day(log.now).cover is Cover.WAITS
    late = datetime(2026, 11, 25, tzinfo=UTC)
    assert day(late).cover is Cover.OVERDUE
    assert day(late).gaps
    made = sign(log, looked(log))
    log.settle()
    with log.store.read.connect() as connection:
        known = {each.id: each for each in signed.signoffs(connection)}[made]
        assert signed.next_low(connection) == known.high
    assert known.waits
    narrow = replace(known, filter_hash=signed.filter_hash(Query(include={"outcome": ("denied",)})))
    assert coverage.gaps(0, known.high, [narrow]) == [(0, known.high)]
    assert coverage.gaps(0, known.high, [known]) == []
    assert coverage.gaps(0, known.high + 3, [known]) == [(known.high, known.high + 3)]
