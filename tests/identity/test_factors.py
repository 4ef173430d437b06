"""Factors of a person: never the last way in, told, others signed out, fresh proofs, reminders."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from factor_world import SITE, Holder, at_once, holder, only, only_options, second, second_options
from identity_world import PASSWORD, World, secret_of
from sqlalchemy import update

from gateway.identity import (
    authenticator,
    enrolment,
    factor_views,
    factors,
    fresh,
    notices,
    phishing,
    proofs,
    recovery,
    sessions,
    tickets,
    totp,
)
from gateway.identity.authenticator import DraftOver
from gateway.identity.enrolment import CodeRefused
from gateway.identity.factors import FactorUnknown, LastFactor, PasskeyOwed
from gateway.identity.fresh import ProofRefused, ProofsOver
from gateway.identity.phishing import Owed
from gateway.identity.second_step import PasskeyRequired
from gateway.identity.sign_in import SignInRefused, StepOver
from gateway.identity.statements import changed
from gateway.identity.tables import Password
from gateway.identity.tables_factors import RecoverySet

ACT = "people_acts.disable?person=x"


def keys(world: World, li: Holder) -> list[factor_views.FactorView]:
    views = factor_views.factors(world.registry, li.person.id)
    return [view for view in views if view.kind == "passkey"]


def kinds(world: World, li: Holder) -> list[str]:
    return [view.kind for view in factor_views.factors(world.registry, li.person.id)]


def told(world: World, li: Holder) -> set[str]:
    return {notice.kind for notice in notices.unseen(world.registry, li.person.id)}


def remove_key(world: World, li: Holder, view: factor_views.FactorView) -> None:
    assert view.id is not None
    factors.remove_passkey(world.registry, li.person.id, view.id, change=li.change())


def test_the_authenticator_goes_only_while_there_is_a_passkey(world: World) -> None:
    li = holder(world)
    with pytest.raises(LastFactor):
        factors.remove_totp(world.registry, li.person.id, change=li.change())
    key = li.add()
    factors.remove_totp(world.registry, li.person.id, change=li.change())
    assert kinds(world, li) == ["password", "passkey"]
    with pytest.raises(LastFactor):
        remove_key(world, li, keys(world, li)[0])
    step = world.password("li.lei").token
    with pytest.raises(SignInRefused):
        world.code(step, li.person.code(world.wait()))
    assert second(world, step, key.answer(second_options(world, step)))


def test_attack_two_removals_at_once_leave_one_way_in(world: World) -> None:
    """Both see the other's factor; the lock lets one of them see that it is gone."""
    li = holder(world)
    for name in ("a", "b"):
        li.add(name=name)
    factors.remove_totp(world.registry, li.person.id, change=li.change())
    waiting = [(view, li.change()) for view in keys(world, li)]

    def remove() -> bool:
        view, change = waiting.pop()
        assert view.id is not None
        factors.remove_passkey(world.registry, li.person.id, view.id, change=change)
        return True

    done, raised = at_once(remove, 2)
    assert (len(done), [type(each) for each in raised]) == (1, [LastFactor])
    assert len(keys(world, li)) == 1


def test_a_foreign_passkey_is_neither_renamed_nor_removed(small_world: World) -> None:
    li = holder(small_world)
    li.add()
    view = keys(small_world, li)[0]
    thief = holder(small_world, "han.mei")
    assert view.id is not None
    with pytest.raises(FactorUnknown):
        factors.remove_passkey(
            small_world.registry, thief.person.id, view.id, change=thief.change()
        )
    with pytest.raises(FactorUnknown):
        factors.rename_passkey(
            small_world.registry,
            thief.person.id,
            view.id,
            "mine",
            actor=thief.actor,
            now=small_world.clock,
        )
    assert keys(small_world, li)[0].name == "办公电脑"


@pytest.mark.asvs("V6.3.7", "V7.4.3")
def test_every_change_is_told_and_ends_the_other_sessions(world: World) -> None:
    """Adding, replacing, removing, new codes: this session stays, a thief's is over."""
    li = holder(world)

    def add() -> None:
        li.add()

    def codes() -> None:
        li.codes()

    def replace_totp() -> None:
        offered = authenticator.offer(world.registry, li.now, actor=li.actor, now=world.clock)
        li.person.secret = secret_of(offered)
        code = li.person.code(world.clock)
        authenticator.confirm(world.registry, li.now, code, change=li.change())

    def remove() -> None:
        remove_key(world, li, keys(world, li)[0])

    expected = {
        add: "passkey_added",
        codes: "recovery_made",
        replace_totp: "totp_replaced",
        remove: "passkey_removed",
    }
    for act, kind in expected.items():
        other = world.sign_in(li.person)
        half = world.password("li.lei").token
        act()
        world.wait()
        assert sessions.find(world.registry, other, now=world.clock) is None, kind
        assert sessions.find(world.registry, li.token, now=world.clock) is not None, kind
        assert kind in told(world, li)
        if kind != "recovery_made":
            with pytest.raises(StepOver):
                world.code(half, li.person.code(world.clock))


