"""A test without a time and the rules that end: told beforehand, and never left without a word."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import CATEGORIES, people, request, rule

from policies.cases import Case
from policies.change.lasting import dated, foreseen
from policies.change.trials import case_of, engine_for, request_of, run
from policies.engine import build
from policies.memberships import Memberships
from policies.rules import Rule, RuleSet

NOBODY = Memberships()
FRIDAY = 5_000
MUST = Case("allow", "unit:x", "intranet", "svc:s/a", "cat:none", "GET", "0", "0", "lan", "2", "*")


def granting(win: str, effect: str = "allow") -> Rule:
    return Rule("unit:x", "*", "svc:s/**", "GET", "*", "*", "*", win, effect)


def of(*rules: Rule, tests: tuple[Case, ...] = (MUST,)) -> RuleSet:
    return RuleSet(rules, tests=tests)


@pytest.mark.parametrize(
    ("rules", "fails_from"),
    [
        ((granting(f"1000~{FRIDAY}"),), FRIDAY),
        ((granting(f"1000~{FRIDAY}|{FRIDAY}~9000"),), 9000),
        ((granting(f"1000~{FRIDAY}"), granting("3000~8000")), 8000),
        ((granting(f"1000~{FRIDAY}"), granting("*")), None),
        ((granting("*"), granting("7000~8000", "deny")), 7000),
        ((granting("*"),), None),
    ],
)
def test_a_test_that_a_rule_alone_lets_pass_fails_when_that_rule_ends(
    rules: tuple[Rule, ...], fails_from: int | None
) -> None:
    (found,) = foreseen(of(*rules), of(*rules), NOBODY, now=4_000)
    assert found.result.passed
    assert found.fails_from == fails_from


def test_a_test_of_hours_that_come_back_fails_when_they_close() -> None:
    """1970-01-05 was a Monday."""
    monday_noon = 4 * 86_400 + 12 * 3600
    rules = of(granting("week:1-5@08:00-17:00+00:00"))
    (found,) = foreseen(rules, rules, NOBODY, now=monday_noon)
    assert found.fails_from == monday_noon + 5 * 3600
    assert dated(rules, NOBODY, MUST, now=monday_noon).now == str(monday_noon)


def test_a_test_of_a_rule_that_ends_gets_a_time_inside_its_window() -> None:
    for now, expected in ((4_000, "4000"), (500, "1000"), (6_000, str(FRIDAY - 1))):
        rules = of(granting(f"1000~{FRIDAY}"))
        case = dated(rules, NOBODY, MUST, now=now)
        assert case.now == expected
        for later in (0, FRIDAY, 10**9):
            assert run(replace(rules, tests=(case,)), NOBODY, now=later)[0].passed


def test_a_test_that_holds_always_or_stands_on_no_rule_or_has_its_time_stays_as_it_is() -> None:
    passing = granting(f"1000~{FRIDAY}")
    must_not = replace(MUST, expect="deny")
    assert dated(of(granting("*")), NOBODY, MUST, now=4_000) == MUST
    assert dated(of(passing), NOBODY, must_not, now=6_000) == must_not
    assert dated(of(passing), NOBODY, must_not, now=4_000) == must_not
    at = replace(MUST, now="77")
    assert dated(of(passing), NOBODY, at, now=4_000) == at
    assert dated(of(), NOBODY, MUST, now=4_000) == MUST


def test_a_failing_test_names_the_rule_it_stood_on_that_is_over_or_taken_out() -> None:
    past, other = granting(f"1000~{FRIDAY}"), granting("*", "deny")
    (over,) = foreseen(of(past), of(past), NOBODY, now=6_000)
    assert (over.result.passed, over.stood_on, over.is_over) == (False, past, True)
    always = granting("*")
    (gone,) = foreseen(of(), of(always), NOBODY, now=6_000)
    assert (gone.stood_on, gone.is_over) == (always, False)
    (both,) = foreseen(of(), of(past), NOBODY, now=6_000)
    assert (both.stood_on, both.is_over) == (past, True)
    (denied,) = foreseen(of(always, other), of(always), NOBODY, now=6_000)
    assert denied.stood_on is None


@settings(max_examples=150, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_a_test_holds_at_every_moment_before_the_one_foreseen(luck: Random) -> None:
    """By asking at many moments: until then it passes, and then it does not."""
    members = people(luck)
    wins = ("*", "0~90", "50~150", "120~300|400~500")
    found = {replace(rule(luck), win=luck.choice(wins)) for _ in range(luck.randrange(1, 25))}
    rules = RuleSet(tuple(found), CATEGORIES)
    asked = replace(request(luck), now=100)
    case = case_of(asked, build(rules, members).decide(asked).outcome)
    rules = replace(rules, tests=(case,))
    (seen,) = foreseen(rules, rules, members, now=100)
    engine = engine_for(rules, members, (case,))
    if not engine.decide(asked).rules:
        assert seen.fails_from is None
        return
    passes = {
        at: engine.decide(request_of(case, now=at)).outcome == case.expect
        for at in range(100, 600, 10)
    }
    failing = [at for at, holds in passes.items() if not holds]
    assert seen.fails_from == (min(failing) if failing else None)
    timed = dated(rules, members, case, now=100)
    assert timed.now == ("100" if failing else "*")
