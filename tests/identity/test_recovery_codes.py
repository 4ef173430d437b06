"""Recovery codes: ten, once each, kept as slow hashes, counted and told."""

from __future__ import annotations

import math
import re
from contextlib import suppress

import pytest
from factor_world import Holder, at_once, holder, recover
from hypothesis import given
from hypothesis import strategies as st
from identity_world import Died, World
from sqlalchemy import select

from gateway.identity import factor_views, notices, recovery, sessions, totp
from gateway.identity.recovery import CodeNotOurs
from gateway.identity.sign_in import SignInRefused, StepOver
from gateway.identity.tables_factors import RecoveryCode, RecoverySet

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def left(world: World, li: Holder) -> int | None:
    views = factor_views.factors(world.registry, li.person.id)
    return next(view.left for view in views if view.kind == "recovery")


@pytest.mark.asvs("V6.5.4")
def test_codes_have_eighty_random_bits_beside_their_number() -> None:
    codes = [code for _ in range(200) for code in recovery.new_codes()]
    assert len(set(codes)) == 2000
    shape = re.compile(rf"[0-9](-[{ALPHABET}]{{4}}){{4}}")
    assert all(shape.fullmatch(code) for code in codes)
    assert 16 * math.log2(len(ALPHABET)) == 80
    assert {letter for code in codes for letter in code[2:]} == {*ALPHABET, "-"}


@pytest.mark.asvs("V6.5.2")
def test_only_slow_salted_hashes_are_kept(small_world: World) -> None:
    """Argon2id, each with a salt of its own, sealed on top."""
    li = holder(small_world)
    codes = li.codes()
    with small_world.registry.store.reading() as session:
        rows = session.execute(select(RecoveryCode).order_by(RecoveryCode.number)).scalars().all()
        encoded = [row.hash for row in rows]
        sealed = b"".join(row.hash_sealed for row in rows)
    assert [row.number for row in rows] == list(range(10))
    assert all(each.startswith("$argon2id$") for each in encoded)
    assert len({each.split("$")[4] for each in encoded}) == 10
    assert b"argon2" not in sealed
    assert not any(code in repr(small_world.events()) for code in codes)


@pytest.mark.asvs("V6.5.1")
def test_a_code_opens_one_session_and_its_person_is_told(world: World) -> None:
    li = holder(world)
    codes = li.codes()
    typed = codes[7].lower().replace("-", "  ")
    opened = recover(world, world.password("li.lei").token, typed)
    found = sessions.find(world.registry, opened.token, now=world.clock)
    assert found is not None
    assert (found.strength, found.amr) == (2, ("pwd", "rc"))
    told = [n for n in notices.unseen(world.registry, li.person.id) if n.kind == "recovery_used"]
    assert [notice.words for notice in told] == [{"left": "9"}]
    step = world.password("li.lei").token
    with pytest.raises(SignInRefused):
        recover(world, step, codes[7])
    recover(world, step, codes[8])
    assert left(world, li) == 8


@pytest.mark.asvs("V6.5.1")
def test_attack_twenty_at_once_with_one_code_open_one_session(world: World) -> None:
    """Each from a step of its own, so that nothing but the code is contended."""
    li = holder(world)
    code = li.codes()[0]
    steps = []
    for _ in range(20):
        world.forget_lanes()
        steps.append(world.password("li.lei").token)
    done, raised = at_once(lambda: recover(world, steps.pop(), code), 20)
    assert len(done) == 1
    assert {type(each) for each in raised} == {SignInRefused}
    assert left(world, li) == 9


def test_new_codes_replace_all_old_ones(world: World) -> None:
    li = holder(world)
    old, new = li.codes(), li.codes()
    step = world.password("li.lei").token
    for code in old[:3]:
        with pytest.raises(SignInRefused):
            recover(world, step, code)
    assert recover(world, step, new[0])


def test_attack_anothers_codes_are_worth_nothing(small_world: World) -> None:
    holder(small_world).codes()
    foreign = holder(small_world, "han.mei").codes()
    with pytest.raises(SignInRefused):
        recover(small_world, small_world.password("li.lei").token, foreign[0])


def test_five_wrong_codes_end_the_step_and_a_hundred_the_set(small_world: World) -> None:
    """As codes of the authenticator do (NIST SP 800-63B-4, 3.2.2)."""
    li = holder(small_world)
    codes = li.codes()
    wrong = "0-" + "0000-" * 3 + "0000"
    for _ in range(totp.MAX_FAILURES // 5):
        small_world.forget_lanes()
        step = small_world.password("li.lei").token
        for _ in range(4):
            with pytest.raises(SignInRefused):
                recover(small_world, step, wrong)
        with pytest.raises(StepOver):
            recover(small_world, step, wrong)
        with pytest.raises(StepOver):
            recover(small_world, step, codes[0])
    with small_world.registry.store.reading() as session:
        assert session.get_one(RecoverySet, li.person.id).disabled_at is not None
    assert "factor.disabled" in small_world.names()
    with pytest.raises(SignInRefused):
        recover(small_world, small_world.password("li.lei").token, codes[0])


def test_a_person_without_codes_costs_the_same_and_is_refused(small_world: World) -> None:
    holder(small_world)
    with pytest.raises(SignInRefused):
        recover(small_world, small_world.password("li.lei").token, recovery.new_codes()[0])


def test_codes_count_as_saved_once_one_was_shown(small_world: World) -> None:
    li = holder(small_world)
    registry, whose, now = small_world.registry, li.person.id, small_world.clock
    codes = li.codes()
    with pytest.raises(CodeNotOurs):
        recovery.save(registry, whose, recovery.new_codes()[0], actor=li.actor, now=now)
    recovery.save(registry, whose, codes[4], actor=li.actor, now=now)
    assert left(small_world, li) == 10
    assert "recovery.saved" in small_world.names()


@given(text=st.text(max_size=80))
def test_cleaning_takes_nothing_but_the_seventeen_characters(text: str) -> None:
    found = recovery.clean(text)
    assert found is None or re.fullmatch(rf"[0-9][{ALPHABET}]{{16}}", found)
    if found is not None:
        assert recovery.clean(found) == found


@given(number=st.integers(0, 9), noise=st.lists(st.sampled_from(" -\u2010\u3000\t"), max_size=9))
def test_a_code_is_understood_however_it_is_spaced_and_cased(number: int, noise: list[str]) -> None:
    code = recovery.new_codes()[number]
    typed = code.replace("-", "".join(noise)).lower().replace("0", "o").replace("1", "l")
    assert recovery.clean(typed) == code.replace("-", "")


@pytest.mark.parametrize("committed", [False, True], ids=["commit lost", "answer lost"])
def test_whatever_call_fails_a_code_is_spent_only_with_its_session(
    small_world: World,
    committed: bool,  # noqa: FBT001
) -> None:
    """Every code that is gone has opened a session, and the next one works."""
    li = holder(small_world)
    for number in range(1, 100):
        codes = li.codes()
        opened = None
        step = small_world.password("li.lei").token
        before = small_world.names().count("sign_in.accepted")
        with small_world.dying_at(number, committed=committed), suppress(Died):
            opened = recover(small_world, step, codes[0])
        spent = 10 - (left(small_world, li) or 0)
        assert small_world.names().count("sign_in.accepted") - before == spent
        assert recover(small_world, small_world.password("li.lei").token, codes[1])
        li.token = small_world.sign_in(li.person)
        if opened is not None:
            break
    assert opened is not None
    assert number > 5
