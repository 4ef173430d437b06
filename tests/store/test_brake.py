"""While the log is not being sealed, the gateway closes in steps and opens again by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sealed_log import SealedLog, ledger_of

from audit.health import LIMITS
from audit.ledger import Ledger
from audit.record import Actor
from audit.vocabulary import EVENTS, is_privileged
from gateway.store.brake import Brake, PrivilegedHeld, WritesHeld

ACTOR = Actor(subject="person:7")


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> SealedLog:
    """Return a log with a sealer that rests, on each kind of database."""
    return SealedLog(database_url, tmp_path / "sealer", now)


def braked(log: SealedLog) -> Ledger:
    """Return a ledger whose brake looks anew each time."""
    steady = iter(range(0, 10**9, 10))
    brake = Brake(
        log.store.read, clock=lambda: log.now, limits=LIMITS, steady=lambda: float(next(steady))
    )
    return ledger_of(log.store, brake=brake)


def append(ledger: Ledger, event: str, log: SealedLog) -> None:
    ledger.append(event, actor=ACTOR, now=log.now)


def test_rights_wait_after_a_minute_everything_after_five_and_nothing_once_it_is_sealed(
    log: SealedLog,
) -> None:
    ledger = braked(log)
    append(ledger, "grant.given", log)
    log.now += timedelta(seconds=59)
    append(ledger, "grant.given", log)
    log.now += timedelta(seconds=2)
    with pytest.raises(PrivilegedHeld):
        append(ledger, "grant.given", log)
    with pytest.raises(PrivilegedHeld):
        append(ledger, "audit.exported", log)
    append(ledger, "decision.allowed", log)
    append(ledger, "person.locked", log)
    log.now += timedelta(seconds=240)
    for event in ("decision.allowed", "person.locked", "grant.given"):
        with pytest.raises(WritesHeld):
            append(ledger, event, log)
    with pytest.raises(WritesHeld), ledger.begin(unaudited_because="even housekeeping"):
        pass
    log.seal()
    append(ledger, "grant.given", log)
    log.close()


def allow_and_promote(ledger: Ledger, log: SealedLog) -> None:
    with ledger.begin() as tx:
        tx.record("decision.allowed", actor=ACTOR, now=log.now)
        tx.record("person.roles_changed", actor=ACTOR, now=log.now)


def test_a_held_act_takes_its_change_back(log: SealedLog) -> None:
    ledger = braked(log)
    append(ledger, "unit.created", log)
    log.now += timedelta(seconds=61)
    with pytest.raises(PrivilegedHeld):
        allow_and_promote(ledger, log)
    log.seal()
    assert log.size == 2  # the first, and the heartbeat
    log.close()


def test_the_sealer_is_never_held(log: SealedLog) -> None:
    ledger = braked(log)
    append(ledger, "unit.created", log)
    log.now += timedelta(hours=1)
    with ledger.for_sealer() as connection:
        connection.exec_driver_sql("UPDATE audit_event SET seq = 0")
    log.close()


def test_a_clock_that_is_set_back_does_not_make_an_unsealed_log_look_young(log: SealedLog) -> None:
    ledger = braked(log)
    append(ledger, "unit.created", log)
    log.now -= timedelta(hours=1)
    with pytest.raises(WritesHeld):
        append(ledger, "decision.allowed", log)
    log.seal()
    append(ledger, "decision.allowed", log)
    log.close()


def test_one_look_serves_for_a_second(log: SealedLog) -> None:
    steady = 0.0
    brake = Brake(log.store.read, clock=lambda: log.now, limits=LIMITS, steady=lambda: steady)
    log.write(1)
    assert brake.health().well
    log.now += timedelta(seconds=400)
    assert brake.health().well
    steady += 1.1
    assert not brake.health().well
    log.seal()
    steady += 0.3
    assert brake.health().well
    log.close()


def test_taking_away_never_waits_and_giving_always_does() -> None:
    never = {"person.locked", "person.disabled", "grant.ended", "service.shut", "session.ended",
             "report.opened", "break_glass.closed", "decision.denied", "log.heartbeat"}  # fmt: skip
    always = {"grant.given", "person.roles_changed", "person.created", "policy.published",
              "service.approved", "enrolment.issued", "break_glass.opened", "person.restored",
              "audit.exported", "audit.proved", "staff_list.imported"}  # fmt: skip
    assert not [event for event in never if is_privileged(event)]
    assert all(is_privileged(event) for event in always)
    assert all(isinstance(is_privileged(event), bool) for event in EVENTS)
