"""A change of the rules from draft to confirmed version, on real databases, and its attackers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from change_desk import (
    ANNA,
    APPROVER,
    AUTHOR,
    BELA,
    CLERK,
    NEW,
    NOON,
    OFFICE,
    Desk,
)
from sqlalchemy import update

from audit.ledger import Ledger
from gateway.store.engines import Store
from policies.dossier import approving, drafting, publishing
from policies.dossier.dossiers import State, Stopped, Why, examination, find, steps
from policies.dossier.drafting import Terms
from policies.tables_dossier import policy_examination


@pytest.fixture
def desk(ledger: Ledger, store: Store) -> Desk:
    made = Desk(ledger, store)
    made.found()
    return made


def stopped(why: Why):  # noqa: ANN201 - pytest's own context
    return pytest.raises(Stopped, match=str(why))


def test_a_change_goes_from_draft_to_confirmed_version_and_tells_its_story(desk: Desk) -> None:
    ref = desk.approved()
    desk.publish(ref)
    assert NEW.strip() in desk.rules().text()
    desk.confirm(ref, NOON + timedelta(minutes=2), NOON + timedelta(minutes=1))
    assert desk.at(ref).state is State.CONFIRMED
    with desk.store.reading() as session:
        told = [each.what for each in steps(session, ref)]
    assert told == ["opened", "submitted", "approved", "published", "confirmed"]


def test_attack_self_approval_is_refused(desk: Desk) -> None:
    ref = desk.open()
    desk.look(ref)
    desk.submit(ref)
    with stopped(Why.AUTHOR_APPROVES):
        desk.approve(ref, AUTHOR)
    assert desk.at(ref).state is State.SUBMITTED


def test_attack_self_approval_through_a_second_account_is_refused(desk: Desk) -> None:
    ref = desk.open()
    desk.look(ref)
    desk.submit(ref)
    with stopped(Why.AUTHOR_APPROVES):
        desk.approve(ref, APPROVER, same=[(ANNA, BELA)])


def test_attack_an_author_who_gains_through_a_unit_is_refused(desk: Desk) -> None:
    ref = desk.open(NEW.replace("unit:caiwu", "unit:baomi"))
    desk.look(ref)
    desk.submit(ref)
    with stopped(Why.AUTHOR_BENEFITS):
        desk.approve(ref)


def test_attack_an_author_who_joins_the_unit_after_the_examination_is_refused(desk: Desk) -> None:
    ref = desk.open()
    desk.look(ref)
    desk.submit(ref)
    with stopped(Why.AUTHOR_BENEFITS):
        desk.approve(ref, gaining=frozenset({ANNA}))


def test_attack_an_author_who_gains_through_a_second_account_is_refused(desk: Desk) -> None:
    ref = desk.open()
    desk.look(ref)
    desk.submit(ref)
    with stopped(Why.AUTHOR_BENEFITS):
        desk.approve(ref, same=[(ANNA, CLERK)])


def test_attack_locking_out_the_security_administrators_is_blocked(desk: Desk) -> None:
    ref = desk.open("p, role:security_admin, *, app:policy.publish, use, *, *, *, *, deny\n")
    assert "lockout" in desk.look(ref)
    with stopped(Why.BLOCKED):
        desk.submit(ref)


def test_attack_granting_a_page_of_the_gateway_is_blocked(desk: Desk) -> None:
    ref = desk.open("p, unit:caiwu, *, app:audit.view, use, *, *, 2, *, allow\n")
    assert "beyond" in desk.look(ref)


def test_growth_beyond_what_the_author_declared_blocks(desk: Desk) -> None:
    ref = desk.open(most_people=0)
    assert desk.look(ref) == ("growth",)


def test_a_version_whose_own_test_fails_is_blocked(desk: Desk) -> None:
    case = "t, deny, unit:caiwu, intranet, svc:budget/files/a, cat:none, GET, 0, 0, lan, 2, *\n"
    ref = desk.open(NEW + case)
    assert desk.look(ref) == ("tests",)


def test_attack_editing_after_approval_voids_it(desk: Desk) -> None:
    ref = desk.approved()
    with desk.ledger.begin() as tx:
        drafting.save(tx, ref, edit=1, actor=AUTHOR, now=NOON, text=desk.rules().text())
    assert (desk.at(ref).state, desk.at(ref).approval) == (State.DRAFT, None)
    with desk.store.reading() as session:
        assert [each.what for each in steps(session, ref)][-2:] == ["edited", "approval_void"]
    with stopped(Why.NOT_APPROVED):
        desk.publish(ref)


@pytest.mark.parametrize(
    "values",
    [
        {"text": "p, *, *, svc:budget/**, *, *, *, *, *, allow\n"},
        {"author": BELA},
        {"confirm_minutes": 1440},
        {"most_people": 9999},
        {"publish_at": NOON - timedelta(days=1)},
        {"edit": 7},
    ],
)
def test_attack_a_row_changed_behind_the_programs_back_after_approval_is_not_published(
    desk: Desk, values: dict[str, object]
) -> None:
    ref = desk.approved()
    desk.tamper(ref, values)
    with pytest.raises(Stopped, match=r"stale|not_examined"):
        desk.publish(ref)


def test_attack_an_approval_written_into_the_row_by_hand_is_not_published(desk: Desk) -> None:
    ref = desk.open()
    desk.look(ref)
    values = {"state": "approved", "approver": BELA, "approved_at": NOON, "approval": b"\1" * 64}
    desk.tamper(ref, values)
    with stopped(Why.STALE):
        desk.publish(ref)


def test_attack_a_replayed_approval_of_another_change_is_not_published(desk: Desk) -> None:
    first, second = desk.approved(), desk.open()
    desk.look(second)
    taken = desk.at(first)
    desk.tamper(
        second,
        {"state": "approved", "approver": BELA, "approved_at": NOON, "approval": taken.approval},
    )
    with stopped(Why.STALE):
        desk.publish(second)


def test_attack_an_effect_rewritten_in_the_database_is_not_approved(desk: Desk) -> None:
    ref = desk.open(most_people=0)
    desk.look(ref)
    with desk.ledger.begin(unaudited_because="an attacker behind the program's back") as tx:
        found = examination(tx.session, ref)
        assert found is not None
        text = '{"blockers":[],"gaining":[]}'
        tx.session.execute(update(policy_examination).values(effect=text))
    with stopped(Why.STALE):
        desk.submit(ref)


def test_attack_approving_a_stale_hash_is_refused(desk: Desk) -> None:
    ref = desk.open()
    desk.look(ref)
    old = desk.shown(ref)
    with desk.ledger.begin() as tx:
        drafting.save(tx, ref, edit=1, actor=AUTHOR, now=NOON, text=desk.at(ref).text + "# x\n")
    desk.look(ref, days=7)
    desk.submit(ref)
    with stopped(Why.STALE):
        desk.approve(ref, shown=old)
    with stopped(Why.EDITED):
        desk.approve(ref, edit=1)


def test_who_saves_over_a_newer_draft_is_told(desk: Desk) -> None:
    ref = desk.open()
    with desk.ledger.begin() as tx:
        drafting.save(tx, ref, edit=1, actor=AUTHOR, now=NOON, text=NEW)
    with stopped(Why.EDITED), desk.ledger.begin() as tx:
        drafting.save(tx, ref, edit=1, actor=APPROVER, now=NOON, text="")
    assert desk.at(ref).text == NEW


def test_a_refused_draft_keeps_reason_and_text_for_the_next_reader(desk: Desk) -> None:
    ref = desk.open()
    desk.look(ref)
    desk.submit(ref)
    with desk.ledger.begin() as tx:
        approving.refuse(tx, ref, edit=1, actor=APPROVER, now=NOON, reason="too wide for a week")
    with desk.store.reading() as session:
        last = steps(session, ref)[-1]
    assert (last.what, last.reason, last.text) == (
        "refused",
        "too wide for a week",
        desk.at(ref).text,
    )
    assert desk.at(ref).state is State.DRAFT


def test_the_second_of_two_publications_is_told_to_rebase_and_keeps_both_changes(
    desk: Desk,
) -> None:
    first = desk.approved()
    second = desk.approved(NEW.replace("budget", "ledger"))
    desk.publish(first)
    with stopped(Why.REBASE):
        desk.publish(second)
    desk.confirm(first, NOON + timedelta(minutes=2), NOON + timedelta(minutes=1))
    with desk.ledger.begin() as tx:
        drafting.rebase(tx, second, edit=1, actor=AUTHOR, now=NOON)
    text = desk.at(second).text
    assert "svc:budget/" in text
    assert "svc:ledger/" in text
    assert desk.at(second).state is State.DRAFT


def test_a_place_that_both_sides_changed_is_a_conflict(desk: Desk) -> None:
    first, second = desk.approved(), desk.open(NEW.replace("GET|HEAD", "*"))
    desk.publish(first)
    with desk.store.reading() as session:
        (found,) = drafting.conflicts(session, find(session, second))
    assert found.ours[0] != found.theirs[0]


def test_while_one_version_is_on_trial_no_other_is_published(desk: Desk) -> None:
    first = desk.approved()
    desk.publish(first)
    second = desk.approved(NEW.replace("budget", "ledger"))
    with stopped(Why.TRIAL_RUNS):
        desk.publish(second)


def test_a_trial_nobody_confirms_ends_by_itself(desk: Desk) -> None:
    ref = desk.approved()
    desk.publish(ref)
    late = NOON + timedelta(minutes=10)
    assert publishing.ended_by_itself(desk.at(ref), late - timedelta(seconds=1)) == ""
    assert publishing.ended_by_itself(desk.at(ref), late) == "not_confirmed"
    with stopped(Why.TOO_LATE):
        desk.confirm(ref, late, NOON + timedelta(minutes=1))
    desk.roll_back(ref, late, "not_confirmed")
    assert desk.rules().hash == OFFICE.hash
    assert desk.at(ref).state is State.ROLLED_BACK


def test_attack_confirming_from_a_session_of_before_the_version_is_refused(desk: Desk) -> None:
    ref = desk.approved()
    desk.publish(ref)
    with stopped(Why.NOT_FRESH_SESSION):
        desk.confirm(ref, NOON + timedelta(minutes=2), NOON - timedelta(seconds=1))


def test_attack_a_clock_set_back_in_the_window_ends_the_trial(desk: Desk) -> None:
    ref = desk.approved()
    desk.publish(ref)
    with desk.ledger.begin(unaudited_because="the latest moment seen") as tx:
        publishing.see(tx.session, desk.at(ref), NOON + timedelta(minutes=8))
    back = NOON + timedelta(minutes=1)
    assert publishing.ended_by_itself(desk.at(ref), back) == "clock_went_back"
    with stopped(Why.CLOCK_WENT_BACK):
        desk.confirm(ref, back, NOON + timedelta(seconds=30))


def test_a_timed_publication_waits_for_its_moment(desk: Desk) -> None:
    at = NOON + timedelta(hours=3)
    ref = desk.approved(publish_at=at)
    with stopped(Why.TOO_EARLY):
        desk.publish(ref, at - timedelta(seconds=1))
    assert not publishing.is_due(desk.at(ref), at - timedelta(seconds=1))
    assert publishing.is_due(desk.at(ref), at)
    desk.publish(ref, at)


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("title", "a\nb\0"), ("why", "x"), ("most_people", -1), ("confirm_minutes", 0)],
)
def test_bad_terms_are_named(field: str, value: object) -> None:
    good = Terms(title="t", why="because", most_people=1)
    with pytest.raises(Stopped, match=field):
        replace(good, **{field: value}).checked()  # type: ignore[arg-type] - wrong on purpose


def test_a_draft_that_cannot_be_read_is_kept_as_it_was_typed(desk: Desk) -> None:
    ref = desk.open("p, unit:caiwu, intranet, svc:预算/**, GET\n")
    desk.look(ref)
    assert "预算" in desk.at(ref).text
    with stopped(Why.NOT_EXAMINED):
        desk.submit(ref)
