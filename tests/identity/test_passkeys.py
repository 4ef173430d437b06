"""Passkeys: made, used as the second and as the only step, and every way to cheat with one."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from factor_world import (
    BROWSER_TOKEN,
    OTHER_BROWSER,
    SITE,
    Holder,
    at_once,
    holder,
    only,
    only_options,
    second,
    second_options,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_world import ADMIN, Died, World
from soft_passkey import ELIGIBLE, PRESENT, VERIFIED, SoftKey
from sqlalchemy import select, update

from gateway.identity import (
    challenges,
    factor_views,
    factors,
    notices,
    passkey_making,
    passkeys,
    people,
    sessions,
)
from gateway.identity.factors import PasskeyRefused, PasskeyTaken, TooManyPasskeys
from gateway.identity.sign_in import SignInRefused, StepOver
from gateway.identity.statements import changed
from gateway.identity.tables_factors import Passkey, SpentChallenge
from gateway.vault import Unopenable


def kinds(world: World, person: Holder) -> list[str]:
    return [notice.kind for notice in notices.unseen(world.registry, person.person.id)]


def key_row(world: World) -> Passkey:
    with world.registry.store.reading() as session:
        return session.execute(select(Passkey)).scalar_one()


@pytest.mark.asvs("V6.3.3")
def test_a_passkey_alone_opens_a_session_of_strength_three(world: World) -> None:
    li = holder(world)
    key = li.add()
    opened = only(world, key.answer(only_options(world)))
    found = sessions.find(world.registry, opened.token, now=world.clock)
    assert found is not None
    assert (found.person_id, found.strength, found.amr) == (li.person.id, 3, ("hwk", "user"))


def test_a_passkey_after_the_password_opens_a_session_of_strength_three(world: World) -> None:
    li = holder(world)
    key = li.add()
    step = world.password("li.lei").token
    opened = second(world, step, key.answer(second_options(world, step)))
    found = sessions.find(world.registry, opened.token, now=world.clock)
    assert found is not None
    assert (found.strength, found.amr) == (3, ("pwd", "hwk", "user"))
    with pytest.raises(StepOver):
        second(world, step, key.answer(second_options_of(world, step)))


def second_options_of(world: World, step: str) -> str:
    """Options even for a step that is over."""
    from_step = passkeys.Ceremony("second", step)
    return passkeys.request_options(world.registry, SITE, from_step, now=world.clock)


def test_a_passkey_that_may_be_copied_is_called_so(small_world: World) -> None:
    li = holder(small_world)
    key = li.key()
    key.flags |= ELIGIBLE
    li.add(key)
    opened = only(small_world, key.answer(only_options(small_world)))
    found = sessions.find(small_world.registry, opened.token, now=small_world.clock)
    assert found is not None
    assert found.amr == ("swk", "user")
    views = factor_views.factors(small_world.registry, li.person.id)
    assert [view.is_synced for view in views if view.kind == "passkey"] == [True]


def wrong_origin(key: SoftKey) -> None:
    key.origin = "https://pass.example.gov.cn.evil.example"


def wrong_rp(key: SoftKey) -> None:
    key.rp = "evil.example"


def no_user_verification(key: SoftKey) -> None:
    key.flags = PRESENT


def nobody_present(key: SoftKey) -> None:
    key.flags = VERIFIED


def foreign_secret(key: SoftKey) -> None:
    key.secret = SoftKey(origin="", rp="").secret


def foreign_credential(key: SoftKey) -> None:
    key.id = b"x" * 32


def foreign_handle(key: SoftKey) -> None:
    key.handle = b"h" * 32


LIES = (
    wrong_origin,
    wrong_rp,
    no_user_verification,
    nobody_present,
    foreign_secret,
    foreign_credential,
    foreign_handle,
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_attack_a_lying_answer_opens_nothing(
    small_world: World, lie: Callable[[SoftKey], None]
) -> None:
    """A false page, a false party, a stolen id: neither as the only nor as the second step."""
    key = holder(small_world).add()
    lie(key)
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(only_options(small_world)))
    step = small_world.password("li.lei").token
    with pytest.raises(SignInRefused):
        second(small_world, step, key.answer(second_options(small_world, step)))


def test_attack_a_registration_is_no_sign_in(small_world: World) -> None:
    key = holder(small_world).add()
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(only_options(small_world), kind="webauthn.create"))


def test_attack_a_key_alone_must_say_whose_it_is(small_world: World) -> None:
    key = holder(small_world).add()
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(only_options(small_world), handle=False))


@pytest.mark.asvs("V6.7.2")
def test_attack_an_answer_counts_once(world: World) -> None:
    """The same bytes a second time, also where the device counts nothing."""
    li = holder(world)
    key = li.key()
    key.counts = False
    li.add(key)
    answer = key.answer(only_options(world))
    only(world, answer)
    with pytest.raises(SignInRefused):
        only(world, answer)


@pytest.mark.asvs("V6.7.2")
def test_attack_twenty_at_once_with_one_answer_open_one_session(world: World) -> None:
    li = holder(world)
    key = li.key()
    key.counts = False
    li.add(key)
    answer = key.answer(only_options(world))
    done, raised = at_once(lambda: only(world, answer), 20)
    assert len(done) == 1
    assert {type(each) for each in raised} == {SignInRefused}


@pytest.mark.asvs("V6.7.2")
def test_challenges_are_long_random_and_expire(small_world: World) -> None:
    vault = small_world.registry.vault
    found = {
        challenges.new(vault, "only", "b", now=small_world.clock)[: challenges.RANDOM]
        for _ in range(500)
    }
    assert len(found) == 500
    assert challenges.RANDOM * 8 >= 128
    key = holder(small_world).add()
    options = only_options(small_world)
    small_world.wait(challenges.LIFE)
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(options))


@pytest.mark.asvs("V6.7.2")
def test_attack_a_challenge_of_another_browser_step_or_purpose_is_worth_nothing(
    small_world: World,
) -> None:
    key = holder(small_world).add()
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(only_options(small_world)), OTHER_BROWSER)
    step = small_world.password("li.lei").token
    other = small_world.password("li.lei").token
    with pytest.raises(SignInRefused):
        second(small_world, other, key.answer(second_options(small_world, step)))
    with pytest.raises(SignInRefused):
        second(small_world, step, key.answer(only_options(small_world)))
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(second_options(small_world, step)), BROWSER_TOKEN)


def test_attack_a_made_up_challenge_is_worth_nothing(small_world: World) -> None:
    key = holder(small_world).add()
    asked = json.loads(only_options(small_world))
    asked["challenge"] = urlsafe_b64encode(b"x" * 56).decode().rstrip("=")
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(json.dumps(asked)))


def test_attack_a_copied_key_is_refused_and_its_owner_told(world: World) -> None:
    """Its counter stands where the real one was before (Web Authentication level 3, 6.1.1)."""
    li = holder(world)
    key = li.add()
    only(world, key.answer(only_options(world)))
    only(world, key.answer(only_options(world)))
    key.counter = 0
    with pytest.raises(SignInRefused):
        only(world, key.answer(only_options(world)))
    assert "passkey_copied" in kinds(world, li)
    assert key_row(world).sign_count == 2


@pytest.mark.asvs("V6.5.6")
def test_a_removed_passkey_opens_nothing(world: World) -> None:
    li = holder(world)
    key = li.add()
    factors.remove_passkey(world.registry, li.person.id, key_row(world).id, change=li.change())
    with pytest.raises(SignInRefused):
        only(world, key.answer(only_options(world)))
    assert {"passkey_added", "passkey_removed"} <= set(kinds(world, li))


def test_a_person_who_is_shut_out_does_not_come_in_by_passkey(small_world: World) -> None:
    li = holder(small_world)
    key = li.add()
    people.disable(small_world.registry, li.person.id, actor=ADMIN, now=small_world.clock)
    with pytest.raises(SignInRefused):
        only(small_world, key.answer(only_options(small_world)))


@pytest.mark.asvs("V6.7.1")
@pytest.mark.parametrize("column", ["person_id", "key_sealed", "credential_sealed"])
def test_attack_a_key_that_was_moved_or_swapped_in_the_database_no_longer_opens(
    world: World, column: str
) -> None:
    """Whoever can write rows puts their own key under another person's name, or over theirs."""
    li = holder(world)
    key = li.add()
    thief = holder(world, "han.mei")
    stolen = thief.add()
    with world.registry.ledger.begin(unaudited_because="a test") as tx:
        rows = {row.person_id: row for row in tx.session.execute(select(Passkey)).scalars()}
        mine, theirs = rows[li.person.id], rows[thief.person.id]
        value = li.person.id if column == "person_id" else getattr(theirs, column)
        target = theirs.id if column == "person_id" else mine.id
        changed(tx.session, update(Passkey).where(Passkey.id == target).values({column: value}))
    attacker = stolen if column == "person_id" else key
    if column == "person_id":
        attacker.handle = passkeys.handle(world.registry.vault, li.person.id)
    if column == "credential_sealed":
        with pytest.raises(Unopenable):
            passkey_making.creation_options(world.registry, SITE, li.now, now=world.clock)
        return
    with pytest.raises(Unopenable):
        only(world, attacker.answer(only_options(world)))


