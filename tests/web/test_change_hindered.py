"""A trial or a timed publication that cannot go on by itself is on record, and seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from change_world import begin, look, ready, rules, step, write
from sqlalchemy import delete, insert, select
from web_office import SYSTEM, Browser, Office

from audit.tables import audit_event
from gateway.changes import sweep
from gateway.identity import people, staff
from gateway.web.desk_values import Condition
from policies import versions
from policies.dossier.dossiers import State, find
from policies.tables import policy_rule


def move(office: Office, login: str, unit: str) -> None:
    who = people.by_login(office.registry, login)
    assert who is not None
    staff.change(office.registry, who.id, actor=SYSTEM, now=datetime.now(UTC), unit=unit)


def told(office: Office, event: str) -> int:
    with office.store.reading() as session:
        return sum(
            f'"ev":"{event}"'.encode() in bytes(body)
            for body in session.scalars(select(audit_event.c.body))
        )


def state(office: Office, ref: str) -> State:
    with office.store.reading() as session:
        return find(session, ref).state


def test_a_timed_publication_that_is_refused_is_said_once_until_it_goes_on(
    busy: Office, author: Browser, second: Browser, stranger: Browser
) -> None:
    due = datetime(2099, 1, 1, 1, tzinfo=UTC)
    ref = ready(author, second, publish_at="2099-01-01T08:00")
    move(busy, "linxia", "lvyou")  # who approved it would gain by it now
    for minutes in range(3):
        sweep.sweep(busy.room, now=due + timedelta(minutes=minutes))
    assert state(busy, ref) is State.APPROVED
    assert told(busy, "policy.change_hindered") == 1

    page = author.get(f"/policy/changes/{ref}").text
    assert 'id="hindered"' in page
    assert "规则变更不能自动继续" in page
    assert "批准人会因此获得权限" in page
    assert "台账给旅游处" in author.get("/account/notices/").text
    health = stranger.get("/health")
    assert (health.status_code, health.text) == (503, "hindered\n")
    assert stranger.get("/health/serving").status_code == 200

    move(busy, "linxia", "baomi")
    sweep.sweep(busy.room, now=due + timedelta(minutes=9))
    assert state(busy, ref) is State.TRIAL
    assert busy.desk.condition(now=due) is Condition.OK
    page = author.get(f"/policy/changes/{ref}").text
    assert 'id="hindered"' not in page
    assert "规则变更不能自动继续" not in page


def test_what_passes_by_itself_hinders_nothing(
    busy: Office, author: Browser, second: Browser
) -> None:
    """Another trial has to end first, which it does."""
    first = ready(author, second)
    later = begin(author, publish_at="2099-01-01T08:00")
    write(author, later, "旅游处可打印 svc:ledger/**，需双因素")
    look(author, later)
    step(author, later, "submit")
    step(second, later, "approve")
    step(author, first, "publish")
    sweep.sweep(busy.room, now=datetime.now(UTC) + timedelta(minutes=1))
    assert told(busy, "policy.change_hindered") == 0
    assert busy.desk.condition(now=datetime.now(UTC)) is Condition.OK


def test_attack_a_trial_outlives_its_time_because_the_version_before_it_was_tampered_with(
    busy: Office, author: Browser, second: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """It would stay in force for ever, and nobody would hear of it but the process log."""
    ref, before = ready(author, second), rules(busy)
    step(author, ref, "publish")
    with busy.store.reading() as session:
        base = find(session, ref).base_seq
        first = policy_rule.c.position == 0
        row = session.execute(select(policy_rule).where(policy_rule.c.seq == base, first)).one()
    with busy.registry.ledger.begin(unaudited_because="a hand in the database") as tx:
        tx.session.execute(delete(policy_rule).where(policy_rule.c.seq == base, first))
    late = datetime.now(UTC) + timedelta(minutes=11)
    for minutes in range(2):
        assert sweep.sweep(busy.room, now=late + timedelta(minutes=minutes)) == 0
    assert "StoredRulesDifferError" in caplog.text
    assert told(busy, "policy.change_hindered") == 1
    assert busy.desk.condition(now=late) is Condition.HINDERED
    assert "StoredRulesDifferError" in author.get(f"/policy/changes/{ref}").text

    with busy.registry.ledger.begin(unaudited_because="brought back from a backup") as tx:
        tx.session.execute(insert(policy_rule).values(**row._asdict()))
    assert sweep.sweep(busy.room, now=late + timedelta(minutes=3)) == 1
    assert rules(busy) == before
    assert busy.desk.condition(now=late) is Condition.OK
    with busy.store.reading() as session:
        assert versions.history(session)[0].note.startswith("return to version")


def test_a_trial_that_can_be_looked_after_again_says_so(
    busy: Office, author: Browser, second: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")

    def crash(*_given: object) -> str:
        raise RuntimeError("a log that nobody can read")

    with monkeypatch.context() as patch:
        patch.setattr(sweep, "alarm", crash)
        sweep.sweep(busy.room, now=datetime.now(UTC))
    assert busy.desk.condition(now=datetime.now(UTC)) is Condition.HINDERED
    sweep.sweep(busy.room, now=datetime.now(UTC))
    assert busy.desk.condition(now=datetime.now(UTC)) is Condition.OK
    assert told(busy, "policy.change_unhindered") == 1
    assert step(author, ref, "roll-back").status_code == 303
