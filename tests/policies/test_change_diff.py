"""The permission difference is exact: every reported change is real, every real one reported."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_pair import both
from policy_worlds import ASKED, CATEGORIES, PEOPLE, people, request, rule

from policies.change.diff import State, difference
from policies.change.space import ALL
from policies.decision import Request
from policies.memberships import Memberships
from policies.rules import Rule, RuleSet

NEWCOMER = "person:00000000-0000-4000-8000-000000000005"
ANNA, BORIS, _ = PEOPLE


def changed(luck: Random, before: RuleSet) -> RuleSet:
    """The rules with up to three taken out and up to three put in; categories may move."""
    rows = [row for row in before.rules if luck.randrange(3)]
    rows += [rule(luck) for _ in range(luck.randrange(4))]
    links = before.categories if luck.randrange(4) else tuple(luck.sample(CATEGORIES, 2))
    return RuleSet(tuple(set(rows)), links)


def moved(luck: Random, before: Memberships) -> Memberships:
    """The people, some of whom moved; now and then one is new, or gone."""
    if luck.randrange(2):
        return before
    again = people(luck)
    if not luck.randrange(3):
        again = replace(again, roles=(*again.roles, (NEWCOMER, "role:a", "intranet")))
    gone = luck.choice(PEOPLE) if not luck.randrange(4) else ""
    return Memberships(
        roles=tuple(row for row in again.roles if row[0] != gone),
        units=tuple(row for row in again.units if row[0] != gone),
    )


def states(luck: Random) -> tuple[State, State]:
    rules = RuleSet(
        tuple({rule(luck) for _ in range(luck.randint(2, 9))}),
        tuple(link for link in CATEGORIES if luck.randrange(5)),
    )
    members = people(luck)
    return State(rules, members), State(changed(luck, rules), moved(luck, members))


def asked(luck: Random) -> Request:
    """A question as the gateway asks: pages carry no label; everybody is cleared."""
    found = request(luck)
    if found.object.startswith("app:"):
        found = replace(found, category="cat:none", classification=0)
    who = luck.choice((*PEOPLE * 4, NEWCOMER))
    return replace(found, clearance=found.classification, subject=who)


def truth(before: State, after: State, asked: Request) -> bool | None:
    """What both engines say of one question on either side: gained, lost, or neither."""
    was = both(before.rules, before.memberships).decide(asked).is_allowed
    now = both(after.rules, after.memberships).decide(asked).is_allowed
    return None if was == now else now


@settings(max_examples=40, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_every_question_is_answered_alike_by_the_difference_and_by_both_engines(
    luck: Random,
) -> None:
    before, after = states(luck)
    found = difference(before, after, since=0)
    pairs = [both(each.rules, each.memberships) for each in (before, after)]
    for _ in range(40):
        question = asked(luck)
        was, now = (pair.decide(question).is_allowed for pair in pairs)
        expected = None if was == now else now
        assert found.tells(question) == expected, question


@settings(max_examples=40, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_every_witness_is_decided_otherwise_by_both_engines(luck: Random) -> None:
    before, after = states(luck)
    for each in difference(before, after, since=0).changes:
        assert truth(before, after, each.witness) is each.gains, each
        for person in each.people:
            assert truth(before, after, replace(each.witness, subject=person)) is each.gains


@pytest.mark.parametrize("seed", range(3))
def test_a_long_search_meets_gains_and_losses_of_every_kind(seed: int) -> None:
    """Enough of what is drawn changes something, or the laws above prove little."""
    luck = Random(seed)
    seen = set()
    real = 0
    for _ in range(40):
        before, after = states(luck)
        found = difference(before, after, since=0)
        seen |= {(each.gains, each.service, bool(each.rules)) for each in found.changes}
        real += sum(found.tells(asked(luck)) is not None for _ in range(30))
    assert {gains for gains, _, _ in seen} == {True, False}
    assert {"s", "t", "app", "*"} <= {service for _, service, _ in seen}
    assert {cause for _, _, cause in seen} == {True, False}
    assert real > 100


def small_states() -> Iterable[tuple[State, State]]:
    """Every pair of sets of at most two rules over a tiny alphabet, in one tree of units."""
    rows = [
        Rule(sub, "*", obj, act, "*", "*", "*", win, eft)
        for sub, obj, act, win, eft in itertools.product(
            ("unit:x", "*"), ("svc:s/**", "svc:s/p"), ("GET",), ("*", "5~9"), ("allow", "deny")
        )
    ]
    members = Memberships(units=((ANNA, "unit:x"), (BORIS, "unit:y")))
    sets = [RuleSet(each) for size in (1, 2) for each in itertools.combinations(rows, size)]
    luck = Random(7)
    for _ in range(150):
        yield State(luck.choice(sets), members), State(luck.choice(sets), members)


def test_in_a_small_world_nothing_that_changed_is_missing_and_nothing_else_is_told() -> None:
    """Every person, path, action and time: the whole of it."""
    for before, after in small_states():
        found = difference(before, after, since=0)
        pairs = [both(each.rules, each.memberships) for each in (before, after)]
        for who, obj, action, now in itertools.product(
            (ANNA, BORIS), ASKED[:4], ("GET", "POST"), (0, 5, 8, 9)
        ):
            question = Request(
                subject=who, zone="intranet", object=obj, action=action, strength=2, now=now
            )
            was, is_now = (pair.decide(question).is_allowed for pair in pairs)
            assert found.tells(question) == (None if was == is_now else is_now), question


def test_points_and_boxes_are_two_forms_of_one_set() -> None:
    luck = Random(3)
    assert ALL.bit_count() == 660
    for _ in range(50):
        row = rule(luck)
        if row.obj.startswith("app:"):
            continue
        before, after = State(RuleSet(), people(luck)), State(RuleSet((row,)), people(luck))
        for each in difference(before, after, since=0).changes:
            assert sum(box.points for box in each.boxes) == each.points


def test_the_same_state_twice_differs_in_nothing() -> None:
    before, _ = states(Random(1))
    assert difference(before, before, since=0).changes == ()


def test_what_only_another_zone_names_is_told_all_the_same() -> None:
    """A category and a service that no rule of this zone speaks of belong to no other class."""
    members = Memberships(roles=tuple((ANNA, "role:a", zone) for zone in ("intranet", "extranet")))
    any_of = ("*",) * 5
    elsewhere = [
        Rule("*", "intranet", obj, *any_of, "deny") for obj in ("cat:e", "svc:t/**", "svc:t/p")
    ]
    old, new = (Rule("*", "*", obj, *any_of, "allow") for obj in ("cat:a", "svc:s/**"))
    before, after = (State(RuleSet((*elsewhere, each), CATEGORIES), members) for each in (old, new))
    found = difference(before, after, since=0)
    for zone, obj, category in itertools.product(
        ("intranet", "extranet"), ("svc:s/", "svc:t/p", "svc:u/"), ("cat:e", "cat:a", "cat:none")
    ):
        question = Request(
            subject=ANNA, zone=zone, object=obj, action="GET", strength=2, now=0, category=category
        )
        assert found.tells(question) == truth(before, after, question), question
