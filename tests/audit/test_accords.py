"""Nothing goes on the strength of a row: two officers agreed, or nobody did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from forged_log import bodies, found, inserted
from kept_log import (
    AUDITOR,
    REASON,
    SECURITY,
    aged,
    agree,
    custody_of,
    indexer_of,
    prune,
)
from sealed_log import SealedLog
from sqlalchemy import Table, func, insert, select, update

from audit import alarms, erasure
from audit import verify as standalone
from audit.health import look
from audit.record import Actor, Event, compose
from audit.tables import audit_event, audit_secret
from audit.tables_anchors import log_hold, log_pruned, log_request
from gateway.custody import agreeing, carrying
from gateway.custody.refusals import KeepingForged


def proposed(log: SealedLog) -> str:
    """A pruning that the auditor proposed and nobody approved."""
    return agreeing.propose_pruning(custody_of(log), REASON, by=AUDITOR, now=log.now)


def state(log: SealedLog, request: str) -> str:
    with log.store.reading() as session:
        query = select(log_request.c.state).where(log_request.c.id == request)
        return str(session.scalar(query))


def changed(log: SealedLog, table: Table, name: str, **values: object) -> None:
    """Change a row as root."""
    with log.as_root() as connection:
        connection.execute(update(table).where(table.c.id == name).values(**values))


def nothing_went(log: SealedLog) -> bool:
    """Whether no pruning was entered, nothing is missing, and the sealer said what is wrong."""
    log.seal(after=61)
    assert prune(log) == 0
    with log.store.reading() as session:
        upto = session.scalar(select(log_pruned.c.upto))
        first = session.scalar(select(func.min(audit_event.c.seq)))
    assert log.verify().code == standalone.INTACT
    return (upto, first) == (0, 0) and not bodies(log, "retention.prune")


def forged_request(log: SealedLog, **changes: object) -> str:
    """A request that was approved by two officers, as its row alone says."""
    name = "f" * 32
    values = {
        "id": name, "kind": "prune", "target": "log", "reason": REASON, "outcome": "",
        "terms": {"from": 0, "to": 512, "newest": log.now.isoformat(), "policy": "184 days"},
        "state": "approved", "proposed_by": AUDITOR.actor.subject, "proposed_as": "auditor",
        "proposed_at": log.now, "decided_by": SECURITY.actor.subject,
        "decided_as": "security_admin", "decided_at": log.now,
        "proposed_eid": "0" * 32, "decided_eid": "1" * 32,
    }  # fmt: skip
    with log.as_root() as connection:
        connection.execute(insert(log_request).values(**{**values, **changes}))
    return name


def test_attack_a_request_that_nobody_made_stands_approved_in_the_table(sealed: SealedLog) -> None:
    aged(sealed)
    request = forged_request(sealed)
    assert nothing_went(sealed)
    assert state(sealed, request) == "failed"
    assert [each.eid for each in found(sealed, "disagreed")] == [request]
    (said,) = bodies(sealed, "audit.disagreed")
    assert said["obj"] == f"keeping:{request}"
    assert not look(sealed.store.read, now=sealed.now).well


def test_attack_a_request_and_its_entries_are_made_up_together(sealed: SealedLog) -> None:
    """The entries are sealed, and called out: the gateway never gave its word for them."""
    aged(sealed)
    terms = {"from": 0, "to": 512, "newest": "2026-11-22T06:00:00.000Z", "policy": "184 days"}
    request = forged_request(sealed, terms=terms)
    for name, officer in (("retention.proposed", AUDITOR), ("retention.approved", SECURITY)):
        details = {"kind": "prune", "target": "log", "terms": terms, "office": officer.office}
        made = compose(
            Event(
                name=name, actor=officer.actor, at=sealed.now, zone="intranet",
                object=f"keeping:{request}", details=details,
            )
        )  # fmt: skip
        inserted(sealed, eid=made.eid, body=made.body, leaf=made.leaf)
    assert nothing_went(sealed)
    assert found(sealed, "unannounced")[0].count == 2
    assert [each.eid for each in found(sealed, "disagreed")] == [request]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"state": "approved", "decided_by": SECURITY.actor.subject}, "second officer"),
        ({"state": "withdrawn"}, "says otherwise"),
    ],
)
def test_attack_an_open_request_is_decided_in_the_table(
    sealed: SealedLog, values: dict[str, object], word: str
) -> None:
    aged(sealed)
    request = proposed(sealed)
    sealed.seal()
    changed(sealed, log_request, request, **values)
    assert nothing_went(sealed)
    (alarm,) = found(sealed, "disagreed")
    assert alarm.eid == request
    assert word in alarm.words


@pytest.mark.parametrize(
    "values",
    [
        {"decided_by": "person:c"},
        {"decided_as": "auditor"},
        {"proposed_by": "person:c"},
        {"terms": {"from": 0, "to": 256, "newest": "2026-11-22T06:00:00.000Z", "policy": "x"}},
        {"kind": "erase"},
        {"target": "person:c"},
    ],
)
def test_attack_an_approved_request_is_changed_before_the_sealer_enters_it(
    sealed: SealedLog, values: dict[str, object]
) -> None:
    aged(sealed)
    request = proposed(sealed)
    agreeing.approve(custody_of(sealed), request, by=SECURITY, now=sealed.now)
    changed(sealed, log_request, request, **values)
    assert nothing_went(sealed)
    assert [each.eid for each in found(sealed, "disagreed")] == [request]
    assert state(sealed, request) == "failed"


def test_attack_a_request_is_taken_away_between_approval_and_entering(sealed: SealedLog) -> None:
    aged(sealed)
    request = proposed(sealed)
    agreeing.approve(custody_of(sealed), request, by=SECURITY, now=sealed.now)
    sealed.sealer.round(sealed.now)  # the entries are heard; entered it is in the next round
    sealed.attack("DELETE FROM log_request")
    assert nothing_went(sealed)
    assert [each.eid for each in found(sealed, "disagreed")] == [request]


def test_attack_an_old_approval_is_played_again(sealed: SealedLog) -> None:
    aged(sealed)
    request = agree(sealed)
    prune(sealed)
    aged(sealed)
    entered = len(bodies(sealed, "retention.prune"))
    changed(sealed, log_request, request, state="approved")
    sealed.seal(after=61)
    assert len(bodies(sealed, "retention.prune")) == entered
    assert [each.eid for each in found(sealed, "disagreed")] == [request]
    assert state(sealed, request) == "failed"
    assert sealed.verify().code == standalone.INTACT


def test_attack_a_pruning_that_the_sealer_refused_is_played_again_without_its_reason(
    sealed: SealedLog,
) -> None:
    start = sealed.now
    aged(sealed)
    custody = custody_of(sealed)
    request = proposed(sealed)
    agreeing.approve(custody, request, by=SECURITY, now=sealed.now)
    day = start - timedelta(days=1)
    hold = agreeing.place_hold(custody, "案1", day, REASON, by=AUDITOR, now=sealed.now)
    sealed.seal()
    assert state(sealed, request) == "failed"
    lift = agreeing.propose_lift(custody, hold, REASON, by=AUDITOR, now=sealed.now)
    agreeing.approve(custody, lift, by=SECURITY, now=sealed.now)
    sealed.seal()
    assert found(sealed, "disagreed") == []
    changed(sealed, log_request, request, state="approved")
    assert nothing_went(sealed)
    assert [each.eid for each in found(sealed, "disagreed")] == [request]


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM log_hold",
        "UPDATE log_hold SET lifted_at = placed_at",
        "UPDATE log_hold SET since = placed_at",
    ],
)
def test_attack_a_hold_taken_away_in_the_table_keeps_all_the_same(
    sealed: SealedLog, attack: str
) -> None:
    start = sealed.now
    aged(sealed)
    custody, day = custody_of(sealed), start - timedelta(days=1)
    hold = agreeing.place_hold(custody, "案1", day, REASON, by=AUDITOR, now=sealed.now)
    sealed.seal()
    sealed.attack(attack)
    request = proposed(sealed)  # the table lets it pass
    agreeing.approve(custody, request, by=SECURITY, now=sealed.now)
    assert nothing_went(sealed)
    assert state(sealed, request) == "failed"
    assert hold in {each.eid for each in found(sealed, "disagreed")}


def test_attack_a_hold_that_no_officer_placed_is_called_out(sealed: SealedLog) -> None:
    aged(sealed)
    with sealed.as_root() as connection:
        values = {
            "id": "a" * 32, "case_ref": "x", "reason": REASON, "since": sealed.now,
            "placed_by": AUDITOR.actor.subject, "placed_at": sealed.now,
        }  # fmt: skip
        connection.execute(insert(log_hold).values(**values))
    sealed.seal(after=61)
    assert [each.eid for each in found(sealed, "disagreed")] == ["a" * 32]


def test_attack_a_second_officer_is_made_to_agree_with_a_first_who_never_asked(
    sealed: SealedLog,
) -> None:
    aged(sealed)
    request = forged_request(sealed, state="open", decided_by=None, decided_as=None)
    with pytest.raises(KeepingForged):
        agreeing.approve(custody_of(sealed), request, by=SECURITY, now=sealed.now)
    sealed.seal(after=61)
    assert [each.eid for each in found(sealed, "disagreed")] == [request]


def secrets(log: SealedLog) -> int:
    with log.store.reading() as session:
        return int(session.scalar(select(func.count()).select_from(audit_secret)) or 0)


def erasing(log: SealedLog) -> str:
    """An erasure of what person 7 did that both officers agreed on, not carried out yet."""
    target = "person:00000000-0000-4000-8000-000000000007"
    actor = Actor(subject=target, address="10.1.2.3")
    log.ledger.append("unit.created", actor=actor, now=log.now)
    request = agreeing.propose_erasure(custody_of(log), target, REASON, by=AUDITOR, now=log.now)
    agreeing.approve(custody_of(log), request, by=SECURITY, now=log.now)
    return request


@pytest.mark.parametrize(
    "values",
    [
        {"target": "person:00000000-0000-4000-8000-000000000008"},
        {"decided_by": AUDITOR.actor.subject},
        {"decided_by": "person:c"},
        {"decided_as": "auditor"},
        {"proposed_by": "person:c"},
        {"decided_eid": "0" * 32},
        {"proposed_eid": "0" * 32},
        {"terms": {"entries": 1000, "values": 1000}},
    ],
)
def test_attack_values_are_erased_on_nothing_but_what_officers_agreed_on(
    sealed_file: SealedLog, values: dict[str, object]
) -> None:
    other = Actor(subject="person:00000000-0000-4000-8000-000000000008", address="10.1.2.9")
    sealed_file.ledger.append("unit.created", actor=other, now=sealed_file.now)
    request = erasing(sealed_file)
    before = secrets(sealed_file)
    changed(sealed_file, log_request, request, **values)
    carrying.erase(custody_of(sealed_file), indexer_of(sealed_file), now=sealed_file.now)
    assert (secrets(sealed_file), state(sealed_file, request)) == (before, "failed")


def test_attack_an_erasure_that_nobody_agreed_on_is_not_carried_out(sealed: SealedLog) -> None:
    sealed.write(60)
    before = secrets(sealed)
    request = forged_request(
        sealed, kind="erase", target="person:7", terms={"entries": 2, "values": 2}
    )
    carrying.erase(custody_of(sealed), indexer_of(sealed), now=sealed.now)
    assert (secrets(sealed), state(sealed, request)) == (before, "failed")


def test_attack_an_old_erasure_played_again_takes_nothing_that_came_since(
    sealed: SealedLog,
) -> None:
    request = erasing(sealed)
    custody, indexer = custody_of(sealed), indexer_of(sealed)
    assert carrying.erase(custody, indexer, now=sealed.now) == 1
    sealed.seal(after=61)
    sealed.seal(after=61)
    sealed.now += timedelta(days=1)
    actor = Actor(subject="person:00000000-0000-4000-8000-000000000007", address="10.1.2.4")
    sealed.ledger.append("unit.created", actor=actor, now=sealed.now)
    before = secrets(sealed)
    changed(sealed, log_request, request, state="approved")
    carrying.erase(custody, indexer, now=sealed.now)
    assert secrets(sealed) == before
    with sealed.store.read.connect() as connection:
        assert erasure.found(connection, actor.subject).values == 1


def test_what_officers_agreed_on_survives_a_restart_of_the_sealer(sealed: SealedLog) -> None:
    aged(sealed)
    request = proposed(sealed)
    agreeing.approve(custody_of(sealed), request, by=SECURITY, now=sealed.now)
    sealed.sealer.round(sealed.now)
    sealed.restart()
    sealed.seal()
    assert state(sealed, request) == "entered"
    assert alarms.every(sealed.store.read) == []
