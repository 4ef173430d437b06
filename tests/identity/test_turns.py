"""A confirmation and a sign-in that ends its session, at the same instant: neither is a bug.

On PostgreSQL two that lock the same rows in different orders wait for each other, and the
database ends one of them with an error. Only refusals may be raised here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from factor_world import BROWSER_TOKEN, HERE, SITE, Holder, holder, only_options, second_options
from identity_world import ADMIN, World
from soft_passkey import SoftKey

from gateway.identity import (
    factor_views,
    factors,
    fresh,
    passkey_sign_in,
    recovery,
    second_step,
    sessions,
    tickets,
)
from gateway.identity.opening import Browser
from gateway.refusals import Refused

ACT = "people_acts.disable?person_id=7"
ROUNDS = 12
Act = Callable[[], object]


def together(*acts: Act) -> None:
    """Do things in threads of their own, from the same instant."""
    start = threading.Barrier(len(acts))

    def one(act: Act) -> None:
        start.wait(timeout=60)
        try:
            act()
        except Refused:
            return

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(one, act) for act in acts]:
            done.result(timeout=60)


def confirm(li: Holder, code: str) -> Act:
    """Confirm an act with a code of either kind."""
    registry, now = li.world.registry, li.world.clock
    return partial(fresh.prove, registry, li.now, act=ACT, code=code, actor=li.actor, now=now)


def by_code(li: Holder, browser: Browser, _key: SoftKey) -> tuple[Act, Act]:
    """Two codes of neighbouring steps, so that each of the two has one of its own."""
    world, now = li.world, li.world.clock
    step, right = world.password(li.person.login), li.person.code(now)
    before = li.person.code(now - timedelta(seconds=30))
    return confirm(li, before), partial(world.code, step.token, right, previous=browser.previous)


def by_recovery(li: Holder, browser: Browser, _key: SoftKey) -> tuple[Act, Act]:
    """Two codes of one set."""
    first, second, *_ = li.codes()
    world = li.world
    return confirm(li, first), partial(
        second_step.check_recovery,
        world.registry,
        pending_token=world.password(li.person.login).token,
        code=second,
        browser=browser,
        now=world.clock,
    )


def by_key(li: Holder, browser: Browser, key: SoftKey) -> tuple[Act, Act]:
    """Two answers of one key."""
    world, step = li.world, li.world.password(li.person.login).token
    return confirm_by_key(li, key), partial(
        second_step.check_passkey,
        world.registry,
        SITE,
        pending_token=step,
        answer=key.answer(second_options(world, step)),
        browser=browser,
        now=world.clock,
    )


def by_key_alone(li: Holder, browser: Browser, key: SoftKey) -> tuple[Act, Act]:
    """Two answers of one key, one of them without a password."""
    world = li.world
    return confirm_by_key(li, key), partial(
        passkey_sign_in.check,
        world.registry,
        SITE,
        browser_token=BROWSER_TOKEN,
        answer=key.answer(only_options(world)),
        browser=browser,
        now=world.clock,
    )


def confirm_by_key(li: Holder, key: SoftKey) -> Act:
    """Confirm an act with the passkey."""
    registry, now = li.world.registry, li.world.clock
    answer = key.answer(fresh.passkey_options(registry, SITE, li.now, act=ACT, now=now))
    return partial(
        fresh.prove_with_passkey,
        registry,
        SITE,
        li.now,
        act=ACT,
        answer=answer,
        actor=li.actor,
        now=now,
    )


def open_service(world: World, token: str) -> None:
    """A child, which is renamed and ends with its parent."""
    ticket = tickets.issue(world.registry, token, "ledger", now=world.clock)
    tickets.redeem(world.registry, ticket, "ledger", now=world.clock)


@pytest.mark.parametrize("way", [by_code, by_recovery, by_key, by_key_alone])
def test_confirming_and_signing_in_anew_over_that_session_never_wait_for_each_other(
    world: World, way: Callable[[Holder, Browser, SoftKey], tuple[Act, Act]]
) -> None:
    """The browser that signs in gives up the very session that is being confirmed."""
    li = holder(world)
    key = li.add()
    for number in range(ROUNDS):
        world.forget_lanes()
        li.token = world.sign_in(li.person)
        open_service(world, li.token)
        world.wait(timedelta(seconds=90))
        pair = way(li, replace(HERE, previous=li.token), key)
        together(*(pair if number % 2 else reversed(pair)))


def leaving(li: Holder) -> bool:
    """Sign out, by the token that the browser sent; tell what the person is told."""
    registry, now = li.world.registry, li.world.clock
    return sessions.end(registry, li.token, actor=ADMIN, now=now, parent_too=True)


def choosing(li: Holder) -> bool:
    """End that session from the list, by the name it has there."""
    registry, now = li.world.registry, li.world.clock
    ref = sessions.of_person(registry, li.person.id)[0].ref
    return sessions.end_by_ref(registry, li.person.id, ref, actor=ADMIN, now=now)


@pytest.mark.parametrize("way", [leaving, choosing])
def test_attack_a_session_does_not_outlive_its_end_under_the_token_of_a_confirmation(
    world: World, way: Callable[[Holder], bool]
) -> None:
    """Whoever is told that it is over must be right, whichever of the two comes first."""
    li = holder(world)
    sessions.end_all(world.registry, li.person.id, actor=ADMIN, now=world.clock)
    for number in range(ROUNDS):
        world.forget_lanes()
        li.token = world.sign_in(li.person)
        open_service(world, li.token)
        world.wait(timedelta(seconds=90))
        told: list[bool] = []
        pair = (confirm(li, li.person.code(world.clock)), lambda told=told: told.append(way(li)))
        together(*(pair if number % 2 else reversed(pair)))
        is_over = sessions.open_now(world.registry) == (0, 0)
        assert told == [is_over]
        assert is_over or way is choosing  # its name in the list had changed: it says so
        sessions.end_all(world.registry, li.person.id, actor=ADMIN, now=world.clock)


def test_attack_signing_in_anew_ends_the_browsers_session_under_whatever_token(
    world: World,
) -> None:
    li = holder(world)
    for number in range(ROUNDS):
        sessions.end_all(world.registry, li.person.id, actor=ADMIN, now=world.clock)
        world.forget_lanes()
        li.token = world.sign_in(li.person)
        world.wait(timedelta(seconds=90))
        pair = by_code(
            li, replace(HERE, previous=li.token), SoftKey(origin=SITE.origin, rp=SITE.id)
        )
        together(*(pair if number % 2 else reversed(pair)))
        assert sessions.open_now(world.registry) == (1, 1)


def test_new_codes_a_removed_key_and_signing_out_meet_a_confirmation_without_a_database_error(
    world: World,
) -> None:
    """Whatever else touches the person's sessions and factors takes its turn as well."""
    li = holder(world)
    for _ in range(ROUNDS):
        world.forget_lanes()
        li.token = world.sign_in(li.person)
        made = li.codes()
        li.add()
        confirming = Holder(world, li.person, li.token)
        open_service(world, li.token)
        li.token = world.sign_in(li.person)
        together(confirm(confirming, made[0]), *changes(li, confirming.token))


def changes(li: Holder, ending: str) -> tuple[Act, ...]:
    """New recovery codes, a passkey removed, and the end of a session."""
    registry, whose, now = li.world.registry, li.person.id, li.world.clock
    views = factor_views.factors(registry, whose)
    (key,) = [view.id for view in views if view.kind == "passkey" and view.id]
    return (
        partial(recovery.make, registry, whose, actor=li.actor, now=now, keep=li.token),
        partial(factors.remove_passkey, registry, whose, key, change=li.change()),
        partial(sessions.end, registry, ending, actor=ADMIN, now=now),
    )
