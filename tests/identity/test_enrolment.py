"""Enrolment: a link works once, and wherever it was left it goes on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from identity_world import ADMIN, PASSWORD, Enrolled, World, secret_of

from gateway.identity import enrolment, people, sessions
from gateway.identity.enrolment import CodeRefused, EnrolmentNotBegun, EnrolmentOver
from gateway.identity.passwords import PasswordNamesItsOwner, PasswordTooShort
from gateway.identity.roles import PersonUnknown
from gateway.identity.sign_in import SignInRefused, StepOver


def test_a_link_shows_whom_it_is_for_and_changes_nothing_when_looked_at(world: World) -> None:
    person_id, link = world.invite()
    before = len(world.events())
    for _ in range(3):
        seen = enrolment.look(world.registry, link, now=world.clock)
    assert (seen.person_id, seen.login, seen.name, seen.unit) == (
        person_id,
        "li.lei",
        "李雷",
        "finance",
    )
    assert seen.expires == world.clock + timedelta(hours=24)
    assert len(world.events()) == before


def test_after_the_last_step_the_person_is_active_and_signs_in(world: World) -> None:
    person_id, link = world.invite()
    li = world.finish(person_id, link, PASSWORD)
    assert world.names()[-3:] == ["enrolment.issued", "enrolment.started", "person.enrolled"]
    person = people.by_id(world.registry, person_id)
    assert person is not None
    assert person.state == "active"
    kinds = [factor.kind for factor in people.factors(world.registry, person_id)]
    assert kinds == ["password", "totp"]
    assert world.sign_in(li)


def test_until_the_code_is_proved_nothing_is_valid(world: World) -> None:
    person_id, link = world.invite()
    enrolment.begin(world.registry, link, PASSWORD, now=world.clock)
    with pytest.raises(SignInRefused):
        world.password("li.lei")
    assert people.factors(world.registry, person_id) == []
    with pytest.raises(CodeRefused):
        enrolment.finish(world.registry, link, "000000", now=world.clock)
    assert world.names()[-1] == "enrolment.refused"
    person = people.by_id(world.registry, person_id)
    assert person is not None
    assert person.state == "invited"


def test_beginning_anew_makes_the_earlier_secret_worthless(world: World) -> None:
    person_id, link = world.invite()
    first = secret_of(enrolment.begin(world.registry, link, PASSWORD, now=world.clock))
    other = "a rather different phrase"
    second = secret_of(enrolment.begin(world.registry, link, other, now=world.clock))
    assert first != second
    seen_before = Enrolled(person_id, "li.lei", first)
    with pytest.raises(CodeRefused):
        enrolment.finish(world.registry, link, seen_before.code(world.clock), now=world.clock)
    li = Enrolled(person_id, "li.lei", second, other)
    enrolment.finish(world.registry, link, li.code(world.clock), now=world.clock)
    with pytest.raises(SignInRefused):
        world.password("li.lei", PASSWORD)
    assert world.sign_in(li)


def test_finishing_before_beginning_is_refused(world: World) -> None:
    _, link = world.invite()
    with pytest.raises(EnrolmentNotBegun):
        enrolment.finish(world.registry, link, "123456", now=world.clock)


def test_the_password_is_judged_against_login_name_and_unit(world: World) -> None:
    _, link = world.invite()
    with pytest.raises(PasswordTooShort):
        enrolment.begin(world.registry, link, "short", now=world.clock)
    for held in ("li.lei and something", "李雷 and something else", "something of 财政处 here"):
        with pytest.raises(PasswordNamesItsOwner):
            enrolment.begin(world.registry, link, held, now=world.clock)


@pytest.mark.asvs("V6.4.1")
def test_class_32_a_used_link_is_over_for_every_step(world: World) -> None:
    person_id, link = world.invite()
    li = world.finish(person_id, link, PASSWORD)
    world.wait()
    with pytest.raises(EnrolmentOver):
        enrolment.look(world.registry, link, now=world.clock)
    with pytest.raises(EnrolmentOver):
        enrolment.begin(world.registry, link, "another fine phrase", now=world.clock)
    with pytest.raises(EnrolmentOver):
        enrolment.finish(world.registry, link, li.code(world.clock), now=world.clock)
    assert world.names()[-1] == "enrolment.refused"
    assert world.sign_in(li)


def test_class_32_twenty_parallel_uses_of_a_link_enrol_once(world: World) -> None:
    person_id, link = world.invite()
    secret = secret_of(enrolment.begin(world.registry, link, PASSWORD, now=world.clock))
    code = Enrolled(person_id, "li.lei", secret).code(world.clock)
    barrier = Barrier(20)

    def use(_number: int) -> str:
        barrier.wait()
        try:
            enrolment.finish(world.registry, link, code, now=world.clock)
        except EnrolmentOver as refusal:
            return refusal.code
        return "enrolled"

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(use, range(20)))
    assert answers == ["enrolled"] + ["enrolment_over"] * 19
    assert world.names().count("person.enrolled") == 1


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 44, "ä" * 43, "\0" * 43])
def test_what_was_never_a_link_is_over(small_world: World, token: str) -> None:
    for use in (
        lambda: enrolment.look(small_world.registry, token, now=small_world.clock),
        lambda: enrolment.begin(small_world.registry, token, PASSWORD, now=small_world.clock),
        lambda: enrolment.finish(small_world.registry, token, "123456", now=small_world.clock),
    ):
        with pytest.raises(EnrolmentOver):
            use()


@pytest.mark.asvs("V6.4.1")
def test_a_link_dies_of_age_of_a_newer_one_and_with_the_person(world: World) -> None:
    _, link = world.invite()
    world.wait(timedelta(hours=24))
    with pytest.raises(EnrolmentOver):
        enrolment.look(world.registry, link, now=world.clock)
    person_id, link = world.invite("han.mei")
    newer = enrolment.issue(world.registry, person_id, actor=ADMIN, now=world.clock)
    with pytest.raises(EnrolmentOver):
        enrolment.look(world.registry, link, now=world.clock)
    assert enrolment.look(world.registry, newer, now=world.clock).person_id == person_id
    people.disable(world.registry, person_id, actor=ADMIN, now=world.clock)
    with pytest.raises(EnrolmentOver):
        enrolment.look(world.registry, newer, now=world.clock)


@pytest.mark.asvs("V6.4.3", "V7.4.3")
def test_a_new_link_changes_nothing_until_it_is_used_and_then_everything(world: World) -> None:
    """A lost phone: the old factor, password, sessions and half-made sign-ins all go."""
    li = world.enrol()
    token = world.sign_in(li)
    link = enrolment.issue(world.registry, li.id, actor=ADMIN, now=world.clock)
    enrolment.begin(world.registry, link, "another fine phrase", now=world.clock)
    assert sessions.find(world.registry, token, now=world.clock) is not None
    step = world.password("li.lei")
    new = world.finish(li.id, link, "another fine phrase")
    assert sessions.find(world.registry, token, now=world.clock) is None
    world.wait()
    with pytest.raises(StepOver):
        world.code(step.token, new.code(world.clock))
    with pytest.raises(SignInRefused):
        world.password("li.lei")
    assert world.sign_in(new)


def test_a_disabled_person_comes_back_by_a_new_link(world: World) -> None:
    li = world.enrol()
    people.disable(world.registry, li.id, actor=ADMIN, now=world.clock)
    link = enrolment.issue(world.registry, li.id, actor=ADMIN, now=world.clock)
    assert world.names()[-2:] == ["person.restored", "enrolment.issued"]
    with pytest.raises(SignInRefused):
        world.password("li.lei")
    assert world.sign_in(world.finish(li.id, link, PASSWORD))


def test_nobody_unknown_is_invited(small_world: World) -> None:
    with pytest.raises(PersonUnknown):
        enrolment.issue(small_world.registry, uuid4(), actor=ADMIN, now=small_world.clock)


def test_neither_link_nor_secret_nor_password_stands_in_the_database(
    sqlite_url: str, small_world: World
) -> None:
    person_id, link = small_world.invite("very.rare.login", name="欧阳稀有")
    li = small_world.finish(person_id, link, PASSWORD, login="very.rare.login")
    token = small_world.sign_in(li)
    with small_world.registry.ledger.begin() as tx:
        tx.session.connection().exec_driver_sql("DELETE FROM audit_secret")
        tx.record("request.refused", actor=ADMIN, now=small_world.clock)
    small_world.registry.store.close()
    path = sqlite_url.removeprefix("sqlite:///")
    with open(path, "rb") as file:  # noqa: PTH123
        content = file.read()
    for canary in (link, token, PASSWORD, "very.rare.login", "欧阳稀有", "10.1.2.3", "made up"):
        assert canary.encode() not in content
    assert li.secret not in content
