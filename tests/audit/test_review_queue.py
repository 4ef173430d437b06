"""Findings taken, decided, suppressed and handed over; and attacks on each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from review_night import ME, OTHER, night, said
from searched_log import PEOPLE, SearchedLog
from sqlalchemy import select

from audit.record import Actor
from audit.review import (
    figures,
    handing,
    queue,
    suppressing,
)
from audit.review.finding import Disposition, State
from audit.review.queue import BadDecision, FindingMoved, Wanted
from audit.review.tables import review_finding


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """After a night, on each kind of database."""
    log = night(database_url, tmp_path / "sealer", now)
    yield log
    log.close()


def first(log: SearchedLog) -> UUID:
    with log.store.read.connect() as connection:
        (one,), count = queue.listed(connection, Wanted(rule="denied_burst"))
    assert count == 1
    return one.id


def test_a_finding_is_taken_and_decided_with_a_reason(log: SearchedLog) -> None:
    one = first(log)
    with log.ledger.begin() as tx:
        queue.take(tx, one, version=1, actor=ME, now=log.now)
    with pytest.raises(FindingMoved), log.ledger.begin() as tx:
        queue.take(tx, one, version=1, actor=OTHER, now=log.now)
    for bad, what in (
        ({"reason": " "}, "reason"),
        ({"disposition": "whatever"}, "disposition"),
        ({"state": "new"}, "state"),
    ):
        given = {"state": "resolved", "disposition": "drill", "reason": "a drill", **bad}
        with pytest.raises(BadDecision, match=what), log.ledger.begin() as tx:
            queue.decide(tx, one, version=2, actor=ME, now=log.now, **given)
    later = log.now + timedelta(minutes=7)
    with log.ledger.begin() as tx:
        queue.decide(
            tx, one, version=2, state=State.RESOLVED, disposition=Disposition.DRILL,
            reason="a drill", actor=ME, now=later,
        )  # fmt: skip
        queue.remark(tx, one, "asked the duty officer", actor=ME, now=later)
    with log.store.read.connect() as connection:
        known = queue.one(connection, one)
        assert (known.state, known.owner, known.disposition) == ("resolved", ME.subject, "drill")
        assert [each.text for each in queue.notes_of(connection, one)] == ["asked the duty officer"]
        (figure,) = [
            each
            for each in figures.figures(connection, since=log.now - timedelta(days=1))
            if each.rule == "denied_burst"
        ]
        assert (figure.findings, figure.open, figure.seconds) == (1, 0, 7 * 60)
    assert said(log, "review.decided")[0]["d"]["reason"] == "a drill"  # type: ignore[index]


def test_what_fits_a_filter_is_decided_at_once_if_it_is_as_many_as_shown(log: SearchedLog) -> None:
    wanted = Wanted(rule="denied_burst")
    for expected in (0, 2):
        with pytest.raises(FindingMoved), log.ledger.begin() as tx:
            queue.decide_all(
                tx, wanted, expected=expected, disposition="drill", reason="a drill",
                actor=ME, now=log.now,
            )  # fmt: skip
    with log.ledger.begin() as tx:
        done = queue.decide_all(
            tx, wanted, expected=1, disposition="drill", reason="a drill", actor=ME, now=log.now
        )
    assert done == 1
    with log.store.read.connect() as connection:
        assert queue.listed(connection, wanted) == ([], 0)


def test_what_is_suppressed_is_kept_and_can_be_looked_at(log: SearchedLog) -> None:
    one = first(log)
    with log.ledger.begin() as tx:
        suppressing.suppress(
            tx, one, ["actor"], until=log.now + timedelta(days=9), reason="a known test",
            actor=ME, now=log.now,
        )  # fmt: skip
        queue.decide(
            tx, one, version=1, state="resolved", disposition="drill", reason="a drill",
            actor=ME, now=log.now,
        )  # fmt: skip
    log.now += timedelta(hours=1)
    for who in (PEOPLE[0], PEOPLE[1]):
        for second in range(20):
            log.ledger.append(
                "decision.denied",
                actor=Actor(subject=who),
                now=log.now + timedelta(seconds=second),
                outcome="denied",
            )
    log.settle()
    log.rules().catch_up(now=log.now)
    with log.store.read.connect() as connection:
        (asked,), _ = queue.listed(connection, Wanted(rule="denied_burst"))
        (hidden,), _ = queue.listed(connection, Wanted(rule="denied_burst", suppressed=True))
        (kept,) = suppressing.suppressions(connection)
        assert asked.key == {"actor": PEOPLE[1]}
        assert hidden.key == {"actor": PEOPLE[0]}
        assert len(queue.seqs_of(connection, hidden.id)) == 20
        assert (hidden.suppressed_by, kept.covers) == (kept.id, 1)
    with log.ledger.begin() as tx:
        suppressing.end_suppression(tx, kept.id, actor=OTHER, now=log.now)
    with pytest.raises(FindingMoved), log.ledger.begin() as tx:
        suppressing.end_suppression(tx, kept.id, actor=OTHER, now=log.now)


@pytest.mark.parametrize("ended", ["by hand", "by its day"])
def test_attack_what_goes_on_after_a_suppression_is_not_hidden_in_its_finding(
    log: SearchedLog, ended: str
) -> None:
    """A finding grows while it is open; one that was hidden would take everything along."""

    def burst() -> None:
        log.now += timedelta(minutes=4)
        for second in range(20):
            log.ledger.append(
                "decision.denied",
                actor=Actor(subject=PEOPLE[0]),
                now=log.now + timedelta(seconds=second),
                outcome="denied",
            )
        log.settle()
        log.rules().catch_up(now=log.now)

    one = first(log)
    with log.ledger.begin() as tx:
        made = suppressing.suppress(
            tx, one, ["actor"], until=log.now + timedelta(minutes=6), reason="a known test",
            actor=ME, now=log.now,
        )  # fmt: skip
        queue.decide(
            tx, one, version=1, state="resolved", disposition="drill", reason="a drill",
            actor=ME, now=log.now,
        )  # fmt: skip
    burst()
    if ended == "by hand":
        with log.ledger.begin() as tx:
            suppressing.end_suppression(tx, made, actor=OTHER, now=log.now)
    burst()
    burst()
    with log.store.read.connect() as connection:
        (asked,), _ = queue.listed(connection, Wanted(rule="denied_burst"))
        (hidden,), _ = queue.listed(connection, Wanted(rule="denied_burst", suppressed=True))
    assert (hidden.entries, asked.entries) == (20, 40)


@pytest.mark.parametrize(
    ("fields", "days", "what"),
    [([], 1, "fields"), (["rule"], 1, "fields"), (["actor"], 91, "until"), (["actor"], 0, "until")],
)
def test_attack_a_suppression_that_would_hide_everything_is_refused(
    log: SearchedLog, fields: list[str], days: int, what: str
) -> None:
    with pytest.raises(BadDecision, match=what), log.ledger.begin() as tx:
        suppressing.suppress(
            tx, first(log), fields, until=log.now + timedelta(days=days), reason="hide it",
            actor=ME, now=log.now,
        )  # fmt: skip


def test_attack_what_is_critical_cannot_be_suppressed(log: SearchedLog) -> None:
    log.ledger.append("audit.missing", actor=Actor(subject="system:sealer"), now=log.now)
    log.settle()
    log.rules().catch_up(now=log.now)
    with log.store.read.connect() as connection:
        query = select(review_finding.c.id).where(review_finding.c.rule == "log_impaired")
        one = connection.execute(query).scalar_one()
    with pytest.raises(BadDecision, match="level"), log.ledger.begin() as tx:
        suppressing.suppress(
            tx, one, ["event"], until=log.now + timedelta(days=1), reason="hide it",
            actor=ME, now=log.now,
        )  # fmt: skip


class Room:
    """An incident room that keeps what it is handed."""

    def __init__(self) -> None:
        self.got: list[object] = []

    def open(self, finding: object, *, by: Actor, now: datetime) -> str:
        """Keep it."""
        self.got.append((finding, by, now))
        return "incident:1"


def test_a_finding_is_handed_over_whole_with_or_without_an_incident_room(log: SearchedLog) -> None:
    one, room = first(log), Room()
    with log.ledger.begin() as tx:
        file, named = handing.hand_over(tx, one, room, actor=ME, now=log.now)
    assert named == "incident:1"
    assert room.got[0][0] == file  # type: ignore[index]
    assert len(file["numbers"]) == 20  # type: ignore[arg-type]
    with log.ledger.begin() as tx:
        assert handing.hand_over(tx, one, None, actor=ME, now=log.now)[1] == ""
    assert [each["d"]["incident"] for each in said(log, "review.handed_over")] == [  # type: ignore[index]
        "incident:1",
        "",
    ]
