"""Class 27: every kind of token at every entry; each opens its own door and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from identity_world import ADDRESS, ADMIN, BROWSER, PASSWORD, Enrolled, World, secret_of

from gateway.identity import (
    enrolment,
    links,
    pending_step,
    recovery,
    second_step,
    sessions,
    sign_in,
    tickets,
)
from gateway.identity.opening import Browser
from gateway.refusals import Refused


@dataclass
class Hand:
    """One token of each kind, all live, and the codes that would go with them."""

    world: World
    person: Enrolled
    invited: Enrolled
    tokens: dict[str, str]
    codes: list[str]


def deal(world: World) -> Hand:
    person = world.enrol("li.lei")
    invited_id, link = world.invite("han.mei")
    secret = secret_of(enrolment.begin(world.registry, link, PASSWORD, now=world.clock))
    session = world.sign_in(person)
    spent = tickets.issue(world.registry, session, "ledger", now=world.clock)
    child = tickets.redeem(world.registry, spent, "ledger", now=world.clock)
    ticket = tickets.issue(world.registry, session, "ledger", now=world.clock)
    world.wait()
    step = world.password("li.lei").token
    live = {
        "link": link,
        "step": step,
        "session": session,
        "child": child,
        "ticket": ticket,
    }
    used_id, used = world.invite("zhang.san")
    world.finish(used_id, used, PASSWORD, login="zhang.san")
    dead = {
        "used link": used,
        "used ticket": spent,
        "nonsense": "A" * 43,
        "empty": "",
        "other text": "' OR 1=1 --",
    }
    codes = recovery.make(world.registry, person.id, actor=ADMIN, now=world.clock, keep=session)
    invited = Enrolled(invited_id, "han.mei", secret)
    return Hand(world, person, invited, live | dead, list(codes))


def look(hand: Hand, token: str) -> object:
    return enrolment.look(hand.world.registry, token, now=hand.world.clock)


def begin(hand: Hand, token: str) -> object:
    return enrolment.begin(hand.world.registry, token, PASSWORD, now=hand.world.clock)


def finish(hand: Hand, token: str) -> object:
    clock = hand.world.clock
    return enrolment.finish(hand.world.registry, token, hand.invited.code(clock), now=clock)


def check_code(hand: Hand, token: str) -> object:
    return sign_in.check_code(
        hand.world.registry,
        pending_token=token,
        code=hand.person.code(hand.world.clock),
        address=ADDRESS,
        user_agent=BROWSER,
        now=hand.world.clock,
    )


def check_recovery(hand: Hand, token: str) -> object:
    browser = Browser(address=ADDRESS, user_agent=BROWSER)
    code = hand.codes.pop()
    return second_step.check_recovery(
        hand.world.registry, pending_token=token, code=code, browser=browser, now=hand.world.clock
    )


def second_ways(hand: Hand, token: str) -> object:
    return pending_step.ways(hand.world.registry, token, now=hand.world.clock)


def saved_by(hand: Hand, token: str) -> object:
    return links.used_by(hand.world.registry, token, now=hand.world.clock)


def find(hand: Hand, token: str) -> object:
    return sessions.find(hand.world.registry, token, now=hand.world.clock)


def find_at_service(hand: Hand, token: str) -> object:
    return sessions.find(hand.world.registry, token, now=hand.world.clock, service="ledger")


def find_at_other_service(hand: Hand, token: str) -> object:
    return sessions.find(hand.world.registry, token, now=hand.world.clock, service="other")


def issue(hand: Hand, token: str) -> object:
    return tickets.issue(hand.world.registry, token, "ledger", now=hand.world.clock)


def redeem(hand: Hand, token: str) -> object:
    return tickets.redeem(hand.world.registry, token, "ledger", now=hand.world.clock)


def redeem_elsewhere(hand: Hand, token: str) -> object:
    return tickets.redeem(hand.world.registry, token, "other", now=hand.world.clock)


def end(hand: Hand, token: str) -> object:
    return sessions.end(hand.world.registry, token, actor=ADMIN, now=hand.world.clock)


OPENS: dict[Callable[[Hand, str], object], set[str]] = {
    look: {"link"},
    begin: {"link"},
    finish: {"link"},
    check_code: {"step"},
    check_recovery: {"step"},
    second_ways: {"step"},
    saved_by: {"used link"},
    find: {"session"},
    find_at_service: {"child"},
    find_at_other_service: set(),
    issue: {"session"},
    redeem: {"ticket"},
    redeem_elsewhere: set(),
    end: {"session", "child"},
}
KINDS = (
    "link",
    "step",
    "session",
    "child",
    "ticket",
    "used link",
    "used ticket",
    "nonsense",
    "empty",
    "other text",
)


def opens(entry: Callable[[Hand, str], object], hand: Hand, kind: str) -> bool:
    try:
        return bool(entry(hand, hand.tokens[kind]))
    except Refused:
        return False


@pytest.mark.parametrize("entry", OPENS, ids=lambda entry: entry.__name__)
@pytest.mark.asvs("V7.2.2")
def test_class_27_every_token_opens_its_own_entry_and_no_other(
    small_world: World, entry: Callable[[Hand, str], object]
) -> None:
    hand = deal(small_world)
    assert set(hand.tokens) == set(KINDS)
    # The wrong ones first: none of them may spoil what the right ones are good for.
    wrong = [kind for kind in KINDS if kind not in OPENS[entry]]
    assert [kind for kind in wrong if opens(entry, hand, kind)] == []
    right = sorted(OPENS[entry], reverse=True)
    if entry is end:
        right = ["child", "session"]
    assert [kind for kind in right if opens(entry, hand, kind)] == right


@pytest.mark.parametrize(
    "entry", [entry for entry in OPENS if entry is not end], ids=lambda entry: entry.__name__
)
def test_class_27_a_token_shown_at_the_wrong_entry_still_opens_its_own(
    small_world: World, entry: Callable[[Hand, str], object]
) -> None:
    hand = deal(small_world)
    for kind in set(KINDS) - OPENS[entry]:
        opens(entry, hand, kind)
    assert opens(look, hand, "link")
    assert opens(finish, hand, "link")
    assert opens(find, hand, "session")
    assert opens(find_at_service, hand, "child")
    assert opens(check_code, hand, "step") or entry in {check_code, check_recovery}
    assert opens(redeem, hand, "ticket") or entry in {redeem, redeem_elsewhere}
