"""Lanes: strangers slow strangers, nobody can keep an owner out, and no lane is endless."""

from __future__ import annotations

import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from identity_world import ADDRESS, ADMIN, BROWSER, PASSWORD, Enrolled, World

from gateway.identity import housekeeping, lanes, paces, sign_in
from gateway.identity.lanes import LaneUnknown
from gateway.identity.paces import CLOSED_AFTER, LONGEST, Pace
from gateway.identity.sign_in import NewSession, SignInRefused, Throttled

ELSEWHERE = "203.0.113.7"


def try_password(
    world: World,
    login: str,
    password: str = "wrong",
    *,
    address: str | None = ELSEWHERE,
    device: str | None = None,
) -> sign_in.PendingSignIn:
    """Give a password from somewhere, with a device cookie or none."""
    return sign_in.check_password(
        world.registry,
        login=login,
        password=password,
        address=address,
        user_agent=BROWSER,
        device=device,
        now=world.clock,
    )


def sign_in_from(
    world: World, person: Enrolled, *, address: str = ADDRESS, device: str | None = None
) -> NewSession:
    """Sign in fully; the answer carries the new device cookie."""
    world.wait()
    step = try_password(world, person.login, person.password, address=address, device=device)
    return sign_in.check_code(
        world.registry,
        pending_token=step.token,
        code=person.code(world.clock),
        address=address,
        user_agent=BROWSER,
        device=device,
        now=world.clock,
    )


def hammer(world: World, login: str, *, times: int = CLOSED_AFTER) -> None:
    """Guess patiently from ever new addresses until so many attempts have counted."""
    counted = 0
    while counted < times:
        try:
            try_password(world, login, address=f"198.51.100.{counted % 250}")
        except Throttled as throttled:
            world.wait(throttled.retry_after)
        except SignInRefused:
            counted += 1


def closed(world: World, login: str) -> bool:
    """Whether strangers find the password of a name closed."""
    with pytest.raises(Throttled) as refusal:
        try_password(world, login, PASSWORD, address="192.0.2.1")
    return refusal.value.retry_after == LONGEST


@pytest.mark.asvs("V6.3.1", "V6.1.1")
def test_password_is_closed_to_strangers_after_100_failures_and_never_to_the_known_device(
    small_world: World,
) -> None:
    """The owner's next sign-in opens it again."""
    world = small_world
    li = world.enrol()
    device = sign_in_from(world, li).device
    hammer(world, "li.lei")
    assert closed(world, "li.lei")
    assert "lane.closed" in world.names()
    world.wait(timedelta(days=20))
    housekeeping.sweep(world.registry, now=world.clock)
    assert closed(world, "li.lei")
    assert sign_in_from(world, li, address=ELSEWHERE, device=device).token
    world.wait(LONGEST)
    with pytest.raises(SignInRefused):
        try_password(world, "li.lei", address="192.0.2.1")


def test_class_19_unknown_name_is_closed_after_as_many_failures(small_world: World) -> None:
    small_world.enrol()
    hammer(small_world, "nobody")
    assert closed(small_world, "nobody")
    assert small_world.names().count("lane.closed") == 1


def test_failures_with_quiet_days_between_them_still_add_up(small_world: World) -> None:
    """Four tries a day cost no wait, and end after 25 days all the same."""
    world = small_world
    world.enrol()
    for _ in range(25):
        for _ in range(4):
            with pytest.raises(SignInRefused):
                try_password(world, "li.lei")
        world.wait(timedelta(hours=25))
        housekeeping.sweep(world.registry, now=world.clock)
    assert closed(world, "li.lei")


def test_known_device_signs_in_at_once_while_name_and_address_are_hammered(world: World) -> None:
    """Even from the attacker's own address."""
    li = world.enrol()
    device = sign_in_from(world, li).device
    for number in range(130):
        with suppress(SignInRefused, Throttled):
            try_password(world, f"sprayed{number}")
    for _ in range(10):
        with suppress(SignInRefused, Throttled):
            try_password(world, "li.lei")
    with pytest.raises(Throttled):
        try_password(world, "li.lei", PASSWORD)
    assert sign_in_from(world, li, address=ELSEWHERE, device=device).token