def test_registering_refuses_what_was_not_made_for_this_session(small_world: World) -> None:
    li = holder(small_world)
    registry, now = small_world.registry, small_world.clock
    options = passkey_making.creation_options(registry, SITE, li.now, now=now)
    answer = li.key().make(options)
    other = Holder(small_world, li.person, small_world.sign_in(li.person))
    with pytest.raises(PasskeyRefused):
        factors.add_passkey(
            registry, SITE, other.now, name="x", answer=answer, change=other.change()
        )
    assert small_world.names()[-1] == "factor.refused"


@pytest.mark.parametrize("lie", LIES[:4], ids=lambda lie: lie.__name__)
def test_attack_a_lying_registration_is_refused(
    small_world: World, lie: Callable[[SoftKey], None]
) -> None:
    li = holder(small_world)
    key = li.key()
    lie(key)
    with pytest.raises(PasskeyRefused):
        li.add(key)
    assert [view.kind for view in factor_views.factors(small_world.registry, li.person.id)] == [
        "password",
        "totp",
    ]


def test_one_key_is_registered_once_and_ten_are_enough(small_world: World) -> None:
    li = holder(small_world)
    key = li.add()
    with pytest.raises(PasskeyTaken):
        li.add(key)
    for number in range(1, passkey_making.MOST):
        li.add(name=f"key {number}")
    with pytest.raises(TooManyPasskeys):
        li.add()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "rawId",
                    "type",
                    "response",
                    "clientDataJSON",
                    "authenticatorData",
                    "signature",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(answer=st.text(max_size=200) | JSON.map(json.dumps))
