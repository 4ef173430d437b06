"""A subject that is both: the people of a unit who hold a role, in every engine and every tool."""

from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_pair import both
from policy_worlds import PAIRS, PEOPLE, people

from policies import recorded, separation
from policies.change.diff import State, difference
from policies.change.findings import Code
from policies.change.members import Members, people_of
from policies.change.mutation import scores
from policies.change.overlap import Overlap, Overlaps
from policies.change.trials import case_of, run
from policies.change.validate import Known, validate
from policies.compiled_subjects import SubjectClosures
from policies.decision import Outcome, Request
from policies.engine import build
from policies.fixes import Change, Step
from policies.memberships import Memberships
from policies.pairs import rows
from policies.questions import who_can
from policies.rules import Rule, RuleProblems, RuleSet
from policies.vocabulary import ZONES
from policies.why import explain

ANNA, BORIS, CARLA = PEOPLE
BOTH = "unit:finance&role:clerk"
OFFICE = Memberships(
    roles=(
        ("role:head", "role:clerk", "intranet"),
        (ANNA, "role:head", "intranet"),
        (BORIS, "role:clerk", "intranet"),
        (CARLA, "role:clerk", "extranet"),
    ),
    units=(
        ("unit:budget", "unit:finance"),
        (ANNA, "unit:budget"),
        (BORIS, "unit:it"),
        (CARLA, "unit:finance"),
    ),
)
READ = Request(subject=ANNA, zone="intranet", object="svc:budget/", action="GET", strength=2, now=5)


def granting(*subjects: str, effect: str = "allow") -> RuleSet:
    return RuleSet(tuple(Rule(each, "*", "svc:budget/**", *"*****", effect) for each in subjects))


def test_who_is_below_the_unit_and_above_the_role_is_both() -> None:
    """Anna heads a part of the unit; Boris is elsewhere; Carla is a clerk in the other zone."""
    asked = both(granting(BOTH), OFFICE)
    assert asked.decide(READ).is_allowed
    assert not asked.decide(replace(READ, zone="extranet")).is_allowed
    assert not asked.decide(replace(READ, subject=BORIS)).is_allowed
    assert not asked.decide(replace(READ, subject=CARLA)).is_allowed
    assert asked.decide(replace(READ, subject=CARLA, zone="extranet")).is_allowed


def test_a_deny_to_both_takes_nothing_from_the_others_of_the_unit() -> None:
    rules = granting("unit:finance").plus(granting(BOTH, effect="deny"))
    asked = both(rules, OFFICE)
    assert not asked.decide(READ).is_allowed
    assert asked.decide(replace(READ, subject=CARLA)).is_allowed


SMALL = Memberships(
    roles=tuple((who, "role:a", "intranet") for who in (ANNA, BORIS)),
    units=((ANNA, "unit:x"), (CARLA, "unit:x")),
)


def test_every_set_of_at_most_three_small_rules_decides_as_written() -> None:
    """The whole of a small world, with its meaning written out by hand: 299 sets."""
    means = {"unit:x": {ANNA, CARLA}, "role:a": {ANNA, BORIS}, "unit:x&role:a": {ANNA}}
    times = {"*": {5, 90}, "week:4@00:00-00:01+00:00": {5}}
    small = [
        Rule(sub, "intranet", "svc:s/**", *"****", win, effect)
        for sub, win, effect in itertools.product(means, times, ("allow", "deny"))
    ]
    seen = set()
    for size in range(4):
        for chosen in itertools.combinations(small, size):
            asked = both(RuleSet(chosen), SMALL)
            for who, now in itertools.product(PEOPLE, (5, 90)):
                effects = {
                    rule.eft for rule in chosen if who in means[rule.sub] and now in times[rule.win]
                }
                decided = asked.decide(replace(READ, subject=who, now=now, object="svc:s/p"))
                assert decided.is_allowed is (effects == {"allow"}), (chosen, who, now)
                seen.add((decided.outcome, decided.reason))
    assert len(seen) == 3


