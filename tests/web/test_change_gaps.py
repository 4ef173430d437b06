"""Attacks on the gaps between the steps of a change, and on the ways back that nobody watches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from change_world import before_next_write, begin, edit_of, look, ready, rules, step, write
from web_office import SYSTEM, Browser, Office

from audit.record import Actor
from gateway.changes import acts, sweep
from gateway.changes.refusals import ChangeRefused
from gateway.identity import people
from policies.dossier.dossiers import State, find

WIDER = "旅游处可写入 svc:ledger/**，需双因素"


def approve_anew(author: Browser, second: Browser, ref: str) -> None:
    """Edit an approved draft, and have it examined and approved again."""
    assert write(author, ref, WIDER).status_code == 303
    look(author, ref)
    assert step(author, ref, "submit").status_code == 303
    assert step(second, ref, "approve").status_code == 303


def test_attack_a_newer_text_is_approved_while_the_older_one_is_held_against_the_people(
    busy: Office, author: Browser, second: Browser
) -> None:
    """It would have come into force without the last look at people, tests and ways back."""
    ref, before = ready(author, second, most_people="9"), rules(busy)
    who = people.by_login(busy.registry, "zhaomin")
    assert who is not None
    before_next_write(busy.registry.ledger, lambda: approve_anew(author, second, ref))
    with pytest.raises(ChangeRefused, match="approved anew"):
        acts.publish(busy.room, ref, actor=Actor(subject=who.subject), now=datetime.now(UTC))
    assert rules(busy) == before
    with busy.store.reading() as session:
        assert find(session, ref).state is State.APPROVED
    assert step(author, ref, "publish").status_code == 303


def test_attack_a_publication_that_crashes_delays_no_way_back(
    busy: Office,
    author: Browser,
    second: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, before = ready(author, second), rules(busy)
    step(author, first, "publish")
    due = begin(author, publish_at="2099-01-01T08:00", most_people="9")
    approve_anew(author, second, due)

    def crash(*_given: object, **_named: object) -> None:
        raise RuntimeError("what nobody thought of")

    monkeypatch.setattr(acts, "publish", crash)
    assert sweep.sweep(busy.room, now=datetime(2099, 1, 1, 0, 1, tzinfo=UTC)) == 1
    assert rules(busy) == before
    assert f"change {due}" in caplog.text
    assert "what nobody thought of" in caplog.text


def test_attack_a_trial_that_cannot_be_looked_at_ends_in_time_and_stops_no_sweep(
    busy: Office,
    author: Browser,
    second: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ref, before = ready(author, second), rules(busy)
    step(author, ref, "publish")

    def crash(*_given: object) -> str:
        raise RuntimeError("a log that nobody can read")

    monkeypatch.setattr(sweep, "alarm", crash)
    now = datetime.now(UTC)
    assert sweep.sweep(busy.room, now=now + timedelta(minutes=8)) == 0
    assert "a log that nobody can read" in caplog.text
    with busy.store.reading() as session:
        assert find(session, ref).seen_at == now + timedelta(minutes=8)
    assert sweep.sweep(busy.room, now=now + timedelta(minutes=11)) == 1
    assert rules(busy) == before


def test_attack_a_later_service_of_the_name_opens_to_whom_a_trial_shut_the_former(
    busy: Office, author: Browser, second: Browser
) -> None:
    """The removal finds no rule any more; the trial's way back held them all."""
    ref = begin(author, most_people="9")
    before = rules(busy)
    mine = [line for line in before.splitlines() if "svc:archive/" in line]
    without = "".join(f"{line}\n" for line in before.splitlines() if line not in mine)
    form = {"text": without, "edit": edit_of(author, ref)}
    where = f"/policy/changes/{ref}/rules/text"
    assert author.post(where, form, page=where).status_code == 303
    look(author, ref)
    step(author, ref, "submit")
    assert step(second, ref, "approve").status_code == 303
    assert step(author, ref, "publish").status_code == 303
    assert mine
    assert rules(busy) == without

    catalogue, now = busy.room.catalogue, datetime.now(UTC)
    service = catalogue.by_slug("archive")
    assert service is not None
    assert catalogue.remove("archive", actor=SYSTEM, now=now) == 0
    catalogue.add(service, actor=SYSTEM, now=now)
    assert sweep.sweep(busy.room, now=now + timedelta(minutes=11)) == 1

    assert rules(busy) == without
    story = author.get(f"/policy/changes/{ref}").text.partition('id="story"')[2]
    assert "archive" in story
    assert "所涉规则不再恢复" in story
