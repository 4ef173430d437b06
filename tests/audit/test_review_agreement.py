"""The review's tables answer to the log: what somebody wrote into them by hand is found."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from searched_log import PEOPLE, SearchedLog, mac
from sqlalchemy import Connection, delete, func, insert, select, update

from audit import verify
from audit.index_tables import audit_index, audit_index_state
from audit.indexer import reach
from audit.record import Actor
from audit.review import agreement, coverage, queue, rulebook, signed, signing, stretch, suppressing
from audit.review.coverage import Cover
from audit.review.finding import Disposition, State
from audit.review.queue import Wanted
from audit.review.signed import STANDARD
from audit.review.stretch import SignoffRefused
from audit.review.tables import (
    review_finding,
    review_link,
    review_place,
    review_rule,
    review_signoff,
    review_suppression,
)
from audit.verify import Report

ME, OTHER = (Actor(subject=each) for each in PEOPLE[2:4])
RULE = "denied_burst"


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """A log with two findings, one decided, one suppressed; a rule switched off; a sign-off."""
    log = SearchedLog(database_url, tmp_path / "sealer", now)
    for person in PEOPLE[:2]:
        for second in range(20):
            log.ledger.append(
                "decision.denied",
                actor=Actor(subject=person),
                now=now + timedelta(seconds=second),
                outcome="denied",
            )
    log.ledger.append("audit.search_saved", actor=ME, now=now + timedelta(seconds=30))
    log.settle()
    log.rules().catch_up(now=log.now)
    work(log)
    yield log
    log.close()


def work(log: SearchedLog) -> None:
    """What an auditor does in a morning."""
    with log.store.read.connect() as connection:
        found, _ = queue.listed(connection, Wanted())
        rule = next(each for each in rulebook.current(connection) if each.name == RULE)
    one, other = (each for each in found if each.rule == RULE)
    with log.ledger.begin() as tx:
        queue.take(tx, one.id, version=1, actor=ME, now=log.now)
        queue.decide(
            tx,
            one.id,
            version=2,
            state=State.RESOLVED,
            disposition=Disposition.JUSTIFIED,
            reason="a drill, 演练，" * 30,
            actor=OTHER,
            now=log.now,
        )
        until = (log.now + timedelta(days=3)).astimezone()
        suppressing.suppress(
            tx, other.id, ["actor"], until=until, reason="known and harmless", actor=ME, now=log.now
        )
        rulebook.change(
            tx,
            rule.text,
            name=RULE,
            is_on=False,
            over=rule.version,
            why="asks too often",
            actor=ME,
            now=log.now,
        )
    sign(log)


def sign(log: SearchedLog) -> uuid.UUID:
    with log.store.read.connect() as connection:
        span = stretch.waiting(connection, 0)
    assert span is not None
    seen = stretch.reviewed(log.store.read, span, STANDARD, ME.subject)
    with log.ledger.begin() as tx:
        return signing.sign(tx, seen, note="夜间", actor=ME, proof="totp", now=log.now)


def agreed(log: SearchedLog) -> Report:
    report = Report()
    agreement.inspect(log.store.read, report, mac=mac)
    return report


@pytest.mark.parametrize("is_settled", [False, True])
def test_honest_work_is_no_alarm(log: SearchedLog, *, is_settled: bool) -> None:
    """Sealed and indexed, or written this moment."""
    if is_settled:
        log.settle()
    assert agreed(log).findings == []
    (made,) = [each.id for each in log_signoffs(log)]
    with log.ledger.begin() as tx:
        signing.second(tx, made, office="auditor", actor=OTHER, proof="totp", now=log.now)
        one = tx.session.execute(select(review_suppression.c.id)).scalar_one()
        suppressing.end_suppression(tx, one, actor=OTHER, now=log.now)
    assert agreed(log).findings == []
    log.settle()
    assert agreed(log).findings == []


def log_signoffs(log: SearchedLog) -> Sequence[signed.Signoff]:
    with log.store.read.connect() as connection:
        return signed.signoffs(connection)


def test_while_the_index_is_made_anew_nobody_is_accused(
    log: SearchedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.settle()
    monkeypatch.setattr("audit.review.told.MOST_BEHIND", 10)
    with log.engine.begin() as connection:
        connection.execute(delete(audit_index_state))
    with log.store.read.connect() as connection:
        assert signed.unproven(connection) == []
    report = agreed(log)
    assert report.findings == []
    assert any("review" in each for each in report.uncovered)
    log.settle()
    assert len(log_signoffs(log)) == 1


def test_what_was_pruned_accuses_nobody_and_is_not_asked_for_again(log: SearchedLog) -> None:
    """The leaf of the sign-off, and the beginning of the findings, are gone in good order."""
    log.settle()
    with log.store.read.connect() as connection:
        first = reach(connection).size
    log.now += timedelta(days=200)
    log.ledger.append("audit.search_saved", actor=ME, now=log.now)
    log.settle()
    with log.engine.begin() as connection:
        connection.execute(update(audit_index_state).values(first=first))
        connection.execute(delete(audit_index).where(audit_index.c.seq < first))
    with log.store.read.connect() as connection:
        assert signed.unproven(connection) == []
        assert signed.next_low(connection) == first
    assert agreed(log).findings == []
    with log.ledger.begin() as tx:
        one, *_ = tx.session.execute(select(review_finding.c.id, review_finding.c.version)).all()
        queue.decide(
            tx,
            one.id,
            version=one.version,
            state=State.CLOSED,
            disposition=Disposition.DRILL,
            reason="closed long after",
            actor=ME,
            now=log.now,
        )
    assert agreed(log).findings == []


Change = Callable[[Connection], object]
SIGNOFF = review_signoff.c
FORGED: dict[str, Change] = {
    "a sign-off is gone": lambda c: c.execute(delete(review_signoff)),
    "a sign-off reaches further": lambda c: c.execute(
        update(review_signoff).values(high=SIGNOFF.high - 1)
    ),
    "a sign-off is somebody else's": lambda c: c.execute(
        update(review_signoff).values(reviewer=PEOPLE[1])
    ),
    "a second reviewer who never was": lambda c: c.execute(
        update(review_signoff).values(second=PEOPLE[3], second_as="auditor")
    ),
    "own acts that are none": lambda c: c.execute(update(review_signoff).values(own=0)),
    "a finding is gone": lambda c: c.execute(delete(review_finding)),
    "a finding is decided": lambda c: c.execute(
        update(review_finding)
        .where(review_finding.c.state == "new")
        .values(state="closed", disposition="false_alarm", reason="x" * 9)
    ),
    "a finding is open again": lambda c: c.execute(update(review_finding).values(state="new")),
    "a finding is weighed anew": lambda c: c.execute(update(review_finding).values(level="low")),
    "a finding is hidden": lambda c: c.execute(
        update(review_finding).values(suppressed_by=uuid.uuid4())
    ),
    "a finding is of somebody else": lambda c: c.execute(
        update(review_finding).values(key={"actor": PEOPLE[3]})
    ),
    "a suppression hides more": lambda c: c.execute(update(review_suppression).values(fields={})),
    "a suppression lasts": lambda c: c.execute(
        update(review_suppression).values(until=datetime(2040, 1, 1, tzinfo=UTC))
    ),
    "a suppression from nowhere": lambda c: c.execute(
        insert(review_suppression).values(
            id=uuid.uuid4(),
            rule=RULE,
            fields={"actor": PEOPLE[0]},
            reason="known",
            at=datetime(2040, 1, 1, tzinfo=UTC),
            by=PEOPLE[2],
            until=datetime(2040, 2, 1, tzinfo=UTC),
        )
    ),
    "a suppression has ended": lambda c: c.execute(
        update(review_suppression).values(ended_at=datetime(2040, 1, 1, tzinfo=UTC))
    ),
    "a rule is on again": lambda c: c.execute(update(review_rule).values(is_on=True)),
    "a rule's text": lambda c: c.execute(update(review_rule).values(text="title: x")),
    "a rule's version is gone": lambda c: c.execute(delete(review_rule)),
    "a rule is off by a newer version": lambda c: c.execute(
        insert(review_rule).values(
            *(),
            name="spraying",
            version=1,
            text="title: x",
            is_on=False,
            why="quiet now",
            at=datetime(2040, 1, 1, tzinfo=UTC),
            by=PEOPLE[2],
        )
    ),
    "a finding lacks an entry": lambda c: c.execute(
        delete(review_link).where(
            review_link.c.seq == select(func.min(review_link.c.seq)).scalar_subquery()
        )
    ),
    "a finding has an entry more": lambda c: c.execute(
        insert(review_link).values(
            finding=select(review_finding.c.id).limit(1).scalar_subquery(), seq=10**6
        )
    ),
    "the rules looked at what is not there": lambda c: c.execute(
        update(review_place).values(next=10**6)
    ),
}


@pytest.mark.parametrize("is_settled", [False, True])
@pytest.mark.parametrize("change", FORGED)
def test_attack_rows_of_the_review_written_by_hand_are_found(
    log: SearchedLog, change: str, *, is_settled: bool
) -> None:
    if is_settled:
        log.settle()
    with log.engine.begin() as connection:
        FORGED[change](connection)
    report = agreed(log)
    assert report.code == verify.TAMPERED
    assert all(each.index is not None for each in report.findings)


def test_attack_a_signoff_that_nobody_gave_covers_nothing_and_bars_nobody(
    log: SearchedLog,
) -> None:
    log.settle()
    with log.store.read.connect() as connection:
        span = stretch.waiting(connection, signed.next_low(connection))
    assert span is not None
    forged = {
        "id": uuid.uuid4(),
        "low": 0,
        "high": span.size,
        "first_at": span.first_at,
        "last_at": span.last_at,
        "size": span.size,
        "root": span.root,
        "at": log.now,
        "filter": STANDARD.text(),
        "filter_hash": signed.filter_hash(STANDARD),
        "shown": 0,
        "total": 0,
        "own": 1,
        "reviewer": ME.subject,
        "note": "",
    }
    with log.engine.begin() as connection:
        connection.execute(insert(review_signoff).values(forged))
    with log.store.read.connect() as connection:
        (day,) = coverage.days(
            connection, since=span.first_at.date(), count=1, zone=UTC, now=log.now
        )
        assert [each.id for each in signed.unproven(connection)] == [forged["id"]]
        assert signed.next_low(connection) < span.size
    assert day.cover is not Cover.WHOLE
    assert day.gaps
    with pytest.raises(SignoffRefused, match="range"), log.ledger.begin() as tx:
        signing.second(tx, forged["id"], office="auditor", actor=OTHER, proof="t", now=log.now)
    seen = stretch.reviewed(log.store.read, span, STANDARD, ME.subject)
    with log.ledger.begin() as tx:
        signing.sign(tx, seen, note="", actor=ME, proof="totp", now=log.now)


def test_attack_an_entry_put_under_a_decided_finding_is_found_though_it_is_counted(
    log: SearchedLog,
) -> None:
    """The rules would pass by it; a finding that is opened again may grow, and is asked about."""
    log.settle()
    with log.store.read.connect() as connection:
        (decided,) = connection.execute(
            select(review_finding).where(review_finding.c.state == "resolved")
        )
        last = reach(connection).size - 1
    entries = review_finding.c.entries
    with log.engine.begin() as connection:
        connection.execute(insert(review_link).values(finding=decided.id, seq=last))
        own = update(review_finding).where(review_finding.c.id == decided.id)
        connection.execute(own.values(entries=entries + 1))
    (found,) = agreed(log).findings
    assert (found.index, f"entry {last} was put under" in found.words) == (last, True)
    with log.ledger.begin() as tx:
        queue.decide(
            tx,
            decided.id,
            version=decided.version,
            state=State.IN_PROGRESS,
            disposition="",
            reason="looked at again",
            actor=ME,
            now=log.now,
        )
    assert agreed(log).findings == []
