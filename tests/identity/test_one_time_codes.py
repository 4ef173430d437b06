"""One-time codes: the published vectors, what may be typed, and that each works once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity_world import STEP, World
from sqlalchemy import select

from gateway.identity import totp
from gateway.identity.sign_in import SignInRefused, StepOver, Throttled
from gateway.identity.tables import Session, Totp

SECRET = b"12345678901234567890"
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("second", "code"), VECTORS)
def test_the_codes_are_those_of_rfc_6238_appendix_b(second: int, code: str) -> None:
    step = totp.step_at(datetime.fromtimestamp(second, tz=UTC))
    assert totp.code_at(SECRET, step, digits=8) == code
    assert totp.code_at(SECRET, step) == code[2:]


@pytest.mark.parametrize(
    "typed", ["287082", " 287 082 ", "287-082", "２８７０８２", "287\u2013082", "287\u00a0082"]
)
def test_a_code_may_be_typed_the_way_people_do(typed: str) -> None:
    assert totp.clean(typed) == "287082"


@pytest.mark.parametrize(
    "typed", ["", "28708", "2870822", "28708x", "+287082", "٢٨٧٠٨٢", "2" * 100_000, "287.082"]
)
def test_what_is_not_six_digits_is_no_code(typed: str) -> None:
    assert totp.clean(typed) is None
    assert totp.matching_step(SECRET, typed, datetime.now(UTC), back_steps=1) is None


@given(st.text())
def test_any_text_is_six_ascii_digits_or_nothing(typed: str) -> None:
    found = totp.clean(typed)
    assert found is None or (len(found) == 6 and found.isascii() and found.isdigit())


@pytest.mark.parametrize(("back_steps", "accepted"), [(0, {0}), (1, {0, -1})])
@pytest.mark.asvs("V6.5.5")
def test_the_window_is_this_step_and_at_most_the_one_before(
    now: datetime, back_steps: int, accepted: set[int]
) -> None:
    present = totp.step_at(now)
    for distance in range(-4, 5):
        code = totp.code_at(SECRET, present + distance)
        found = totp.matching_step(SECRET, code, now, back_steps=back_steps)
        assert found == (present + distance if distance in accepted else None)


def test_the_offer_holds_the_secret_twice_and_shows_it_in_no_log() -> None:
    offered = totp.offer(SECRET, login="li.lei", issuer="函谷")
    assert offered.secret_text == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert offered.uri.startswith("otpauth://totp/")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in offered.uri
    assert "GEZD" not in repr(offered)


@pytest.mark.asvs("V6.5.1")
def test_class_24_a_code_works_once(world: World) -> None:
    li = world.enrol()
    code = li.code(world.clock)
    world.code(world.password("li.lei").token, code)
    again = world.password("li.lei")
    with pytest.raises(SignInRefused):
        world.code(again.token, code)
    assert world.events()[-1]["d"] == {"cause": "replayed_code"}


@pytest.mark.asvs("V6.5.1")
def test_class_24_after_a_newer_code_the_older_one_is_worthless(world: World) -> None:
    """A, B, A: both lie in the window, and the second A is a replay."""
    li = world.enrol()
    a = li.code(world.clock)
    world.wait()
    b = li.code(world.clock)
    world.code(world.password("li.lei").token, a)
    world.code(world.password("li.lei").token, b)
    with pytest.raises(SignInRefused):
        world.code(world.password("li.lei").token, a)
    with pytest.raises(SignInRefused):
        world.code(world.password("li.lei").token, b)


def test_class_24_a_code_skipped_by_a_newer_one_is_worthless(world: World) -> None:
    li = world.enrol()
    skipped = li.code(world.clock)
    world.wait()
    world.code(world.password("li.lei").token, li.code(world.clock))
    with pytest.raises(SignInRefused):
        world.code(world.password("li.lei").token, skipped)


def test_class_24_the_code_that_enrolled_does_not_sign_in(world: World) -> None:
    li = world.enrol()
    world.clock -= STEP
    with pytest.raises(SignInRefused):
        world.code(world.password("li.lei").token, li.code(world.clock))


def at_once(world: World, steps: list[str], code: str) -> list[str]:
    """Send one code to all steps at the same moment; return how each was answered."""
    barrier = Barrier(len(steps))

    def send(step: str) -> str:
        barrier.wait()
        try:
            world.code(step, code)
        except (SignInRefused, StepOver) as refusal:
            return refusal.code
        return "let in"

    with ThreadPoolExecutor(len(steps)) as pool:
        return sorted(pool.map(send, steps))


def count_sessions(world: World) -> int:
    with world.registry.store.reading() as session:
        return len(session.execute(select(Session.id)).all())


@pytest.mark.asvs("V6.5.1")
def test_class_24_twenty_parallel_replays_let_in_exactly_one(world: World) -> None:
    """Twenty steps opened with the right password, one code for all, sent at once."""
    li = world.enrol()
    steps = []
    for _ in range(20):
        steps.append(world.password("li.lei").token)
        world.forget_lanes()
    answers = at_once(world, steps, li.code(world.clock))
    assert answers == ["let in"] + ["sign_in_refused"] * 19
    assert count_sessions(world) == 1
    assert world.names().count("sign_in.accepted") == 1
    with world.registry.store.reading() as session:
        assert session.execute(select(Totp.failures)).scalar_one() == 19


def test_class_24_twenty_parallel_uses_of_one_step_let_in_exactly_one(world: World) -> None:
    li = world.enrol()
    step = world.password("li.lei").token
    answers = at_once(world, [step] * 20, li.code(world.clock))
    assert answers == ["let in"] + ["step_over"] * 19
    assert count_sessions(world) == 1


@pytest.mark.asvs("V6.6.3")
def test_parallel_wrong_codes_do_not_outrun_the_count_of_a_step(world: World) -> None:
    li = world.enrol()
    step = world.password("li.lei").token
    answers = at_once(world, [step] * 20, "000000")
    assert answers == ["sign_in_refused"] * 4 + ["step_over"] * 16
    with pytest.raises(StepOver):
        world.code(step, li.code(world.clock))


def test_parallel_wrong_passwords_do_not_outrun_the_count_of_a_name(world: World) -> None:
    world.enrol()
    barrier = Barrier(12)

    def guess(_number: int) -> str:
        barrier.wait()
        try:
            world.password("li.lei", "wrong")
        except (SignInRefused, Throttled) as refusal:
            return refusal.code
        return "let in"

    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(guess, range(12)))
    assert answers == ["sign_in_refused"] * 5 + ["throttled"] * 7


@pytest.mark.asvs("V6.3.1")
def test_a_hundred_wrong_codes_in_a_row_disable_the_factor(small_world: World) -> None:
    world = small_world
    li = world.enrol()
    for number in range(100):
        if number % 5 == 0:
            step = world.password("li.lei")
            world.forget_lanes()
        with pytest.raises((SignInRefused, StepOver)):
            world.code(step.token, "000000")
    assert world.names().count("factor.disabled") == 1
    step = world.password("li.lei")
    with pytest.raises(SignInRefused):
        world.code(step.token, li.code(world.clock))
    assert world.events()[-1]["d"] == {"cause": "factor_disabled"}


def test_a_right_code_forgets_the_wrong_ones(small_world: World) -> None:
    world = small_world
    li = world.enrol()
    step = world.password("li.lei")
    for _ in range(3):
        with pytest.raises(SignInRefused):
            world.code(step.token, "000000")
    world.code(step.token, li.code(world.clock))
    with world.registry.store.reading() as session:
        assert session.execute(select(Totp.failures)).scalar_one() == 0
