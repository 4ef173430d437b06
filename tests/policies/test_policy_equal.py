"""The compiled engine is the reference, only faster: searched for a difference from all sides."""

from __future__ import annotations

import gc
import itertools
import weakref
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_pair import both
from policy_proof import search
from policy_worlds import PEOPLE, STRANGER, request, world

from policies.bench_model import NOON, office
from policies.compiled import CompiledEngine
from policies.decision import Outcome, Reason, Request
from policies.engine import MembershipProblems, Memberships, build
from policies.rules import Rule, RuleSet

ANNA, BORIS, _ = PEOPLE
CLERK = Memberships(roles=((ANNA, "role:a", "intranet"), (BORIS, "role:z", "intranet")))
READ = Request(subject=ANNA, zone="intranet", object="svc:s/p", action="GET", strength=1, now=5)


@settings(max_examples=150, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_both_engines_give_one_decision(luck: Random) -> None:
    """Outcome, reason, every rule's id, version and strength: the pair compares them all."""
    asked = world(luck).pair
    for _ in range(10):
        asked.decide(request(luck))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_long_search_of_dense_worlds_finds_no_difference(seed: int) -> None:
    """At least 30 % are allowed, and every reason is given, or the search proves little."""
    found = search(6000, seed=seed)
    assert found[Reason.ALLOWED] >= 0.3 * found.total(), found
    assert set(found) == set(Reason), found


def small_rules() -> list[Rule]:
    columns = itertools.product(
        ("*", "role:a"), ("svc:s/p", "svc:s/**", "cat:a"), ("*", "3"), ("allow", "deny")
    )
    return [Rule(sub, "*", obj, "*", "*", "*", auth, "*", eft) for sub, obj, auth, eft in columns]


def small_requests() -> list[Request]:
    columns = itertools.product(
        (ANNA, BORIS), ("svc:s/p", "svc:s/q"), ("cat:none", "cat:b"), (1, 3)
    )
    return [
        replace(READ, subject=subject, object=obj, category=category, strength=strength)
        for subject, obj, category, strength in columns
    ]


def as_written(rules: tuple[Rule, ...], asked: Request) -> Outcome:
    """The meaning of the small world, sharing no code with any engine."""

    def effects(strength: int) -> set[str]:
        return {
            rule.eft
            for rule in rules
            if (rule.sub == "*" or asked.subject == ANNA)
            and (rule.auth == "*" or strength == 3)
            and (
                rule.obj in ("svc:s/**", asked.object)
                or (rule.obj == "cat:a" and asked.category == "cat:b")
            )
        }

    if effects(asked.strength) == {"allow"}:
        return Outcome.ALLOW
    stronger = not effects(asked.strength) and effects(3) == {"allow"}
    return Outcome.STEP_UP if stronger else Outcome.DENY


def test_every_set_of_at_most_three_small_rules_decides_every_small_request_as_written() -> None:
    """The whole of a small world: 2,325 sets, 37,200 decisions."""
    requests = small_requests()
    seen = set()
    for size in range(4):
        for chosen in itertools.combinations(small_rules(), size):
            engine = build(RuleSet(chosen, (("cat:b", "cat:a"),)), CLERK)
            for asked in requests:
                outcome = engine.decide(asked).outcome
                assert outcome is as_written(chosen, asked), (chosen, asked)
                seen.add(outcome)
    assert seen == set(Outcome)


def test_every_set_of_at_most_two_small_rules_decides_as_pycasbin_does() -> None:
    """The same world again, with its evidence, against the reference."""
    for size in range(3):
        for chosen in itertools.combinations(small_rules(), size):
            asked = both(RuleSet(chosen, (("cat:b", "cat:a"),)), CLERK)
            for each in small_requests():
                asked.decide(each)


def test_the_office_of_the_measurements_is_decided_the_same() -> None:
    """What is measured is also compared, and is worth measuring."""
    made = office(300)
    asked = both(made.rules, made.memberships)
    outcomes = [asked.decide(each).outcome for each in made.requests(300)]
    assert outcomes.count(Outcome.ALLOW) > 60
    assert set(outcomes) == set(Outcome)
    assert all(each.now == NOON for each in made.requests(3))
    assert office(300) == made


@settings(deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_neither_the_order_of_rules_nor_of_rows_changes_a_decision(luck: Random) -> None:
    """Laws of section 5.3 f that the other laws, which run on both engines, leave open."""
    drawn = world(luck)
    rows, roles = list(drawn.rules.rules), list(drawn.memberships.roles)
    luck.shuffle(rows)
    luck.shuffle(roles)
    turned = build(
        RuleSet(tuple(rows), drawn.rules.categories), replace(drawn.memberships, roles=tuple(roles))
    )
    plain = build(drawn.rules, drawn.memberships)
    for _ in range(5):
        asked = request(luck)
        assert turned.decide(asked) == plain.decide(asked)


def test_what_is_remembered_is_bounded_and_never_about_strangers() -> None:
    """Names of an attacker's choice can neither grow memory nor push a known name out."""
    rules = RuleSet((Rule("*", "*", "svc:s/**", "*", "*", "*", "*", "*", "allow"),))
    people = tuple(f"{ANNA[:-3]}7{number:02d}" for number in range(50))
    memberships = Memberships(roles=tuple((who, "role:a", "intranet") for who in people))
    engine = CompiledEngine(rules, memberships, remembered=8)
    for who in people:
        assert engine.decide(replace(READ, subject=who)).is_allowed
        assert len(engine._subjects._remembered["intranet"]) <= 8
    before = {zone: set(found) for zone, found in engine._subjects._remembered.items()}
    for strange in ({"subject": STRANGER}, {"zone": "lab"}, {"subject": "role:a"}):
        engine.decide(replace(READ, **strange))  # type: ignore[arg-type]
    assert {zone: set(found) for zone, found in engine._subjects._remembered.items()} == before


def test_places_below_many_rules_take_no_copies_of_them() -> None:
    """The memory for copies is bounded; what is not copied is still found."""
    crowd = [f"p, role:r{number}, *, svc:s/**, GET, *, *, *, *, allow" for number in range(200)]
    below = [f"p, role:a, *, svc:s/d{number}/**, GET, *, *, *, *, deny" for number in range(50)]
    rules = RuleSet.parse(
        "\n".join([*crowd, *below, "p, role:a, *, svc:s/**, GET, *, *, *, *, allow"])
    )
    engine = build(rules, CLERK)
    tables = {
        id(table) for path in range(50) for table in engine._index.tables(f"svc:s/d{path}/x", "")
    }
    assert len(tables) == 51
    asked = both(rules, CLERK)
    assert asked.decide(replace(READ, object="svc:s/d7/x")).reason is Reason.DENIED_BY_RULE
    assert asked.decide(replace(READ, object="svc:s/e/x")).is_allowed


def test_a_path_is_followed_no_further_than_the_rules_go() -> None:
    """Thirty thousand segments are as quick as three; nothing below a subtree is lost."""
    rules = RuleSet.parse("p, *, *, svc:s/a/**, *, *, *, *, *, allow")
    deep = replace(READ, object="svc:s/a" + "/b" * 30_000)
    assert build(rules, CLERK).decide(deep).is_allowed
    assert len(build(rules, CLERK)._index.tables(deep.object, "cat:none")) == 1
    assert not build(rules, CLERK).decide(replace(deep, object="svc:s" + "/b" * 9)).rules


def test_a_build_leaves_the_collector_of_cycles_as_it_was() -> None:
    """Also when the memberships are refused, and for whoever runs without it."""
    twice = Memberships(roles=((ANNA, "role:auditor", "intranet"),) * 2 + ((ANNA, "x", "lab"),))
    with pytest.raises(MembershipProblems):
        build(RuleSet(), twice)
    assert gc.isenabled()
    gc.disable()
    try:
        build(RuleSet(), CLERK)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_old_version_is_gone_when_the_new_one_takes_its_place() -> None:
    """No circle of references keeps 110,000 rules alive until the collector comes."""
    rules = RuleSet.parse("p, *, *, svc:s/a/**, *, *, *, *, *, allow")
    engine = build(rules, CLERK)
    engine.decide(READ)
    index = weakref.ref(engine._subjects._everybody)
    gc.disable()
    try:
        del engine
        assert index() is None
    finally:
        gc.enable()