@settings(deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_whoever_counts_as_both_counts_as_each_and_the_other_way_round(luck: Random) -> None:
    members = people(luck)
    closures = SubjectClosures(members, dict(zip(PAIRS, PAIRS, strict=True)))
    derived = set(rows(PAIRS, members))
    for person, zone, pair in itertools.product(PEOPLE, sorted(ZONES), PAIRS):
        unit, role = pair.split("&")
        is_both = person in people_of(unit, zone, members) & people_of(role, zone, members)
        found = closures.of(person, zone)
        assert found is not None
        assert (pair in found) is is_both
        assert ((person, pair, zone) in derived) is is_both
        assert (person in people_of(pair, zone, members)) is is_both


@pytest.mark.parametrize(
    "subject",
    [
        "role:clerk&unit:finance",
        "unit:finance&unit:it",
        "role:clerk&role:head",
        "unit:finance&role:clerk&role:head",
        "unit:finance&",
        "&role:clerk",
        "unit:finance&*",
        f"unit:finance&{ANNA}",
        "unit:finance&role:Clerk",
        "unit:finance|role:clerk",
        "unit:finance\uff06role:clerk",
    ],
)
def test_any_other_joining_of_subjects_is_refused_with_the_fix(subject: str) -> None:
    """One way to write each thing: the same pair turned round would be another rule."""
    with pytest.raises(RuleProblems) as refused:
        granting(subject)
    (problem,) = refused.value.problems
    assert problem.what.startswith("sub is")
    assert "unit:<name>&role:<name>" in problem.fix or "use only" in problem.fix


def test_a_rule_for_both_is_kept_word_for_word() -> None:
    rules = granting(BOTH)
    assert RuleSet.parse(rules.text()) == rules
    assert rules.rules[0].sub == BOTH


def test_attack_memberships_cannot_hand_out_a_pair_that_nobody_earned() -> None:
    for given_away in (
        Memberships(roles=((ANNA, BOTH, "intranet"),)),
        Memberships(units=((ANNA, BOTH),)),
        Memberships(units=((BOTH, "unit:finance"),)),
    ):
        with pytest.raises(Exception, match="&"):
            build(granting(BOTH), given_away)


def test_attack_an_office_paired_with_a_unit_gets_no_entry_to_a_service() -> None:
    """三员分立 looks through the pair."""
    with pytest.raises(RuleProblems, match="an office would get entry"):
        separation.check(granting("unit:finance&role:auditor"))
    page = Rule("unit:finance&role:clerk", "*", "app:audit.view", *"*****", "allow")
    with pytest.raises(RuleProblems, match="alone"):
        separation.check(RuleSet((page,)))
    separation.check(RuleSet((replace(page, sub="unit:finance&role:auditor"),)))


def test_the_record_names_both_with_its_parts() -> None:
    engine = build(granting(BOTH), OFFICE)
    kept = recorded.question(engine, READ)
    assert kept["as"] == ["role:clerk", "unit:finance", BOTH]
    assert recorded.question(engine, replace(READ, subject=BORIS))["as"] == ["role:clerk"]


def test_what_is_missing_of_both_is_named_with_its_fix() -> None:
    engine = build(granting(BOTH), OFFICE)
    found = explain(engine, replace(READ, subject=BORIS))
    (miss,) = found.nearest
    assert [(each.condition, each.needs) for each in miss.failed] == [("subject", "unit:finance")]
    assert found.fix == (Step(Change.JOIN, "unit:finance"),)
    nobody = Memberships(units=((ANNA, "unit:z"),))
    fix = explain(build(granting(BOTH), nobody), READ).fix
    assert fix in (
        (Step(Change.JOIN, "role:clerk"), Step(Change.JOIN, "unit:finance")),
        (Step(Change.GRANT, f"p, {ANNA}, intranet, svc:budget/, GET, 0, *, 2, *, allow"),),
    )


def test_who_can_lists_those_who_are_both() -> None:
    found = who_can(build(granting(BOTH), OFFICE), "svc:budget/", "GET", zone="intranet", now=5)
    assert [each.subject for each in found] == [ANNA]


def test_the_difference_tells_who_becomes_both_by_a_role_or_by_a_unit() -> None:
    rules = granting(BOTH)
    moved = replace(OFFICE, units=(*OFFICE.units, (BORIS, "unit:budget")))
    (change,) = difference(State(rules, OFFICE), State(rules, moved), since=0).changes
    assert (change.gains, change.people, change.zone) == (True, (BORIS,), "intranet")


def test_a_draft_with_an_unknown_part_or_nobody_who_is_both_is_told_so() -> None:
    known = Known(
        units=frozenset({"unit:finance", "unit:it"}),
        roles=frozenset({"role:clerk"}),
        memberships=OFFICE,
        clearance=lambda person: 1 if person == ANNA else 4,
    )

    def codes(sub: str, cls: str = "*") -> set[tuple[Code, str]]:
        text = f"p, {sub}, intranet, svc:budget/**, GET, {cls}, *, *, *, allow"
        found = validate(text, known=known, now=0).findings
        return {(each.code, each.values.get("word", "")) for each in found}

    assert codes(BOTH) == set()
    assert (Code.UNKNOWN, "role:clark") in codes("unit:finance&role:clark")
    assert (Code.UNKNOWN, "unit:finanse") in codes("unit:finanse&role:clerk")
    assert codes("unit:it&role:clerk") == set()
    assert codes(BOTH, cls="2") == {(Code.ABOVE_CLEARANCE, "")}
    gone = replace(OFFICE, units=OFFICE.units[:1])
    assert not Members(gone).any_of(BOTH, "*")
    assert Members(OFFICE).any_of(BOTH, "extranet")
    assert Members(OFFICE, lambda _: 3).highest(BOTH, "intranet") == 3


def test_a_rule_for_both_is_useless_beside_one_for_either_and_for_wider_pairs() -> None:
    for wider in ("*", "unit:finance", "role:clerk", "unit:finance&role:clerk"):
        rules = granting("unit:budget&role:head", wider)
        pairs = list(Overlaps(rules, OFFICE).all())
        inner = [each for each in pairs if each.rule.sub == "unit:budget&role:head"]
        is_known_above = "role:clerk" not in wider  # a head is no clerk in the extranet
        assert [each.overlap for each in inner] == [Overlap.REDUNDANT] * is_known_above, wider
    rules = granting("unit:budget&role:head").plus(granting(BOTH, effect="deny"))
    narrow = RuleSet(tuple(replace(rule, zone="intranet") for rule in rules.rules))
    assert [each.overlap for each in Overlaps(narrow, OFFICE).all()] == [Overlap.SHADOWED]
    assert not list(Overlaps(granting(BOTH, "unit:it"), OFFICE).all())


def test_a_test_made_of_a_record_speaks_of_the_parts_and_notices_the_rule_go() -> None:
    rules = granting(BOTH)
    engine = build(rules, OFFICE)
    held = recorded.question(engine, READ)["as"]
    assert isinstance(held, list)
    case = case_of(READ, Outcome.ALLOW, held=held)
    assert case.sub == "role:clerk|unit:finance"
    tested = replace(rules, tests=(case,))
    assert all(each.passed for each in run(tested, OFFICE, now=5))
    (score,) = scores(tested, OFFICE, now=5)
    assert score.is_needed
