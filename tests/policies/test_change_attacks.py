"""Attacks on changes of the rules: hands that hide, ways back that are none, effects unseen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from change_desk import ANNA, APPROVER, AUDITOR, BELA, NEW, NOON, OFFICE, PEOPLE, Desk, person
from sqlalchemy import delete

from audit.ledger import Ledger
from audit.record import Actor
from gateway.changes.room import common_pages
from gateway.store.engines import Store
from policies import versions
from policies.change import overlap
from policies.change.benefit import Administration
from policies.change.texts import Form, read
from policies.change.validate import validate
from policies.dossier import drafting, publishing
from policies.dossier.dossiers import Stopped, find, steps
from policies.rules import RuleSet
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
    edit(desk, ref, APPROVER, desk.rules().text() + NEW.replace("GET|HEAD", "GET"))
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


def test_attack_a_version_published_over_a_trial_keeps_what_nobody_confirmed(desk: Desk) -> None:
    """As the removal of any service with rules does: the trial is undone, the removal is not."""
    old = "p, unit:caiwu, intranet, svc:ledger/**, GET, *, *, 2, *, allow\n"
    shut = "p, unit:caiwu, intranet, svc:budget/**, GET, *, *, *, *, deny\n"
    desk.found(RuleSet.parse(OFFICE.text() + old + shut))
    before = desk.rules().text()
    ref = desk.open(text=before.replace(shut, "") + NEW)
    assert desk.look(ref) == ()
    desk.submit(ref)
    desk.approve(ref)
    desk.publish(ref)
    assert shut.strip() not in desk.rules().text()
    with desk.ledger.begin() as tx:
        left = RuleSet.parse(desk.rules().text().replace(old, ""))
        versions.publish(tx, left, actor=APPROVER, now=NOON, note="service ledger removed")
    desk.roll_back(ref, NOON, "not_confirmed")
    assert desk.rules() == RuleSet.parse(before.replace(old, ""))


def tried(desk: Desk, text: str) -> str:
    """Publish a text; return the change, on trial."""
    ref = desk.open(text=text)
    assert desk.look(ref) == ()
    desk.submit(ref)
    desk.approve(ref)
    desk.publish(ref)
    return ref


def test_attack_a_trial_keeps_the_rules_of_a_service_that_is_taken_out_for_a_later_one(
    desk: Desk,
) -> None:
    """The trial took the service's last rule, so the removal finds none; the way back has it."""
    old = "p, unit:caiwu, intranet, svc:ledger/**, GET, *, *, 2, *, allow\n"
    other = old.replace("ledger", "budget")
    desk.found(RuleSet.parse(OFFICE.text() + old + other))
    before = desk.rules().text()
    ref = tried(desk, before.replace(old, "").replace(other, ""))
    with desk.ledger.begin() as tx:
        publishing.take_out(tx, "ledger", actor=APPROVER, now=NOON)
        tx.record("service.removed", actor=APPROVER, now=NOON, object="svc:ledger")
    desk.roll_back(ref, NOON, "not_confirmed")
    assert desk.rules() == RuleSet.parse(before.replace(old, ""))
    with desk.store.reading() as session:
        told = [(each.what, each.reason) for each in steps(session, ref)]
    assert told[-2:] == [("service_taken_out", "ledger"), ("rolled_back", "not_confirmed")]
    # A trial that begins later has nothing to do with it.
    again = tried(desk, before.replace(other, ""))
    desk.roll_back(again, NOON)
    assert desk.rules() == RuleSet.parse(before.replace(old, ""))


def test_attack_what_is_published_over_a_trial_makes_its_way_back_impossible(desk: Desk) -> None:
    """Both together would be a circle of categories: the way back comes first."""
    circle = "g3, cat:a, cat:b\n", "g3, cat:b, cat:a\n"
    desk.found(RuleSet.parse(circle[0] + OFFICE.text()))
    before = desk.rules()
    ref = tried(desk, OFFICE.text() + NEW)
    with desk.ledger.begin() as tx:
        over = RuleSet.parse(circle[1] + desk.rules().text())
        versions.publish(tx, over, actor=APPROVER, now=NOON, note="outside a case")
    desk.roll_back(ref, NOON, "not_confirmed")
    assert desk.rules() == before


TWIN = person(9)
"""A second account of the first security administrator."""
SHUT = "p, {}, {}, app:policy.{}, use, *, {}, {}, {}, deny\n"
FOREVER = f"{int(NOON.timestamp()) + 90 * 86_400}~4000000000"


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(SHUT.format("unit:baomi", "*", "approve", "*", "*", "*"), id="their unit"),
        pytest.param(SHUT.format("unit:ju", "*", "approve", "*", "*", "*"), id="the unit above"),
        pytest.param(SHUT.format("*", "intranet", "read", "*", "*", "*"), id="this zone"),
        pytest.param(SHUT.format(BELA, "*", "change", "*", "*", "*"), id="one of two"),
        pytest.param(SHUT.format("*", "*", "publish", "*", "*", FOREVER), id="from a day on"),
        pytest.param(
            SHUT.format("*", "*", "publish", "*", "*", "week:6-7@00:00-24:00+08:00"),
            id="at weekends",
        ),
        pytest.param(
            SHUT.format("*", "*", "publish", "lan", "*", "*")
            + SHUT.format("*", "*", "approve", "government|internet|vpn", "*", "*"),
            id="no network for all pages",
        ),
        pytest.param(SHUT.format("*", "*", "approve", "*", "2", "*"), id="two factors"),
        pytest.param("p, *, *, cat:none, *, *, *, *, *, deny\n", id="what has no category"),
    ],
)
def test_attack_locking_the_security_administrators_out(desk: Desk, row: str) -> None:
    above = replace(PEOPLE, units=(*PEOPLE.units, ("unit:baomi", "unit:ju")))
    assert "lockout" in desk.look(desk.open(row), above)