def test_attack_an_insiders_right_password_does_not_undo_the_wait_of_their_address(
    small_world: World,
) -> None:
    """They need not wait for the address themselves; whom they guess at from there does."""
    world = small_world
    sign_in_from(world, world.enrol("wu.insider"), address=ELSEWHERE)
    wait = timedelta(0)
    while wait < LONGEST:
        try:
            try_password(world, f"sprayed{world.clock.timestamp()}")
        except Throttled as throttled:
            wait = throttled.retry_after
            world.wait(wait)
        except SignInRefused:
            continue
    guessed = 0
    for number in range(40):  # ten minutes
        try:
            try_password(world, f"again{number}")
        except SignInRefused:
            guessed += 1
        except Throttled:
            pass
        with suppress(Throttled):
            try_password(world, "wu.insider", PASSWORD)
        world.wait(timedelta(seconds=15))
    assert guessed == 1


def test_known_device_has_a_budget_of_its_own_with_an_end(small_world: World) -> None:
    """A thief of the device does not guess on without limit, and other places are not slowed."""
    world = small_world
    li = world.enrol()
    device = sign_in_from(world, li).device
    for _ in range(5):
        with pytest.raises(SignInRefused):
            try_password(world, "li.lei", device=device)
    with pytest.raises(Throttled):
        try_password(world, "li.lei", PASSWORD, device=device)
    assert try_password(world, "li.lei", PASSWORD).token


@pytest.mark.parametrize("kind", ["forged", "of another person", "of another zone", "spent", "cut"])
def test_cookie_that_is_not_ones_own_gives_no_budget(world: World, kind: str) -> None:
    """Made up, somebody else's, copied before the last sign-in: a stranger's lane each time."""
    li, han = world.enrol(), world.enrol("han.mei")
    spent = sign_in_from(world, li).device
    good = sign_in_from(world, li, device=spent).device
    cookie = {
        "forged": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="),
        "of another person": sign_in_from(world, han).device,
        "of another zone": good[:22] + good[22:][::-1],
        "spent": spent,
        "cut": good[:-1],
    }[kind]
    for _ in range(5):
        with pytest.raises(SignInRefused):
            try_password(world, "li.lei", address="192.0.2.9")
    with pytest.raises(Throttled):
        try_password(world, "li.lei", PASSWORD, address="192.0.2.9", device=cookie)
    assert try_password(world, "li.lei", PASSWORD, address="192.0.2.9", device=good).token


def test_shared_desk_knows_four_people_and_forgets_the_first(world: World) -> None:
    people = [world.enrol(f"shift.{letter}") for letter in "abcde"]
    cookie: str | None = None
    for person in people:
        cookie = sign_in_from(world, person, device=cookie).device
    assert cookie is not None
    assert len(cookie.split(".")) == 4
    for _ in range(6):
        for person in people:
            with suppress(SignInRefused, Throttled):
                try_password(world, person.login)
    with pytest.raises(Throttled):
        try_password(world, people[0].login, PASSWORD, device=cookie)
    for person in people[1:]:
        assert try_password(world, person.login, PASSWORD, device=cookie).token


def test_all_strangers_together_are_slowed_and_known_devices_are_not(small_world: World) -> None:
    world = small_world
    li = world.enrol()
    device = sign_in_from(world, li).device
    for number in range(paces.OVERALL_FREE + 1):
        with pytest.raises(SignInRefused):
            try_password(world, f"name{number}", address=f"2001:db8:{number:x}::1")
    with pytest.raises(Throttled) as refusal:
        try_password(world, "fresh", address="2001:db8:ffff::1")
    assert refusal.value.retry_after <= paces.OVERALL_LONGEST
    assert try_password(world, "li.lei", PASSWORD, device=device).token


def test_twenty_parallel_guesses_do_not_outrun_the_end(world: World) -> None:
    """No more than 100 passwords are ever checked in one lane."""
    world.enrol()
    hammer(world, "li.lei", times=CLOSED_AFTER - 3)
    world.wait(LONGEST)
    checked = []

    def guess(number: int) -> None:
        with suppress(Throttled):
            try:
                try_password(world, "li.lei", address=f"192.0.2.{number}")
            except SignInRefused:
                checked.append(number)

    for _ in range(8):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(guess, range(8)))
        world.wait(LONGEST)
    assert len(checked) == 3
    assert closed(world, "li.lei")