@pytest.mark.asvs("V6.5.6")
def test_the_new_authenticator_counts_and_the_old_one_does_not(world: World) -> None:
    li = holder(world)
    offered = authenticator.offer(world.registry, li.now, actor=li.actor, now=world.clock)
    new = secret_of(offered)
    step = totp.step_at(world.wait())
    with pytest.raises(CodeRefused):
        authenticator.confirm(
            world.registry, li.now, li.person.code(world.clock), change=li.change()
        )
    authenticator.confirm(world.registry, li.now, totp.code_at(new, step), change=li.change())
    pending = world.password("li.lei").token
    world.wait()
    with pytest.raises(SignInRefused):
        world.code(pending, li.person.code(world.clock))
    li.person.secret = new
    assert world.code(pending, li.person.code(world.clock))


def test_attack_a_new_authenticator_is_confirmed_by_its_own_session_and_in_time(
    small_world: World,
) -> None:
    li = holder(small_world)
    registry = small_world.registry
    offered = authenticator.offer(registry, li.now, actor=li.actor, now=small_world.clock)
    new = secret_of(offered)
    other = Holder(small_world, li.person, small_world.sign_in(li.person))
    code = totp.code_at(new, totp.step_at(small_world.clock))
    with pytest.raises(DraftOver):
        authenticator.confirm(registry, other.now, code, change=other.change())
    small_world.wait(authenticator.LIFE)
    code = totp.code_at(new, totp.step_at(small_world.clock))
    with pytest.raises(DraftOver):
        authenticator.confirm(registry, li.now, code, change=li.change())


@pytest.mark.asvs("V6.4.4", "V6.5.6")
def test_enrolling_anew_makes_everything_old_worthless(world: World) -> None:
    """Also the passkey and the recovery codes of whoever found the phone."""
    li = holder(world)
    key = li.add()
    codes = li.codes()
    link = enrolment.issue(world.registry, li.person.id, actor=li.actor, now=world.clock)
    li.person.secret = world.finish(li.person.id, link, PASSWORD).secret
    assert kinds(world, li) == ["password", "totp"]
    with pytest.raises(SignInRefused):
        only(world, key.answer(only_options(world)))
    assert recovery.matching(world.registry, li.person.id, codes[0]) is None


@pytest.mark.asvs("V7.5.1", "V7.5.3")
def test_a_passkey_confirms_the_very_act_it_was_asked_for(world: World) -> None:
    li = holder(world)
    key = li.add()
    registry = world.registry
    options = fresh.passkey_options(registry, SITE, li.now, act=ACT, now=world.clock)
    answer = key.answer(options)
    with pytest.raises(ProofRefused):
        fresh.prove_with_passkey(
            registry, SITE, li.now, act="other", answer=answer, actor=li.actor, now=world.clock
        )
    answer = key.answer(fresh.passkey_options(registry, SITE, li.now, act=ACT, now=world.clock))
    li.token = fresh.prove_with_passkey(
        registry, SITE, li.now, act=ACT, answer=answer, actor=li.actor, now=world.clock
    ).token
    assert proofs.is_fresh(registry, li.now.session_id, ACT, now=world.clock)
    assert not proofs.is_fresh(registry, li.now.session_id, "other", now=world.clock)
    with pytest.raises(ProofRefused):
        fresh.prove_with_passkey(
            registry, SITE, li.now, act=ACT, answer=answer, actor=li.actor, now=world.clock
        )


def test_a_sign_in_answer_confirms_no_act_and_the_other_way_round(small_world: World) -> None:
    li = holder(small_world)
    key = li.add()
    registry, now = small_world.registry, small_world.clock
    options = fresh.passkey_options(registry, SITE, li.now, act=ACT, now=now)
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(options))
    with pytest.raises(ProofRefused):
        fresh.prove_with_passkey(
            registry,
            SITE,
            li.now,
            act=ACT,
            answer=key.answer(only_options(small_world)),
            actor=li.actor,
            now=now,
        )


def test_a_recovery_code_confirms_an_act_and_the_fifth_wrong_one_ends_the_session(
    world: World,
) -> None:
    """So that whoever lost the phone can replace the authenticator."""
    li = holder(world)
    codes = li.codes()
    registry, now = world.registry, world.clock
    li.token = fresh.prove(registry, li.now, act=ACT, code=codes[0], actor=li.actor, now=now).token
    assert proofs.is_fresh(registry, li.now.session_id, ACT, now=now)
    who, actor = li.now, li.actor
    for _ in range(4):
        with pytest.raises(ProofRefused):
            fresh.prove(registry, who, act=ACT, code=codes[0], actor=li.actor, now=now)
    with pytest.raises(ProofsOver):
        fresh.prove(registry, who, act=ACT, code=codes[0], actor=actor, now=now)
    assert sessions.find(registry, li.token, now=now) is None