@pytest.mark.parametrize(
    "row",
    [
        SHUT.format("unit:caiwu", "*", "approve", "*", "*", "*"),
        SHUT.format("*", "extranet", "approve", "*", "*", "*"),
        SHUT.format("*", "*", "approve", "internet", "*", "*"),
        SHUT.format("*", "*", "approve", "*", "*", "1~2"),
    ],
)
def test_what_locks_nobody_out_is_not_blocked(desk: Desk, row: str) -> None:
    assert desk.look(desk.open(row), networks=frozenset({"lan", "internet"})) == ()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("app:policy.publish, use, *, *, *, {}, allow", id="the only rules run out"),
        pytest.param("app:policy.publish, use, *, *, 3, *, allow", id="a sign-in nobody can make"),
        pytest.param("app:policy.publish, use, 4, *, 2, *, allow", id="a level that pages lack"),
    ],
)
def test_attack_the_way_back_is_given_by_a_rule_that_does_not_last(desk: Desk, row: str) -> None:
    until = f"{int(NOON.timestamp()) - 60}~{int(NOON.timestamp()) + 86_400}"
    kept = [each for each in desk.rules().rules if each.obj != "app:policy.publish"]
    text = RuleSet(tuple(kept)).text() + f"p, role:security_admin, *, {row.format(until)}\n"
    assert "lockout" in desk.look(desk.open(text=text))


def test_attack_locking_out_by_a_network_that_everybody_comes_from(desk: Desk) -> None:
    """Without networks in the settings every address is `internet`."""
    ref = desk.open(SHUT.format("role:security_admin", "*", "change", "internet", "*", "*"))
    assert "lockout" in desk.look(ref, networks=frozenset({"internet"}))


def test_attack_two_accounts_of_one_person_are_the_two_who_are_left(desk: Desk) -> None:
    twins = replace(PEOPLE, roles=(*PEOPLE.roles, (TWIN, "role:security_admin", "intranet")))
    ref = desk.open(SHUT.format(BELA, "*", "approve", "*", "*", "*"))
    assert "lockout" in desk.look(ref, twins, same=[frozenset({ANNA, TWIN})])
    assert desk.look(ref, twins) == ()


def test_attack_the_other_offices_are_locked_out_by_what_their_people_are(desk: Desk) -> None:
    more = replace(PEOPLE, units=(*PEOPLE.units, (AUDITOR, "unit:shenji")))
    ref = desk.open("p, unit:shenji, *, app:audit.view, use, *, *, *, *, deny\n")
    assert "lockout" in desk.look(ref, more)


@pytest.mark.parametrize(
    "row",
    [
        "p, role:auditor, *, svc:budget/**, GET, *, *, 2, *, allow\n",
        "p, unit:caiwu&role:auditor, *, svc:budget/**, GET, *, *, 2, *, allow\n",
        "p, unit:caiwu, *, app:service.open, use, *, *, 2, *, allow\n",
        "p, *, *, app:service.open, use, *, *, 2, *, allow\n",
        f"p, {AUDITOR}, *, app:service.open, use, *, *, 2, *, allow\n",
        "p, role:system_admin, *, app:service.open, use, *, *, 2, *, allow\n",
    ],
)
def test_attack_officers_are_let_into_services_by_what_they_are(desk: Desk, row: str) -> None:
    """An auditor of the finance division would do its business beside watching it."""
    people = replace(PEOPLE, units=(*PEOPLE.units, (AUDITOR, "unit:caiwu")))
    pages = common_pages(desk.rules())
    may = Administration(services=None, pages=pages)
    assert "beyond" in desk.look(desk.open(row + NEW), people, may=may)


def test_attack_a_thousand_rules_of_one_place_are_not_held_each_against_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every look at such a draft would have held a worker for hours."""
    compared = []
    relation = overlap._relation
    monkeypatch.setattr(
        overlap, "_relation", lambda *pair: (compared.append(pair), relation(*pair))[1]
    )
    row = "p, unit:x, intranet, svc:a/b, GET, *, *, 2, {}~{}, allow\n"
    text = "".join(row.format(at, at + 5) for at in range(1, 501))
    assert validate(text, now=0).document is not None
    assert len(compared) <= 500 * overlap.ALIKE


def test_attack_keys_of_a_thousand_dots_are_not_taken_apart() -> None:
    text = "[[rule]]\n" + "sub" + ".a" * 1000 + ' = "x"\n'
    (problem,) = read(text, Form.TOML).problems
    assert (problem.line, problem.fix) == (2, "at most 512")
