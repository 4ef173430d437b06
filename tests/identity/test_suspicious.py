"""What is out of the ordinary is told to the person at the next sign-in (ASVS 6.3.5)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from identity_world import ADDRESS, BROWSER, PASSWORD, Enrolled, World

from gateway.identity import attempts, notices, sessions, sign_in
from gateway.identity.sign_in import SignInRefused, Throttled

THERE = "203.0.113.44"


def come(
    world: World, person: Enrolled, *, address: str = ADDRESS, device: str | None = None
) -> sign_in.NewSession:
    """Sign in from an address with the device cookie."""
    world.wait()
    step = sign_in.check_password(
        world.registry,
        login=person.login,
        password=PASSWORD,
        address=address,
        user_agent=BROWSER,
        device=device,
        now=world.clock,
    )
    return sign_in.check_code(
        world.registry,
        pending_token=step.token,
        code=person.code(world.clock),
        address=address,
        user_agent=BROWSER,
        device=device,
        now=world.clock,
    )


def told(world: World, person: Enrolled) -> list[tuple[str, dict[str, str]]]:
    """Return the notices that wait."""
    waiting = notices.unseen(world.registry, person.id)
    return sorted(((each.kind, dict(each.words)) for each in waiting), key=str)


@pytest.mark.asvs("V6.3.5")
def test_first_sign_in_and_the_usual_one_are_not_worth_a_word(world: World) -> None:
    li = world.enrol()
    device = come(world, li).device
    come(world, li, device=device)
    assert told(world, li) == []


@pytest.mark.asvs("V6.3.5")
def test_new_browser_and_new_address_are_told(world: World) -> None:
    li = world.enrol()
    device = come(world, li).device
    come(world, li, address=THERE, device=device)
    come(world, li)
    assert told(world, li) == [
        ("sign_in_new_address", {"address": THERE}),
        ("sign_in_new_place", {"address": ADDRESS, "device": BROWSER}),
    ]


@pytest.mark.asvs("V6.3.5")
def test_failures_before_a_success_and_a_right_password_without_a_code_are_told(
    world: World,
) -> None:
    """How many, and from where it was that somebody had the right password."""
    li = world.enrol()
    device = come(world, li).device
    world.wait()
    for _ in range(3):
        with suppress(SignInRefused, Throttled):
            world.password("li.lei", "wrong", address="198.51.100.1")
    world.wait()
    world.password("li.lei", address=THERE)
    world.wait()
    last = come(world, li, device=device)
    assert told(world, li) == [
        ("sign_in_after_failures", {"count": "4", "address": THERE}),
        ("sign_in_half", {"address": THERE}),
    ]
    current = sessions.find(world.registry, last.token, now=world.clock)
    assert current is not None
    before, failures = attempts.last_before(world.registry, li.id, current.session_ref)
    assert before is not None
    assert (before.address, failures) == (ADDRESS, 4)
    come(world, li, device=last.device)
    assert len(told(world, li)) == 2
