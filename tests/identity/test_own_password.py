"""Changing one's own password, the profiles, and what is refused as a new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from identity_world import ADDRESS, PASSWORD, Enrolled, World
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from audit.record import Actor
from gateway.identity import enrolment, own_password, passwords, profiles, sessions
from gateway.identity.current import Current
from gateway.identity.hashing import Hasher
from gateway.identity.own_password import CurrentPasswordWrong, Keeping, PasswordUnchanged
from gateway.identity.paces import CLOSED_AFTER
from gateway.identity.passwords import (
    PasswordNamesItsOwner,
    PasswordRefused,
    PasswordTooPlain,
    PasswordTooShort,
)
from gateway.identity.sign_in import SignInRefused, StepOver
from gateway.identity.throttle import Throttled

NEW = "a quiet harbour behind the mill"


def here(world: World, person: Enrolled) -> tuple[str, Current]:
    """Sign in; return the token and whose it is."""
    token = world.sign_in(person)
    current = sessions.find(world.registry, token, now=world.clock)
    assert current is not None
    return token, current


def change(
    world: World,
    who: Current,
    token: str,
    *,
    current: str = PASSWORD,
    new: str = NEW,
    others: bool = False,
) -> None:
    """Change the password from this session."""
    own_password.change(
        world.registry,
        who,
        current=current,
        new=new,
        keeping=Keeping(token=token, others=others),
        actor=Actor(subject=who.subject, session=who.session_ref, address=ADDRESS),
        now=world.clock,
    )


def with_profile(world: World, name: str, *, least: int = 8, words: tuple[str, ...] = ()) -> None:
    """Put a profile in force."""
    limits = replace(
        world.registry.limits, password_profile=name, password_min=least, context_words=words
    )
    world.registry = replace(world.registry, limits=limits)


@pytest.mark.asvs("V6.2.2", "V6.2.3", "V7.4.3")
def test_new_password_takes_the_place_of_the_old_and_other_sessions_end(world: World) -> None:
    li = world.enrol()
    other = world.sign_in(li)
    token, who = here(world, li)
    step = world.password("li.lei")
    change(world, who, token)
    assert sessions.find(world.registry, token, now=world.clock) is not None
    assert sessions.find(world.registry, other, now=world.clock) is None
    assert "password.changed" in world.names()
    with pytest.raises(SignInRefused):
        world.password("li.lei")
    world.wait()
    with pytest.raises(StepOver):
        world.code(step.token, li.code(world.clock))
    assert world.password("li.lei", NEW).token


def test_other_sessions_stay_if_the_person_says_so(world: World) -> None:
    li = world.enrol()
    other = world.sign_in(li)
    token, who = here(world, li)
    change(world, who, token, others=True)
    assert sessions.find(world.registry, other, now=world.clock) is not None


@pytest.mark.asvs("V6.2.3")
def test_wrong_present_password_changes_nothing_and_is_counted_to_its_end(
    small_world: World,
) -> None:
    world = small_world
    li = world.enrol()
    token, who = here(world, li)
    counted = 0
    while counted < CLOSED_AFTER:
        try:
            change(world, who, token, current="not my password")
        except CurrentPasswordWrong:
            counted += 1
        except Throttled as throttled:
            world.wait(throttled.retry_after)
    world.wait(timedelta(days=1))
    with pytest.raises(Throttled):
        change(world, who, token)
    assert world.names().count("password.change_refused") == CLOSED_AFTER
    assert world.password("li.lei").token


def test_same_password_is_no_change_and_a_short_one_is_not_counted(world: World) -> None:
    li = world.enrol()
    token, who = here(world, li)
    with pytest.raises(PasswordUnchanged):
        change(world, who, token, new=PASSWORD)
    for _ in range(10):
        with pytest.raises(PasswordTooShort):
            change(world, who, token, new="short")
    change(world, who, token)


@pytest.mark.asvs("V6.2.4", "V6.2.12")
@pytest.mark.parametrize("profile", sorted(profiles.PROFILES))
def test_every_one_of_the_most_found_passwords_is_refused(profile: str) -> None:
    """The whole list of 30,000, whatever length the zone asks for, also with a tail of digits."""
    classes = profiles.PROFILES[profile].classes
    for word in FREQUENCY_LISTS["passwords"]:
        for tail in ("", "1!"):
            with pytest.raises(PasswordRefused):
                passwords.check(word + tail, minimum=1, owner=[], classes=min(classes, 1))


@pytest.mark.asvs("V6.1.2", "V6.2.11")
@pytest.mark.parametrize(
    "password",
    [
        "hangu keeps the pass closed",
        "守住函谷的人在关上看月亮升起来了",
        "河山局门前的老槐树今年又开花了吗",
        "we all meet in Jinxiu hall",
        "the LI.LEI of our harbour",
    ],
)
def test_words_of_the_office_and_the_product_are_refused(world: World, password: str) -> None:
    li = world.enrol()
    with_profile(world, "nist", least=15, words=("河山局", "jinxiu"))
    token, who = here(world, li)
    with pytest.raises(PasswordNamesItsOwner):
        change(world, who, token, new=password)


@pytest.mark.asvs("V6.2.1", "V6.2.5")
@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("Kx7#mopz", True),
        ("kx7mopzq", False),
        ("KX7MOPZQ", False),
        ("kxvmopzq", False),
        ("Kx7#mop", None),
        ("青山Kxmo依旧", True),
    ],
)
def test_dengbao3_mixes_three_classes_of_eight_characters(
    world: World, password: str, *, fits: bool | None
) -> None:
    """GB/T 22239-2019, 8.1.4.1 a, as assessors read it; `nist` asks for no mixture."""
    li = world.enrol()
    token, who = here(world, li)
    with_profile(world, "dengbao3")
    if fits:
        change(world, who, token, new=password)
        return
    with pytest.raises(PasswordTooShort if fits is None else PasswordTooPlain):
        change(world, who, token, new=password)


@pytest.mark.asvs("V6.2.10")
def test_only_dengbao3_wants_a_new_password_and_only_at_the_next_sign_in(world: World) -> None:
    """A session that is open on the ninetieth day goes on: nobody loses a form."""
    li = world.enrol()
    world.wait(timedelta(days=89, hours=23))
    token, before = here(world, li)
    world.wait(timedelta(hours=2))
    token, who = here(world, li)
    assert not own_password.is_due(world.registry, who)
    with_profile(world, "dengbao3")
    assert not own_password.is_due(world.registry, before)
    assert own_password.is_due(world.registry, who)
    change(world, who, token, new="Neu-Hafen 4711 Tor")
    assert not own_password.is_due(world.registry, who)


def test_hash_made_anew_does_not_make_a_password_young(world: World) -> None:
    """Stronger parameters at sign-in are no change of the password."""
    li = world.enrol()
    world.wait(timedelta(days=91))
    hasher = type(world.registry.hasher)(memory=8, passes=2, at_once=4)
    world.registry = replace(world.registry, hasher=hasher)
    with_profile(world, "dengbao3")
    _, who = here(world, li)
    assert own_password.is_due(world.registry, who)


def test_enrolment_follows_the_profile(world: World) -> None:
    with_profile(world, "dengbao3")
    _, link = world.invite()
    with pytest.raises(PasswordTooPlain):
        enrolment.begin(world.registry, link, "kxvmopzqwert", now=world.clock)
    enrolment.begin(world.registry, link, "Kx7#mopz", now=world.clock)


@pytest.mark.parametrize("name", sorted(profiles.PROFILES))
def test_every_profile_says_what_it_gives_up(name: str) -> None:
    said = profiles.deviations(name, minimum=8)
    assert profiles.SHORT in said
    assert len({each.code for each in said}) == len(said) >= 3
    assert profiles.SHORT not in profiles.deviations(name, minimum=15)


def test_attack_an_old_password_opens_no_step_after_it_was_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is changed while it is being checked, which takes a while."""
    token, current = here(world, world.enrol("li.lei"))
    world.wait()
    verify, changed = Hasher.verify, []

    def slowly(self: Hasher, encoded: str, text: str) -> bool:
        right = verify(self, encoded, text)
        if not changed:
            changed.append(True)
            change(world, current, token)
        return right

    monkeypatch.setattr(Hasher, "verify", slowly)
    with pytest.raises(SignInRefused):
        world.password("li.lei")
    assert changed
    world.password("li.lei", NEW)
