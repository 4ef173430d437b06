"""Laws of the engine, searched for counter-examples.

Every decision is made by both engines, and the reference compares pycasbin with our
explanation, so each of these is also a differential test.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_pair import both

from policies.decision import Outcome, Reason, Request
from policies.memberships import Memberships
from policies.rules import Rule, RuleProblems, RuleSet

ANNA = "person:00000000-0000-4000-8000-000000000001"
BORIS = "person:00000000-0000-4000-8000-000000000002"
PEOPLE = Memberships(
    roles=(
        (ANNA, "role:a", "intranet"),
        ("role:a", "role:b", "intranet"),
        (BORIS, "role:b", "extranet"),
    ),
    units=((ANNA, "unit:x"), ("unit:x", "unit:y"), (BORIS, "unit:y")),
)
CATEGORIES = (("cat:b", "cat:a"),)


def starred(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(("*", "*", "*", *values))


SUBJECTS = starred(
    *(ANNA, "role:a", "role:b", "unit:x", "unit:y", "unit:x&role:b", "unit:y&role:b")
)
OBJECTS = st.sampled_from(("svc:s/**", "svc:s/**", "svc:s/p", "svc:s/p/**", "cat:a", "cat:b"))
RULES = st.builds(
    Rule,
    sub=SUBJECTS,
    zone=starred("intranet", "extranet"),
    obj=OBJECTS,
    act=starred("GET", "GET|POST"),
    cls=starred("0", "0|1"),
    net=starred("lan", "lan|vpn"),
    auth=starred("2", "3"),
    win=starred("0~10", "5~20", "week:4@00:00-00:01+00:00", "week:1-3@08:00-09:00+08:00"),
    eft=st.sampled_from(("allow", "allow", "allow", "allow", "deny")),
)
SETS = st.lists(RULES, min_size=3, max_size=8, unique=True).map(
    lambda rows: RuleSet(tuple(rows), CATEGORIES)
)
REQUESTS = st.builds(
    Request,
    subject=st.sampled_from((ANNA, BORIS)),
    zone=st.sampled_from(("intranet", "extranet")),
    object=st.sampled_from(("svc:s/", "svc:s/p", "svc:s/p/q")),
    action=st.sampled_from(("GET", "POST")),
    strength=st.integers(1, 3),
    now=st.integers(0, 20),
    category=st.sampled_from(("cat:none", "cat:a", "cat:b", "cat:c")),
    classification=st.sampled_from((0, 0, 1, 2)),
    clearance=st.sampled_from((2, 2, 1, 0)),
    network=st.sampled_from(("lan", "vpn", "internet")),
)


def allows(rules: RuleSet, request: Request) -> bool:
    return both(rules, PEOPLE).decide(request).is_allowed


@settings(deadline=None)
@given(rules=SETS, requests=st.lists(REQUESTS, min_size=1, max_size=10))
def test_pycasbin_and_the_explanation_always_agree(rules: RuleSet, requests: list[Request]) -> None:
    """A decision names allows if and only if it allows, and denies if it denies by rule."""
    engine = both(rules, PEOPLE)
    effects = {rule.id: rule.eft for rule in rules.rules}
    for request in requests:
        decision = engine.decide(request)
        named = {effects[name] for name in decision.rules}
        if decision.reason in (Reason.NO_RULE, Reason.DENIED_BY_RULE):
            assert named == ({"deny"} if decision.reason is Reason.DENIED_BY_RULE else set())
        else:
            assert named == {"allow"}
        assert (decision.outcome is Outcome.STEP_UP) == (decision.strength_needed > 0)


@settings(deadline=None)
@given(rules=SETS, added=RULES, request=REQUESTS)
def test_adding_an_allow_never_removes_access_and_a_deny_never_gives_it(
    rules: RuleSet, added: Rule, request: Request
) -> None:
    """Rules act in the direction of their effect, whatever else stands in the set."""
    before = allows(rules, request)
    after = allows(rules.plus(RuleSet((added,))), request)
    assert after >= before if added.allows else after <= before


@settings(deadline=None)
@given(rules=SETS, request=REQUESTS)
def test_more_clearance_never_removes_access(rules: RuleSet, request: Request) -> None:
    """Without the write-down rule, clearance only opens."""
    if allows(rules, request):
        assert allows(rules, replace(request, clearance=request.clearance + 1))


@settings(deadline=None)
@given(rules=SETS, request=REQUESTS)
def test_a_stronger_sign_in_never_removes_access_without_a_deny_that_asks_for_one(
    rules: RuleSet, request: Request
) -> None:
    """Strength only opens; a deny conditioned on strength is the one exception."""
    plain = RuleSet(tuple(r for r in rules.rules if r.allows or r.auth == "*"), CATEGORIES)
    if allows(plain, request):
        assert allows(plain, replace(request, strength=3))


@settings(deadline=None)
@given(rules=SETS, request=REQUESTS)
def test_a_step_up_keeps_its_promise(rules: RuleSet, request: Request) -> None:
    """With the strength it names the request is allowed, by the rules it names."""
    engine = both(rules, PEOPLE)
    offered = engine.decide(request)
    if offered.outcome is Outcome.STEP_UP:
        kept = engine.decide(replace(request, strength=offered.strength_needed))
        assert (kept.is_allowed, kept.rules) == (True, offered.rules)
        weaker = range(request.strength, offered.strength_needed)
        assert not any(engine.decide(replace(request, strength=s)).is_allowed for s in weaker)


@settings(deadline=None)
@given(rules=SETS, request=REQUESTS)
def test_a_refusal_for_clearance_keeps_its_promise(rules: RuleSet, request: Request) -> None:
    """With the clearance the request is allowed."""
    engine = both(rules, PEOPLE)
    refused = engine.decide(request)
    if refused.reason is Reason.CLEARANCE:
        kept = engine.decide(replace(request, clearance=request.classification))
        assert (kept.is_allowed, kept.rules) == (True, refused.rules)


@settings(deadline=None)
@given(rows=st.lists(RULES, unique=True, max_size=8), data=st.data())
def test_the_order_of_rules_changes_neither_name_nor_text(
    rows: list[Rule], data: st.DataObject
) -> None:
    """Order-dependent effects are the root of several upstream defects."""
    shuffled = data.draw(st.permutations(rows))
    first, second = RuleSet(tuple(rows)), RuleSet(tuple(shuffled))
    assert (first.hash, first.rules) == (second.hash, second.rules)


@settings(deadline=None)
@given(rules=SETS)
def test_text_and_set_are_two_forms_of_one_thing(rules: RuleSet) -> None:
    """Reading back what was written gives the same set, name and ids."""
    again = RuleSet.parse(rules.text())
    assert (again, again.hash, again.text()) == (rules, rules.hash, rules.text())


@dataclass(frozen=True)
class Small:
    """The tiny world of the exhaustive test, with its meaning written out by hand."""

    subjects = ("*", "role:a")
    zones = ("*", "intranet")
    objects = ("svc:s/p", "svc:s/**", "cat:a")
    effects = ("allow", "deny")

    def expects(self, rules: tuple[Rule, ...], request: Request) -> bool:
        """Whether something allows and nothing denies."""
        effects = {rule.eft for rule in rules if self._matches(rule, request)}
        return effects == {"allow"}

    def _matches(self, rule: Rule, request: Request) -> bool:
        is_anna_inside = (request.subject, request.zone) == (ANNA, "intranet")
        return (
            {"*": True, "role:a": is_anna_inside}[rule.sub]
            and {"*": True, "intranet": request.zone == "intranet"}[rule.zone]
            and {
                "svc:s/p": request.object == "svc:s/p",
                "svc:s/**": True,
                "cat:a": request.category in ("cat:a", "cat:b"),
            }[rule.obj]
        )


def test_every_set_of_at_most_two_small_rules_decides_every_small_request_as_written() -> None:
    """The whole of a small world, against a meaning that shares no code with the engine."""
    small = Small()
    rules = [
        Rule(sub, zone, obj, "*", "*", "*", "*", "*", effect)
        for sub, zone, obj, effect in itertools.product(
            small.subjects, small.zones, small.objects, small.effects
        )
    ]
    base = Request(subject=ANNA, zone="intranet", object="svc:s/p", action="GET", strength=2, now=5)
    requests = [
        replace(base, subject=subject, zone=zone, object=obj, category=category)
        for subject, zone, obj, category in itertools.product(
            (ANNA, BORIS), ("intranet", "extranet"), ("svc:s/p", "svc:s/q"), ("cat:none", "cat:b")
        )
    ]
    outcomes = set()
    for size in (0, 1, 2):
        for chosen in itertools.combinations(rules, size):
            engine = both(RuleSet(chosen, CATEGORIES), PEOPLE)
            for request in requests:
                expected = small.expects(chosen, request)
                assert engine.decide(request).is_allowed == expected, (chosen, request)
                outcomes.add(expected)
    assert outcomes == {True, False}


@settings(max_examples=200)
@given(text=st.text("pg3,# *svc:/ratle\n\"'()|~\x00é", max_size=80))
def test_no_text_makes_the_reader_fail_otherwise_than_by_naming_problems(text: str) -> None:
    """Rule files come from people and editors; a bad one is a list, never a traceback."""
    try:
        RuleSet.parse(text)
    except RuleProblems as refusal:
        problems = [(problem.what, problem.fix) for problem in refusal.problems]
    else:
        problems = [("nothing is wrong", "leave it")]
    assert problems
    assert all(what and fix for what, fix in problems)


def test_a_generator_of_these_requests_is_worth_its_time() -> None:
    """At least a fifth of generated decisions must be allowances, or the laws prove little."""
    seen: list[bool] = []

    @settings(max_examples=200, derandomize=True)
    @given(rules=SETS, request=REQUESTS)
    def collect(rules: RuleSet, request: Request) -> None:
        seen.append(allows(rules, request))

    collect()
    assert sum(seen) >= len(seen) // 5, sum(seen)
