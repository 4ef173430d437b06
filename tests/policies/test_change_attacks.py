"""Attacks on changes of the rules: hands that hide, ways back that are none, effects unseen."""

from __future__ import annotations

import pytest
from change_desk import APPROVER, BELA, NEW, NOON, Desk
from sqlalchemy import delete

from audit.ledger import Ledger
from audit.record import Actor
from gateway.store.engines import Store
from policies.dossier import drafting
from policies.dossier.dossiers import Stopped, find
from policies.tables_dossier import policy_dossier_step


@pytest.fixture
def desk(ledger: Ledger, store: Store) -> Desk:
    made = Desk(ledger, store)
    made.found()
    return made


def edit(desk: Desk, ref: str, who: Actor, text: str) -> None:
    with desk.ledger.begin() as tx:
        found = find(tx.session, ref)
        drafting.save(tx, ref, edit=found.edit, actor=who, now=NOON, text=text)


def test_attack_who_edited_another_ones_draft_approves_it(desk: Desk) -> None:
    ref = desk.open()
    edit(desk, ref, APPROVER, desk.rules().text() + NEW.replace("GET|HEAD", "*"))
    assert desk.look(ref) == ()
    desk.submit(ref)
    with pytest.raises(Stopped, match="author_approves"):
        desk.approve(ref)


def test_attack_who_edited_another_ones_draft_gains_by_it(desk: Desk) -> None:
    """A third one approves; the unit is that of the second one, who wrote the rule."""
    ref = desk.open()
    edit(desk, ref, APPROVER, desk.rules().text() + NEW.replace("unit:caiwu", BELA))
    assert desk.look(ref) == ()
    desk.submit(ref)
    with pytest.raises(Stopped, match="author_benefits"):
        desk.approve(ref, Actor(subject="person:00000000-0000-4000-8000-000000000007"))


def test_attack_a_writers_hand_taken_out_of_the_story_after_the_approval(desk: Desk) -> None:
    third = Actor(subject="person:00000000-0000-4000-8000-000000000007")
    ref = desk.open()
    edit(desk, ref, APPROVER, desk.rules().text() + NEW)
    assert desk.look(ref) == ()
    desk.submit(ref)
    desk.approve(ref, third)
    with desk.ledger.begin() as tx:
        tx.session.execute(
            delete(policy_dossier_step).where(policy_dossier_step.c.what == "edited")
        )
        tx.record("policy.change_edited", actor=APPROVER, now=NOON)
    with pytest.raises(Stopped, match="stale"):
        desk.publish(ref)
