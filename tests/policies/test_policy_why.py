"""Explanations: what matched, what nearly did, and a way out that really is one."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import PEOPLE, STRANGER, request, world

from policies.decision import Outcome, Reason, Request
from policies.engine import CompiledEngine, Memberships, build
from policies.fixes import Change, Step
from policies.nearness import Condition
from policies.rules import Rule, RuleSet
from policies.vocabulary import is_role
from policies.why import Explanation, explain

ANNA = PEOPLE[0]
CLERK = Memberships(
    roles=((ANNA, "role:clerk", "intranet"), ("role:head", "role:clerk", "intranet")),
    units=((ANNA, "unit:tax"),),
)
READ = Request(
    subject=ANNA,
    zone="intranet",
    object="svc:tax/a",
    action="GET",
    strength=1,
    now=1000,
    clearance=1,
    network="vpn",
)


def explained(*lines: str, **changes: object) -> Explanation:
    engine = build(RuleSet.parse("\n".join(lines)), CLERK)
    return explain(engine, replace(READ, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "changes", "condition", "step"),
    [
        ("*, *, svc:tax/**, *, *, *, 2, *", {}, "strength", (Change.SIGN_IN, "2")),
        ("*, *, svc:tax/**, *, *, lan, *, *", {}, "network", (Change.NETWORK, "lan")),
        (
            "*, *, svc:tax/**, *, *, *, *, 0~9|5000~6000|8000~9000",
            {},
            "time",
            (Change.WAIT, "5000"),
        ),
        ("role:head, *, svc:tax/**, *, *, *, *, *", {}, "subject", (Change.JOIN, "role:head")),
        ("unit:vat, *, svc:tax/**, *, *, *, *, *", {}, "subject", (Change.JOIN, "unit:vat")),
        (
            "*, *, svc:tax/**, *, *, *, *, *",
            {"classification": 3},
            "clearance",
            (Change.CLEARANCE, "3"),
        ),
    ],
)
def test_one_failed_condition_is_named_with_its_fix(
    line: str, changes: dict[str, object], condition: str, step: tuple[Change, str]
) -> None:
    """The nearest rule, the one condition, the one step."""
    found = explained(
        f"p, {line}, allow", "p, *, extranet, svc:x/, POST, *, *, 3, *, allow", **changes
    )
    nearest = found.nearest[0]
    assert [each.condition for each in nearest.failed] == [Condition(condition)]
    assert found.fix == (Step(*step),)
    assert found.matched == ()


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        ("*, extranet, svc:tax/**, *, *, *, *, *", Condition.ZONE),
        ("*, *, svc:tax/b, *, *, *, *, *", Condition.OBJECT),
        ("*, *, svc:tax/**, POST, *, *, *, *", Condition.ACTION),
        ("*, *, svc:tax/**, *, 2, *, *, *", Condition.CLASSIFICATION),
        (f"{PEOPLE[1]}, *, svc:tax/**, *, *, *, *, *", Condition.SUBJECT),
        ("role:auditor, *, svc:tax/**, *, *, *, *, *", Condition.SUBJECT),
        ("*, *, svc:tax/**, *, *, *, *, 0~9", Condition.TIME),
    ],
)
def test_what_the_person_cannot_change_needs_a_new_rule(line: str, condition: Condition) -> None:
    """Nobody is told to become another person or an officer, or to go back in time."""
    found = explained(f"p, {line}, allow")
    assert found.nearest[0].conditions == {condition}
    rule = f"p, {ANNA}, intranet, svc:tax/a, GET, 0, *, 1, *, allow"
    assert found.fix == (Step(Change.GRANT, rule),)


def test_every_rule_that_matched_is_named_and_every_deny_has_to_be_lifted() -> None:
    """Denies first: lifting one of two would not help."""
    lines = [
        "p, *, *, svc:tax/**, *, *, *, *, *, allow",
        "p, *, *, svc:tax/a, *, *, *, *, *, deny",
        "p, unit:tax, *, svc:tax/**, *, *, *, *, *, deny",
    ]
    found = explained(*lines, "p, *, *, svc:tax/**, POST, *, *, *, *, deny")
    assert {rule.line for rule in found.matched} == set(lines)
    assert [rule.allows for rule in found.matched] == [False, False, True]
    lifted = sorted(rule.id for rule in found.matched if not rule.allows)
    assert [(step.change, step.value) for step in found.fix] == [
        (Change.LIFT, name) for name in lifted
    ]


def test_an_allowance_needs_no_fix_and_a_stranger_gets_none() -> None:
    """Nothing is said about rules to somebody nobody knows."""
    line = "p, *, *, svc:tax/**, *, *, *, *, *, allow"
    allowed = explained(line)
    assert (allowed.decision.outcome, allowed.fix, allowed.nearest) == (Outcome.ALLOW, (), ())
    assert [rule.line for rule in allowed.matched] == [line]
    stranger = explained(line, subject=STRANGER)
    assert stranger.decision.reason is Reason.UNKNOWN_SUBJECT
    assert (stranger.matched, stranger.nearest, stranger.fix) == ((), (), ())


def test_carrying_data_down_has_no_fix() -> None:
    """No rule and no sign-in changes it."""
    rules = RuleSet.parse("p, *, *, svc:tax/**, *, *, *, 2, *, allow")
    found = explain(build(rules, CLERK, no_write_down=True), replace(READ, action="POST"))
    assert (found.decision.reason, found.fix) == (Reason.WRITE_DOWN, ())


def taken(engine: CompiledEngine, asked: Request, fix: tuple[Step, ...]) -> Outcome:
    """Take the steps for real: other rules, other memberships, another request."""
    rules, people = engine.rules, engine.memberships
    for step in fix:
        if step.change is Change.LIFT:
            left = tuple(rule for rule in rules.rules if rule.id != step.value)
            rules = RuleSet(left, rules.categories)
        elif step.change is Change.GRANT:
            rules = rules.plus(RuleSet.parse(step.value))
        elif step.change is Change.JOIN and is_role(step.value):
            row = (asked.subject, step.value, asked.zone)
            people = replace(people, roles=(*people.roles, row))
        elif step.change is Change.JOIN:
            people = replace(people, units=(*people.units, (asked.subject, step.value)))
        else:
            name = {
                Change.SIGN_IN: "strength",
                Change.NETWORK: "network",
                Change.WAIT: "now",
                Change.CLEARANCE: "clearance",
            }[step.change]
            value = step.value if step.change is Change.NETWORK else int(step.value)
            asked = replace(asked, **{name: value})  # type: ignore[arg-type]
    return build(rules, people).decide(asked).outcome


@settings(deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_a_fix_fixes_and_what_matched_is_what_decided(luck: Random) -> None:
    """In any world the steps, really taken, end in an allowance."""
    drawn = world(luck)
    engine = build(drawn.rules, drawn.memberships)
    for _ in range(5):
        asked = request(luck)
        found = explain(engine, asked)
        effect = found.decision.outcome is Outcome.ALLOW
        if found.decision.reason in (Reason.ALLOWED, Reason.DENIED_BY_RULE):
            named = {rule.id for rule in found.matched if rule.allows is effect}
            assert named == set(found.decision.rules)
        if found.fix:
            assert taken(engine, asked, found.fix) is Outcome.ALLOW, (asked, found)
        if found.decision.reason is Reason.STRONGER_SIGN_IN:
            assert found.fix == (Step(Change.SIGN_IN, str(found.decision.strength_needed)),)
        if found.decision.reason is Reason.CLEARANCE:
            assert found.fix == (Step(Change.CLEARANCE, str(asked.classification)),)


def test_a_rule_line_in_a_fix_is_a_rule() -> None:
    """It can be pasted into a draft as it stands."""
    found = explained()
    assert [Rule(*rule.columns).line for rule in RuleSet.parse(found.fix[0].value).rules] == [
        found.fix[0].value
    ]
