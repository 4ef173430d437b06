"""Who can, what can, the shadow and the measurement: the engine's other doors."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import ASKED, PEOPLE, STRANGER, request, world

from policies import temporary
from policies.bench import measure
from policies.compiled import CompiledEngine
from policies.decision import Decision, Outcome, Request
from policies.engine import Memberships, build
from policies.permissions import Permission
from policies.questions import Access, Grant, what_can, who_can
from policies.rules import RuleSet
from policies.shadow import Difference, ShadowCheck
from policies.vocabulary import ACTIONS, USE

ANNA, BORIS, CAROL = PEOPLE
OFFICE = Memberships(
    roles=(
        (ANNA, "role:clerk", "intranet"),
        (BORIS, "role:clerk", "intranet"),
        (CAROL, "role:staff", "intranet"),
    )
)
ALLOW = "p, role:clerk, *, svc:s/**, GET, *, *, 2, *, allow"
DENY = f"p, {BORIS}, *, svc:s/secret/**, *, *, *, *, *, deny"
PAGE = "p, role:staff, *, app:portal.view, use, *, *, *, *, allow"
RULES = RuleSet.parse(f"{ALLOW}\n{DENY}\n{PAGE}")
IDS = {rule.line: rule.id for rule in RULES.rules}
READ = Request(subject=ANNA, zone="intranet", object="svc:s/p", action="GET", strength=2, now=5)


def test_who_can_names_everybody_with_the_strength_and_the_rules() -> None:
    """A step-up is access; a deny is none."""
    engine = build(RULES, OFFICE)
    assert who_can(engine, "svc:s/secret/x", "GET", zone="intranet", now=5) == (
        Access(ANNA, 2, (IDS[ALLOW],)),
    )
    both = who_can(engine, "svc:s/open", "GET", zone="intranet", now=5)
    assert [each.subject for each in both] == [ANNA, BORIS]
    assert who_can(engine, "svc:s/open", "GET", zone="extranet", now=5) == ()


def test_who_can_counts_clearance_where_it_is_told() -> None:
    """Without it the answer shows what the rules alone give."""
    engine = build(RULES, OFFICE)
    asked = {"zone": "intranet", "now": 5, "classification": 2}
    assert len(who_can(engine, "svc:s/p", "GET", **asked)) == 2  # type: ignore[arg-type]
    cleared = who_can(engine, "svc:s/p", "GET", **asked, clearance={ANNA: 3, BORIS: 1}.get)  # type: ignore[arg-type]
    assert [each.subject for each in cleared] == [ANNA]


def test_what_can_lists_places_with_what_is_taken_out_of_them() -> None:
    """A person reads where the grant ends, not two rules to combine."""
    engine = build(RULES, OFFICE)
    assert what_can(engine, BORIS, zone="intranet", now=5) == (
        Grant("svc:s/**", ("GET",), 2, (IDS[ALLOW],), ("svc:s/secret/**",)),
    )
    assert what_can(engine, CAROL, zone="intranet", now=5) == (
        Grant("app:portal.view", (USE,), 1, (IDS[PAGE],)),
    )
    assert what_can(engine, STRANGER, zone="intranet", now=5) == ()


def covers(place: str, obj: str, category: str) -> bool:
    if place == category:
        return obj.startswith("svc:")
    top = place.removesuffix("/**")
    return obj == top if top == place else obj == top or obj.startswith(f"{top}/")


@settings(deadline=None, max_examples=60)
@given(luck=st.randoms(use_true_random=False))
def test_both_questions_say_what_the_engine_decides(luck: Random) -> None:
    """In any world, for each object and action: granted by a place exactly if it is open."""
    drawn = world(luck)
    engine = build(drawn.rules, drawn.memberships)
    like = {"zone": "intranet", "now": 7, "category": luck.choice(("cat:none", "cat:b"))}
    subject = luck.choice((ANNA, BORIS))
    grants = what_can(engine, subject, **like)  # type: ignore[arg-type]
    asked = [(obj, action) for obj in ASKED for action in sorted(ACTIONS - {USE})]
    asked += [(permission.object, USE) for permission in Permission]
    for obj, action in asked:
        plain = Request(subject=subject, object=obj, action=action, strength=1, **like)  # type: ignore[arg-type]
        is_open = engine.decide(plain).outcome is not Outcome.DENY
        granted = any(
            covers(grant.place, obj, str(like["category"]))
            and action in grant.actions
            and not any(covers(each, obj, "") for each in grant.without)
            for grant in grants
        )
        # A place named under `without` may still open some of the actions: by its own grant.
        assert granted == is_open, (obj, action, grants)
        people = who_can(engine, obj, action, **like)  # type: ignore[arg-type]
        assert (subject in {each.subject for each in people}) == is_open


def test_the_shadow_agrees_and_says_nothing() -> None:
    """The ordinary day."""
    luck = Random(3)
    drawn = world(luck)
    told: list[Difference] = []
    shadow = ShadowCheck(share=1, alarm=told.append)
    engine = build(drawn.rules, drawn.memberships)
    for asked in [request(luck) for _ in range(60)]:
        shadow.offer(engine, asked, engine.decide(asked))
    assert [shadow.check(at_most=50), shadow.check(at_most=50)] == [50, 10]
    assert told == []


class Forgetful(CompiledEngine):
    """A planted defect: an engine that overlooks whatever denies."""

    def decide(self, request: Request) -> Decision:
        """Decide as if only the allows were there."""
        allows = RuleSet(tuple(rule for rule in self.published.rules if rule.allows))
        found = CompiledEngine(allows, self.memberships).decide(request)
        return found.named(version=self.version, grants="")


def test_the_shadow_tells_of_a_difference_with_its_evidence() -> None:
    """A compiled engine that forgot a deny is found out."""
    told: list[Difference] = []
    shadow = ShadowCheck(share=1, alarm=told.append)
    engine = Forgetful(RULES, OFFICE)
    asked = replace(READ, subject=BORIS, object="svc:s/secret/x")
    decided = engine.decide(asked)
    assert decided.is_allowed
    shadow.offer(engine, asked, decided)
    assert shadow.check(at_most=10) == 1
    (difference,) = told
    assert (difference.request, difference.decided) == (asked, decided)
    assert difference.expected is not None
    assert difference.expected.rules == (IDS[DENY],)


def test_the_shadow_judges_by_the_temporary_grants_of_the_decision_too() -> None:
    """They lie beside the published rules; the reference takes both as one set."""
    told: list[Difference] = []
    shadow = ShadowCheck(share=1, alarm=told.append)
    lent = RuleSet((temporary.grant(CAROL, "s", zone="intranet", writes=False, opens=0, closes=9),))
    engine = build(RULES, OFFICE).with_grants(lent)
    asked = replace(READ, subject=CAROL)
    assert engine.decide(asked).grants == lent.version
    shadow.offer(engine, asked, engine.decide(asked))
    assert (shadow.check(at_most=9), told) == (1, [])


def test_the_shadow_is_a_sample_and_never_keeps_anybody_waiting() -> None:
    """What does not fit is let go; a share of nothing checks nothing."""
    engine = build(RULES, OFFICE)
    none = ShadowCheck(share=0, alarm=lambda _: None)
    few = ShadowCheck(share=1, alarm=lambda _: None, room=3)
    for _ in range(10):
        none.offer(engine, READ, engine.decide(READ))
        few.offer(engine, READ, engine.decide(READ))
    assert none.check(at_most=10) == 0
    assert few.check(at_most=10) == 3


def test_the_shadow_keeps_no_old_engine_in_memory() -> None:
    """What waits for an engine that was replaced is let go with it."""
    shadow = ShadowCheck(share=1, alarm=lambda _: None)
    people = Memberships(roles=OFFICE.roles)
    gone = weakref.ref(people)
    old = build(RULES, people)
    for _ in range(5):
        shadow.offer(old, READ, old.decide(READ))
    del old, people
    new = build(RULES, OFFICE)
    shadow.offer(new, READ, new.decide(READ))
    gc.collect()
    assert gone() is None
    assert shadow.check(at_most=10) == 1


def test_the_measurement_measures_both_engines_on_the_same_rules() -> None:
    """Small here; its figures are sensible and the engines agree."""
    (figures,) = measure(110, questions=200, reference_seconds=0.2)
    assert figures.rules == 110
    assert 0.3 <= figures.allowed <= 0.8
    assert 0 < figures.p50_us <= figures.p99_us
    assert min(figures.build_seconds, figures.megabytes, figures.decisions_per_second) > 0
    assert figures.reference is not None
    assert figures.reference.differences == 0
    assert figures.reference.compared >= 1


def test_sizes_measured_in_one_run_are_told_beside_the_first() -> None:
    told: list[tuple[int, int]] = []
    small, large = measure(
        20,
        200,
        questions=50,
        reference_seconds=0,
        progress=lambda done, steps: told.append((done, steps)),
    )
    assert [small.rules, large.rules] == [20, 200]
    assert small.growth == 1
    assert large.growth == large.p50_us / small.p50_us
    assert small.reference is None
    assert told == [(done, 14) for done in range(1, 15)]
