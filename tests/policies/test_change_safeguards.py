"""Tests and their tests, replay, the way back, duties kept apart, who benefits, unused rules."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import CATEGORIES, PEOPLE, STRANGER, people, request, rule

from policies.acts import Act, barred, breaches
from policies.cases import Case
from policies.change import benefit, campaign
from policies.change.asked import KEPT
from policies.change.diff import State, difference
from policies.change.keepers import offices
from policies.change.mutation import judged, scores, widened
from policies.change.replay import Effect, replay
from policies.change.separation import united
from policies.change.trials import case_of, request_of, run
from policies.decision import Outcome, Request
from policies.duties import Duty
from policies.engine import CompiledEngine, build
from policies.memberships import Memberships
from policies.nearness import Condition, see
from policies.reading import row_of
from policies.rules import Rule, RuleSet
from policies.uses import Use

ANNA, BORIS, CLARA = PEOPLE
NOW = 100
READ = Rule("unit:x", "*", "svc:s/**", "GET", "*", "lan|vpn", "2", "*", "allow")
SHUT = Rule("unit:x", "*", "svc:s/p/**", "*", "*", "*", "*", "*", "deny")
MEMBERS = Memberships(
    roles=tuple((who, "role:staff", "intranet") for who in PEOPLE),
    units=((ANNA, "unit:x"), (BORIS, "unit:y")),
)


def case(expect: str, sub: str = "unit:x", obj: str = "svc:s/", **columns: str) -> Case:
    values = {"cat": "cat:none", "act": "GET", "cls": "0", "clr": "0", "net": "lan", "auth": "2"}
    row = row_of("t", [expect, sub, "intranet", obj, *(values | columns).values(), "*"])
    assert isinstance(row, Case)
    return row


def test_a_case_of_groups_is_true_of_whoever_holds_them() -> None:
    rules = RuleSet(
        (READ, SHUT),
        tests=(
            case("allow"),
            case("deny", obj="svc:s/p/q"),
            case("step_up", auth="1"),
            case("deny", sub="unit:y"),
            case("allow", sub=ANNA),
            case("allow", sub=BORIS),
        ),
    )
    results = run(rules, MEMBERS, now=NOW)
    assert [each.case.sub for each in results if not each.passed] == [BORIS]


def test_a_case_of_two_officers_in_one_fails_and_says_why() -> None:
    rules = RuleSet(tests=(case("deny", sub="role:auditor|role:system_admin"), case("deny")))
    results = run(rules, Memberships(), now=NOW)
    assert sorted(each.passed for each in results) == [False, True]
    assert "nobody may be" in next(each.problem for each in results if not each.passed)


@settings(max_examples=60, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_a_recorded_decision_becomes_a_test_that_passes_under_the_same_rules(luck: Random) -> None:
    rules = RuleSet(tuple({rule(luck) for _ in range(8)}), CATEGORIES)
    members = people(luck)
    asked = replace(request(luck), now=NOW, subject=luck.choice(PEOPLE), zone="intranet")
    if not asked.is_well_formed:
        return
    outcome = build(rules, members).decide(asked).outcome
    made = case_of(asked, outcome)
    (result,) = run(replace(rules, tests=(made,)), members, now=NOW)
    assert result.passed
    assert request_of(made, now=NOW) == asked


@settings(max_examples=80, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_judging_by_the_met_rules_is_deciding_by_all_of_them(luck: Random) -> None:
    rules = RuleSet(tuple({rule(luck) for _ in range(9)}), CATEGORIES)
    members = people(luck)
    engine = build(rules, members)
    for _ in range(10):
        asked = replace(request(luck), subject=luck.choice(PEOPLE), zone="intranet")
        if not asked.is_well_formed:
            continue
        seen = see(asked, rules, members)
        free = {Condition.STRENGTH, Condition.CLEARANCE}
        met = [r for r in rules.rules if {f.condition for f in seen.failed(r)} <= free]
        assert judged(met, asked) == engine.decide(asked).outcome


def test_a_rule_no_test_would_miss_is_told() -> None:
    rules = RuleSet((READ, SHUT), tests=(case("allow"), case("deny", net="internet")))
    told = {score.rule: score for score in scores(rules, MEMBERS, now=NOW)}
    assert told[READ].is_needed
    assert not told[SHUT].is_needed
    noticed = {each.change: each.noticed_by is not None for each in told[READ].mutants}
    assert noticed == {"deleted": True, "sub": False, "act": False, "net": True, "auth": False}


def _rule(line: str) -> Rule:
    (found,) = RuleSet.parse(line).rules
    return found


def test_attack_a_test_of_somebody_who_is_not_there_vouches_for_no_denial() -> None:
    """It passes whatever the rules say, for who is unknown is denied: it proves nothing."""
    everybody = _rule("p, *, intranet, svc:s/**, GET, *, *, 2, *, allow")
    ghost = "person:00000000-0000-4000-8000-00000000dead"
    shut = _rule(f"p, {ghost}, intranet, svc:s/**, GET, *, *, *, *, deny")
    rules = RuleSet((everybody, shut), tests=(replace(case("deny"), sub=ghost),))
    (result,) = run(rules, MEMBERS, now=NOW)
    assert result.passed
    (without,) = run(replace(rules, rules=(everybody,)), MEMBERS, now=NOW)
    assert without.passed
    assert not any(score.noticed for score in scores(rules, MEMBERS, now=NOW))


def test_attack_a_place_that_no_test_asks_beside_counts_as_tested() -> None:
    """A rule for one folder, tested in the folder alone: nobody would notice the whole service."""
    folder = replace(READ, obj="svc:s/p/**", net="*", auth="*")
    inside, beside = case("allow", obj="svc:s/p/1"), case("deny", obj="svc:s/q/1")
    (told,) = scores(RuleSet((folder,), tests=(inside,)), MEMBERS, now=NOW)
    assert "obj" in told.unnoticed
    (told,) = scores(RuleSet((folder,), tests=(inside, beside)), MEMBERS, now=NOW)
    assert {each.change: each.noticed_by for each in told.mutants}["obj"] == beside.id


@settings(max_examples=30, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_every_noticed_change_really_makes_its_test_fail(luck: Random) -> None:
    """Each mutant is built whole and asked of the engine that decides."""
    members = people(luck)
    rules = RuleSet(tuple({rule(luck) for _ in range(6)}), CATEGORIES)
    engine = build(rules, members)
    asked = [
        replace(request(luck), subject=luck.choice((*PEOPLE, STRANGER)), zone="intranet")
        for _ in range(5)
    ]
    cases = {case_of(a, engine.decide(a).outcome) for a in asked if a.is_well_formed}
    rules = replace(rules, tests=tuple(cases))
    passing = {each.case.id for each in run(rules, members, now=NOW) if each.passed}
    for score in scores(rules, members, now=NOW):
        for mutant in score.mutants:
            left = set(rules.rules) - {score.rule}
            if mutant.change != "deleted":
                left.add(widened(score.rule, mutant.change))
            after = run(replace(rules, rules=tuple(left)), members, now=NOW)
            failing = {each.case.id for each in after if not each.passed} & passing
            assert (mutant.noticed_by is not None) == bool(failing), (score.rule, mutant)


def record(number: int, asked: Request, unit: str = "x") -> bytes:
    """A decision as the log keeps it (`policies.recorded`)."""
    question = {
        "act": asked.action,
        "auth": asked.strength,
        "cat": asked.category,
        "cls": asked.classification,
        "clr": asked.clearance,
        "net": asked.network,
        "now": asked.now,
    }
    body = {
        "ev": "decision.allowed",
        "did": f"{number:032x}",
        "sub": asked.subject,
        "zone": asked.zone,
        "obj": asked.object,
        "svc": asked.object[4:].partition("/")[0],
        "unit": unit,
        "ts": f"2026-11-27T08:00:{number % 60:02d}.000Z",
        "d": {"q": question},
    }
    return json.dumps(body, separators=(",", ":")).encode()


ASKED = Request(subject=ANNA, zone="intranet", object="svc:s/p", action="GET", strength=2, now=NOW)


def test_a_replay_tells_who_loses_and_gains_and_keeps_the_records() -> None:
    before = build(RuleSet((READ,)), MEMBERS)
    more = Rule("unit:y", "*", "svc:s/**", "GET", "*", "*", "3", "*", "allow")
    after = build(RuleSet((READ, SHUT, more)), MEMBERS)
    log = [
        *(record(number, replace(ASKED, now=NOW + number)) for number in range(3)),
        record(7, replace(ASKED, subject=BORIS), "y"),
        record(8, replace(ASKED, object="svc:s/")),
        b'{"ev":"person.invited"}',
        b'{"ev":"decision.denied","did":"old"}',
    ]
    found = replay(log, before, after)
    assert (found.read, found.distinct, found.unread) == (5, 3, 1)
    assert [(t.effect, t.people, t.services, t.decisions) for t in found.told()] == [
        (Effect.LOSES, 1, 1, 3),
        (Effect.GAINS, 1, 1, 1),
    ]
    (loss,) = [group for group in found.by_person() if group.name == ANNA]
    assert loss.decisions == tuple(f"{number:032x}" for number in (2, 1, 0))
    assert {group.name for group in found.by_unit()} == {"x", "y"}
    assert [group.people for group in found.by_service()] == [(BORIS,), (ANNA,)]


def test_a_replay_keeps_the_newest_records_of_what_was_asked_often() -> None:
    log = [record(number, ASKED) for number in range(3 * KEPT)]
    found = replay(log, build(RuleSet((READ,)), MEMBERS), build(RuleSet(), MEMBERS))
    (shift,) = found.shifts
    assert (shift.count, len(shift.decisions)) == (3 * KEPT, KEPT)
    assert shift.decisions[0] == f"{3 * KEPT - 1:032x}"


@settings(max_examples=40, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_a_replay_is_deciding_each_record_by_both_engines(luck: Random) -> None:
    """Times within one window count as one, and never as another."""
    members = people(luck)
    engines = [
        build(RuleSet(tuple({rule(luck) for _ in range(8)}), CATEGORIES), members) for _ in range(2)
    ]
    asked = [r for _ in range(40) if (r := request(luck)).object.startswith("svc:")]
    found = replay((record(at, each) for at, each in enumerate(asked)), *engines)
    shifted = {name for shift in found.shifts for name in shift.decisions}
    for at, each in enumerate(asked):
        was, now = (engine.decide(each).outcome for engine in engines)
        assert (f"{at:032x}" in shifted) == (was != now), each


PUBLISH = ("app:audit.view", "app:unit.view")


def engine_of(*rows: Rule) -> CompiledEngine:
    members = Memberships(roles=tuple((who, "role:security_admin", "intranet") for who in PEOPLE))
    return build(RuleSet(rows), members)


def page(obj: str, *, win: str = "*", net: str = "*", auth: str = "2", sub: str = "") -> Rule:
    subject = sub or "role:security_admin"
    return Rule(subject, "*", obj, "use", "*", net, auth, win, "deny" if sub else "allow")


def kept(*rows: Rule, able: Iterable[str] = PEOPLE, networks: Iterable[str] = ("lan",)) -> object:
    living = dict.fromkeys(able, 2)
    (office,) = offices(
        engine_of(*rows),
        {"role:security_admin": PUBLISH},
        able=lambda person: living.get(person, 0),
        zone="intranet",
        now=NOW,
        networks=networks,
    )
    return office.is_safe


def test_an_office_keeps_its_way_back_only_with_two_who_can_go_it_at_every_time() -> None:
    way = [page(each) for each in PUBLISH]
    assert kept(*way)
    assert not kept(way[0])
    assert not kept(*way, able=(ANNA,))
    assert kept(*way, able=(ANNA, BORIS))
    assert not kept(*way, page("app:**", sub=ANNA), able=(ANNA, BORIS))
    assert not kept(way[0], page(PUBLISH[1], win="0~500"))
    assert kept(way[0], page(PUBLISH[1], win="0~500|500~253370764800"), networks=("lan",)) is False
    assert not kept(way[0], page(PUBLISH[1], net="internet"))
    assert kept(way[0], page(PUBLISH[1], net="internet"), networks=("lan", "internet"))
    assert not kept(way[0], page(PUBLISH[1], auth="3"))


def test_a_gap_names_its_time_who_is_left_and_the_pages_that_are_closed() -> None:
    (office,) = offices(
        engine_of(page(PUBLISH[0]), page(PUBLISH[1], win="0~500")),
        {"role:security_admin": PUBLISH},
        able=lambda _: 2,
        zone="intranet",
        now=NOW,
    )
    (gap,) = office.gaps
    assert (gap.span.start, gap.span.end) == (500, None)
    assert (gap.people, gap.closed) == ((), (PUBLISH[1],))
    assert len(office.living) == len(PEOPLE)


def held(one: str, other: str) -> Duty:
    found = row_of("s", ["held", "*", one, other])
    assert isinstance(found, Duty)
    return found


def test_duties_are_apart_by_what_people_hold_in_the_end() -> None:
    """A role within a role, a unit within a unit, another zone, a page by a rule to a person."""
    members = Memberships(
        roles=(
            (ANNA, "role:a", "intranet"),
            ("role:a", "role:b", "intranet"),
            (ANNA, "role:c", "extranet"),
        ),
        units=((BORIS, "unit:x"), ("unit:x", "unit:y")),
    )  # fmt: skip
    rules = RuleSet((Rule(BORIS, "*", "app:audit.view", "use", "*", "*", "*", "*", "allow"),))
    duties = [held("role:b", "role:c"), held("unit:y", "app:audit.view"), held("role:b", "unit:y")]
    found = list(united(State(rules, members), since=NOW, duties=duties))
    assert [(each.person, each.one, each.other) for each in found] == [
        (ANNA, ("role:b",), ("role:c",)),
        (BORIS, ("app:audit.view",), ("unit:y",)),
    ]


def test_attack_one_person_as_two_officers_is_found_whatever_a_version_says() -> None:
    members = Memberships(
        roles=((ANNA, "role:auditor", "intranet"), (ANNA, "role:system_admin", "extranet"))
    )
    assert [each.person for each in united(State(RuleSet(), members), since=NOW)] == [ANNA]


def test_who_created_a_record_may_not_approve_it() -> None:
    duty = row_of("s", ["record", "svc:vouchers/**", "POST|PUT", "approve"])
    assert isinstance(duty, Duty)
    made = Act(ANNA, "POST", "svc:vouchers/items/7")
    own = Act(ANNA, "approve", "svc:vouchers/items/7")
    assert barred([duty], own, [made]) is not None
    assert barred([duty], replace(own, person=BORIS), [made]) is None
    assert barred([duty], replace(own, record="svc:vouchers/items/8"), [made]) is None
    elsewhere = [replace(each, record="svc:other/7") for each in (made, own)]
    assert list(breaches([duty], elsewhere)) == []
    assert len(list(breaches([duty], [made, own, made]))) == 2


def test_who_gains_through_a_unit_benefits_and_what_is_not_the_authors_to_give_is_named() -> None:
    log = Rule("role:staff", "*", "app:audit.view", "use", *"****", "allow")
    found = difference(State(RuleSet(), MEMBERS), State(RuleSet((READ, log)), MEMBERS), since=NOW)
    assert benefit.beneficiaries(found) == frozenset(PEOPLE)
    assert benefit.by_person(found)[ANNA].gained == ("app", "s")
    may = benefit.Administration(services=frozenset({"t"}), pages=frozenset({"app:unit.view"}))
    assert {each.service for each in benefit.beyond(found, may)} == {"app", "s"}
    everything = benefit.Administration(pages=None)
    assert benefit.beyond(found, everything) == ()
    only_services = replace(everything, pages=frozenset())
    assert {each.service for each in benefit.beyond(found, only_services)} == {"app"}


def test_attack_a_second_account_of_the_author_approves_or_benefits() -> None:
    found = difference(State(RuleSet(), MEMBERS), State(RuleSet((READ,)), MEMBERS), since=NOW)
    assert benefit.conflicts(found, author=BORIS, approver=CLARA) == ()
    assert benefit.conflicts(found, author=BORIS, approver=BORIS) == ("author_approves",)
    same = [(BORIS, CLARA)]
    assert benefit.conflicts(found, author=BORIS, approver=CLARA, same=same) == ("author_approves",)
    assert benefit.conflicts(found, author=BORIS, approver=CLARA, same=[(ANNA, CLARA)]) == (
        "approver_benefits",
    )
    assert benefit.conflicts(found, author=ANNA, approver=CLARA) == ("author_benefits",)


def test_unused_rules_are_listed_and_the_log_proves_nobody_would_miss_them() -> None:
    other = Rule("unit:y", "*", "svc:s/**", "GET", "*", "*", "2", "*", "allow")
    rules = RuleSet((READ, SHUT, other))
    day = datetime(2026, 9, 1, tzinfo=UTC)
    later = datetime(2026, 11, 1, tzinfo=UTC)
    uses = {READ.id: Use(3, day, later)}
    assert [each.rule for each in campaign.unused(rules, uses, since=day)] == [other]
    assert campaign.unused(rules, uses, since=day, born={other.id: later}) == ()
    assert len(campaign.unused(rules, {}, since=day)) == 2
    before = build(rules, MEMBERS)
    log = [record(1, replace(ASKED, object="svc:s/"))]
    unused = replay(log, before, build(campaign.without(rules, [other]), MEMBERS))
    assert campaign.proof([other], unused).holds
    used = replay(log, before, build(campaign.without(rules, [READ]), MEMBERS))
    assert not campaign.proof([READ], used).holds
    assert [each.effect for each in campaign.proof([READ], used).missed] == [Effect.LOSES]
    nothing = replay([], before, before)
    assert not campaign.proof([other], nothing).holds


def test_outcomes_are_the_words_tests_expect() -> None:
    assert {str(each) for each in Outcome} == {"allow", "deny", "step_up"}