def test_officer_sees_lanes_by_name_only_of_people_there_are_and_opens_one(world: World) -> None:
    li = world.enrol()
    for login in ("li.lei", "nobody"):
        for _ in range(5):
            with pytest.raises(SignInRefused):
                try_password(world, login)
    seen = [each for each in lanes.slowed(world.registry, now=world.clock) if each.kind == "name"]
    assert {each.login for each in seen} == {"li.lei", ""}
    mine = next(each for each in seen if each.login)
    assert (mine.person_id, mine.name, mine.total) == (li.id, "李雷", 5)
    lanes.open_lane(world.registry, mine.ref, actor=ADMIN, now=world.clock)
    assert world.events()[-1]["obj"] == f"person:{li.id}"
    assert world.names()[-1] == "lane.opened"
    assert try_password(world, "li.lei", PASSWORD).token
    for ref in ("00" * 32, "zz", ""):
        with pytest.raises(LaneUnknown):
            lanes.open_lane(world.registry, ref, actor=ADMIN, now=world.clock)


def test_address_of_a_lane_shows_if_somebody_known_was_tried_from_there(world: World) -> None:
    world.enrol()
    for number in range(101):
        with pytest.raises(SignInRefused):
            try_password(world, f"name{number}" if number else "li.lei")
    seen = lanes.slowed(world.registry, now=world.clock)
    assert [(each.kind, each.address) for each in seen] == [("address", ELSEWHERE)]


def test_dengbao3_shuts_a_lane_for_30_minutes_after_five_failures(world: World) -> None:
    """GB/T 22239-2019, 8.1.4.1 b; for the strangers' lane of the name."""
    li = world.enrol()
    device = sign_in_from(world, li).device
    limits = replace(world.registry.limits, password_profile="dengbao3")
    world.registry = replace(world.registry, limits=limits)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            try_password(world, "li.lei")
    with pytest.raises(Throttled) as refusal:
        try_password(world, "li.lei", PASSWORD)
    assert refusal.value.retry_after == timedelta(minutes=30)
    assert try_password(world, "li.lei", PASSWORD, device=device).token
    world.wait(timedelta(minutes=30))
    assert try_password(world, "li.lei", PASSWORD).token


@pytest.mark.parametrize("failures", range(120))
def test_waits_never_shrink_and_have_an_end(failures: int) -> None:
    for pace in (Pace(), Pace(free=100), Pace(longest=timedelta(seconds=1))):
        assert pace.wait_after(failures) <= pace.wait_after(failures + 1) <= pace.longest


def test_sprayed_and_hammered_name_is_seen_by_the_officer_long_after_the_last_try(
    world: World,
) -> None:
    """A lane that could be tried again this second is still slow, and says by how much."""
    li = world.enrol()
    for number in range(101):
        with pytest.raises(SignInRefused):
            try_password(world, f"sprayed{number}")
    for _ in range(6):
        world.wait(timedelta(seconds=10))
        with pytest.raises(SignInRefused):
            try_password(world, "li.lei", address="198.51.100.9")
    world.wait(timedelta(minutes=40))
    seen = lanes.slowed(world.registry, now=world.clock)
    assert [each.kind for each in seen] == ["name", "address"]
    assert (seen[0].person_id, seen[0].total, seen[0].closed_at) == (li.id, 6, None)
    assert seen[0].until < world.clock
    assert seen[0].next_wait == timedelta(seconds=4)
    world.wait(seen[1].quiet_at - world.clock + timedelta(seconds=1))
    assert [each.kind for each in lanes.slowed(world.registry, now=world.clock)] == ["name"]
    world.wait(seen[0].quiet_at - world.clock)
    assert [each.kind for each in lanes.slowed(world.registry, now=world.clock)] == ["name"]
    world.wait(timedelta(seconds=1))
    assert lanes.slowed(world.registry, now=world.clock) == []


def test_most_serious_lane_is_shown_first(small_world: World) -> None:
    """Closed, then waiting, then slow; of two slow ones the slower."""
    world = small_world
    world.enrol()
    hammer(world, "li.lei")
    assert closed(world, "li.lei")
    for login, times in (("mildly", 5), ("badly", 8), ("now", 5)):
        for _ in range(times):
            with pytest.raises(SignInRefused):
                try_password(world, login, address="192.0.2.200")
            world.wait(timedelta(seconds=0) if login == "now" else LONGEST)
    seen = [each for each in lanes.slowed(world.registry, now=world.clock) if each.kind == "name"]
    assert [each.closed_at is not None for each in seen] == [True, False, False, False]
    assert seen[1].until > world.clock
    assert [each.total for each in seen[2:]] == [8, 5]