@pytest.mark.asvs("V6.4.5")
def test_reminders_come_before_it_is_too_late(small_world: World) -> None:
    """No codes, never shown, few left; a password that runs out in two weeks."""
    li = holder(small_world)
    limits = replace(small_world.registry.limits, password_profile="dengbao3")
    registry = replace(small_world.registry, limits=limits)

    def codes_of() -> list[str]:
        found = factor_views.reminders(registry, li.person.id, now=small_world.clock)
        return [each.code for each in found]

    assert codes_of() == ["recovery_none"]
    made = li.codes()
    assert codes_of() == ["recovery_unsaved"]
    recovery.save(registry, li.person.id, made[9], actor=li.actor, now=small_world.clock)
    assert codes_of() == []
    for number, code in enumerate(made[:7], start=1):
        li.token = fresh.prove(
            registry, li.now, act=f"a{number}", code=code, actor=li.actor, now=small_world.clock
        ).token
        assert codes_of() == (["recovery_low"] if number == 7 else [])
    with registry.ledger.begin(unaudited_because="a test") as tx:
        changed(tx.session, update(RecoverySet).values(disabled_at=small_world.clock))
        since = small_world.clock - timedelta(days=90 - 14) + timedelta(minutes=1)
        changed(tx.session, update(Password).values(changed_at=since))
    assert codes_of() == ["recovery_none"]
    small_world.wait(timedelta(minutes=1))
    assert codes_of() == ["password_ends", "recovery_none"]


def test_a_role_asks_for_a_passkey_from_its_first_use_on(world: World) -> None:
    """Before: a session that may do nothing but make one. After: no code opens anything."""
    limits = replace(world.registry.limits, phishing_resistant_roles=frozenset({"auditor"}))
    world.registry = replace(world.registry, limits=limits)
    li = holder(world, roles=("auditor",))
    assert phishing.owed(world.registry, li.now) is Owed.REGISTER
    key = li.add()
    assert phishing.owed(world.registry, li.now) is Owed.SIGN_IN
    step = world.password("li.lei").token
    with pytest.raises(PasskeyRequired):
        world.code(step, li.person.code(world.wait()))
    opened = second(world, step, key.answer(second_options(world, step)))
    found = sessions.find(world.registry, opened.token, now=world.clock)
    assert found is not None
    assert phishing.owed(world.registry, found) is None
    with pytest.raises(PasskeyOwed):
        remove_key(world, li, keys(world, li)[0])


@pytest.mark.asvs("V6.3.3")
def test_attack_a_code_that_was_phished_confirms_no_act_of_a_role_that_asks_for_a_passkey(
    world: World,
) -> None:
    li = holder(world, roles=("auditor",))
    key, codes = li.add(), li.codes()
    limits = replace(world.registry.limits, phishing_resistant_roles=frozenset({"auditor"}))
    registry = world.registry = replace(world.registry, limits=limits)
    assert fresh.ways(registry, li.now) == {"passkey"}
    for code in (li.person.code(world.wait()), codes[0]):
        with pytest.raises(ProofRefused):
            fresh.prove(registry, li.now, act=ACT, code=code, actor=li.actor, now=world.clock)
        assert not proofs.is_fresh(registry, li.now.session_id, ACT, now=world.clock)
    answer = key.answer(fresh.passkey_options(registry, SITE, li.now, act=ACT, now=world.clock))
    li.token = fresh.prove_with_passkey(
        registry, SITE, li.now, act=ACT, answer=answer, actor=li.actor, now=world.clock
    ).token
    assert proofs.is_fresh(registry, li.now.session_id, ACT, now=world.clock)


@pytest.mark.asvs("V6.3.3")
def test_attack_a_session_in_a_service_dies_when_its_role_asks_for_a_passkey(
    small_world: World,
) -> None:
    li = holder(small_world, roles=("auditor",))
    ticket = tickets.issue(small_world.registry, li.token, "ledger", now=small_world.clock)
    child = tickets.redeem(small_world.registry, ticket, "ledger", now=small_world.clock)
    limits = replace(small_world.registry.limits, phishing_resistant_roles=frozenset({"auditor"}))
    strict = replace(small_world.registry, limits=limits)
    now = small_world.clock
    assert sessions.find(small_world.registry, child, now=now, service="ledger") is not None
    assert sessions.find(strict, child, now=now, service="ledger") is None