def test_whatever_a_stranger_sends_is_refused_and_breaks_nothing(
    small_world: World, answer: str
) -> None:
    small_world.forget_lanes()
    with pytest.raises(SignInRefused):
        only(small_world, answer)


@pytest.mark.parametrize(
    "answer", ["[" * 100_000, "{}" * 10_000, "\x00", "9" * 5000, '{"id": NaN}'], ids=len
)
def test_attack_deep_long_or_odd_answers_are_refused(small_world: World, answer: str) -> None:
    with pytest.raises(SignInRefused):
        only(small_world, answer)
    li = holder(small_world)
    with pytest.raises(PasskeyRefused):
        factors.add_passkey(
            small_world.registry, SITE, li.now, name="x", answer=answer, change=li.change()
        )


def test_attack_one_flipped_byte_anywhere_spoils_the_answer(small_world: World) -> None:
    """Client data, authenticator data, signature: all that is signed, and the signature."""
    li = holder(small_world)
    key = li.key()
    key.counts = False
    li.add(key)
    for part in ("clientDataJSON", "authenticatorData", "signature"):
        for place in (5, 20, 36):
            said = json.loads(key.answer(only_options(small_world)))
            text = said["response"][part]
            other = "A" if text[place] != "A" else "B"
            said["response"][part] = text[:place] + other + text[place + 1 :]
            with pytest.raises(SignInRefused):
                only(small_world, json.dumps(said))


@pytest.mark.parametrize("committed", [False, True], ids=["commit lost", "answer lost"])
def test_whatever_call_of_a_passkey_sign_in_fails_the_next_one_succeeds(
    small_world: World,
    committed: bool,  # noqa: FBT001
) -> None:
    key = holder(small_world).add()
    for number in range(1, 100):
        opened = None
        answer = key.answer(only_options(small_world))
        with small_world.dying_at(number, committed=committed), suppress(Died):
            opened = only(small_world, answer)
        again = only(small_world, key.answer(only_options(small_world)))
        assert sessions.find(small_world.registry, again.token, now=small_world.clock)
        if opened is not None:
            break
    assert opened is not None
    assert number > 5


def test_housekeeping_drops_spent_challenges(small_world: World) -> None:
    key = holder(small_world).add()
    only(small_world, key.answer(only_options(small_world)))
    with small_world.registry.ledger.begin(unaudited_because="a test") as tx:
        challenges.forget(tx, now=small_world.clock)
        assert tx.session.execute(select(SpentChallenge)).first() is not None
        challenges.forget(tx, now=small_world.clock + timedelta(minutes=6))
        assert tx.session.execute(select(SpentChallenge)).first() is None
