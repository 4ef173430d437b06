"""The engine's answers: outcome, reason, and every rule that decided."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from policy_pair import both

from policies import casbin_engine
from policies.casbin_engine import EngineDisagreesError
from policies.engine import Decision, Engine, Memberships, Outcome, Reason, Request, reference
from policies.permissions import Permission
from policies.rules import RuleSet

ZHAO = "person:00000000-0000-4000-8000-000000000001"
QIAN = "person:00000000-0000-4000-8000-000000000002"
STRANGER = "person:00000000-0000-4000-8000-000000000009"
PEOPLE = Memberships(
    roles=(
        (ZHAO, "role:clerk", "intranet"),
        (QIAN, "role:guest", "extranet"),
        ("role:clerk", "role:staff", "intranet"),
    ),
    units=((ZHAO, "unit:tax-1"), ("unit:tax-1", "unit:finance")),
)
READ = Request(
    subject=ZHAO,
    zone="intranet",
    object="svc:tax/records/7",
    action="GET",
    strength=2,
    now=1000,
    category="cat:health",
    classification=2,
    clearance=2,
    network="lan",
)


def engine(*lines: str, no_write_down: bool = False) -> Engine:
    return both(RuleSet.parse("\n".join(lines)), PEOPLE, no_write_down=no_write_down)


def rule(**columns: str) -> str:
    values = {
        "sub": "role:clerk",
        "zone": "*",
        "obj": "svc:tax/**",
        "act": "GET|POST",
        "cls": "*",
        "net": "*",
        "auth": "*",
        "win": "*",
        "eft": "allow",
    }
    return ", ".join(("p", *(values | columns).values()))


def ids(*lines: str) -> tuple[str, ...]:
    return tuple(sorted(found.id for found in RuleSet.parse("\n".join(lines)).rules))


def verdict(decision: Decision) -> tuple[Outcome, Reason]:
    return decision.outcome, decision.reason


@pytest.mark.parametrize(
    "columns",
    [
        {"sub": ZHAO},
        {"sub": "*"},
        {"sub": "role:staff"},
        {"sub": "unit:finance"},
        {"obj": "cat:personal"},
        {"obj": "cat:health"},
        {"obj": "svc:tax/records/7"},
        {"zone": "intranet", "cls": "1|2", "net": "lan|vpn", "auth": "2", "win": "1000~1001"},
    ],
)
def test_a_rule_reaches_people_roles_units_and_categories(columns: dict[str, str]) -> None:
    """Directly or through the tree."""
    line = rule(**columns)
    decision = engine(line, "g3, cat:health, cat:personal").decide(READ)
    assert decision.outcome is Outcome.ALLOW
    assert decision.is_allowed
    assert decision.rules == ids(line)


@pytest.mark.parametrize(
    "columns",
    [
        {"sub": QIAN},
        {"sub": "role:guest"},
        {"sub": "unit:other"},
        {"zone": "extranet"},
        {"obj": "svc:tax/records"},
        {"obj": "cat:other"},
        {"act": "POST"},
        {"cls": "1"},
        {"net": "vpn"},
        {"win": "0~1000"},
    ],
)
def test_a_rule_reaches_nothing_else(columns: dict[str, str]) -> None:
    """Each column alone is enough to keep a rule from matching."""
    decision = engine(rule(**columns)).decide(READ)
    assert verdict(decision) == (Outcome.DENY, Reason.NO_RULE)
    assert decision.rules == ()


def test_a_role_of_one_zone_is_none_in_the_other() -> None:
    """Roles are held per zone."""
    both = engine(rule(zone="*"))
    assert both.decide(READ).is_allowed
    assert not both.decide(replace(READ, zone="extranet")).is_allowed


def test_an_allowance_names_every_rule_that_allows() -> None:
    """Evidence is complete, where pycasbin names one rule."""
    lines = (rule(), rule(sub="*"), rule(sub="unit:finance", auth="2"))
    decision = engine(*lines, rule(act="DELETE")).decide(READ)
    assert decision.rules == ids(*lines)
    assert verdict(decision) == (Outcome.ALLOW, Reason.ALLOWED)


def test_a_denial_names_every_rule_that_denies_and_no_other() -> None:
    """Whoever wants to lift a denial must know all of its causes."""
    denies = (rule(eft="deny"), rule(sub="*", obj="cat:health", eft="deny"))
    decision = engine(rule(), rule(net="vpn", eft="deny"), *denies).decide(READ)
    assert decision.rules == ids(*denies)
    assert verdict(decision) == (Outcome.DENY, Reason.DENIED_BY_RULE)


def test_one_deny_wins_over_any_number_of_allows() -> None:
    """Deny overrides, whatever stands first."""
    allows = [rule(win=f"0~{end}") for end in range(2000, 2020)]
    assert not engine(*allows, rule(sub="*", eft="deny")).decide(READ).is_allowed


def test_a_missing_sign_in_strength_is_a_step_up_with_the_strength_needed() -> None:
    """The least strength that would do is told; nothing else may be missing."""
    line = rule(auth="3")
    decision = engine(line, rule(auth="2", act="POST")).decide(READ)
    assert verdict(decision) == (Outcome.STEP_UP, Reason.STRONGER_SIGN_IN)
    assert (decision.rules, decision.strength_needed) == (ids(line), 3)
    assert not decision.is_allowed
    weak = engine(rule(auth="2"), line).decide(replace(READ, strength=1))
    assert weak.strength_needed == 2


def test_no_step_up_is_offered_against_a_deny_or_into_one() -> None:
    """A stronger sign-in that would end in a denial is not asked for."""
    always = engine(rule(auth="3"), rule(eft="deny"))
    assert always.decide(READ).reason is Reason.DENIED_BY_RULE
    then = engine(rule(auth="3"), rule(auth="3", eft="deny"))
    assert verdict(then.decide(READ)) == (Outcome.DENY, Reason.NO_RULE)


def test_clearance_is_the_reason_only_if_nothing_else_is_missing() -> None:
    """No rule lifts the mandatory comparison; its reason is told where it alone decides."""
    line = rule()
    low = replace(READ, clearance=1)
    decision = engine(line).decide(low)
    assert verdict(decision) == (Outcome.DENY, Reason.CLEARANCE)
    assert decision.rules == ids(line)
    assert engine(rule(auth="3")).decide(low).reason is Reason.NO_RULE
    assert engine(line, rule(eft="deny")).decide(low).reason is Reason.NO_RULE
    assert engine().decide(low).reason is Reason.NO_RULE


def test_writing_down_is_refused_only_where_the_engine_is_told_to() -> None:
    """The flag costs the highly cleared every form of a lower service, so it is off."""
    write = replace(READ, action="POST", clearance=3)
    line = rule()
    assert engine(line).decide(write).is_allowed
    strict = engine(line, no_write_down=True)
    decision = strict.decide(write)
    assert verdict(decision) == (Outcome.DENY, Reason.WRITE_DOWN)
    assert decision.rules == ids(line)
    assert strict.decide(replace(write, action="GET")).is_allowed
    assert strict.decide(replace(write, clearance=2)).is_allowed
    stronger = engine(rule(auth="3"), no_write_down=True)
    assert stronger.decide(write).reason is Reason.WRITE_DOWN


@pytest.mark.parametrize(
    "subject", [STRANGER, "role:clerk", "unit:finance", "*", "", "person:nobody", f"{ZHAO}\n"]
)
def test_who_is_not_known_is_refused_without_asking_casbin(subject: str) -> None:
    """Also where a rule speaks of everybody; a group is no person."""
    decision = engine(rule(sub="*")).decide(replace(READ, subject=subject))
    assert verdict(decision) == (Outcome.DENY, Reason.UNKNOWN_SUBJECT)


def test_a_rule_that_names_a_person_nobody_knows_any_more_gives_nothing() -> None:
    """Who left every role and unit is gone, whatever rules were forgotten."""
    decision = engine(rule(sub=STRANGER)).decide(replace(READ, subject=STRANGER))
    assert verdict(decision) == (Outcome.DENY, Reason.UNKNOWN_SUBJECT)


@pytest.mark.parametrize("zone", ["", "*", "Intranet", "lab"])
def test_a_zone_that_does_not_exist_is_refused(zone: str) -> None:
    """Rules for any zone mean the two there are."""
    decision = engine(rule(sub="*")).decide(replace(READ, zone=zone))
    assert verdict(decision) == (Outcome.DENY, Reason.UNKNOWN_ZONE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"object": "svc:tax"},
        {"object": "svc:tax//a"},
        {"object": "svc:tax/a/"},
        {"object": "svc:tax/../a"},
        {"object": "svc:tax/a\n"},
        {"object": "svc:tax/**"},
        {"object": "svc:tax/" + "a" * 70_000},
        {"object": "/tax"},
        {"object": None},
        {"action": "get"},
        {"action": "*"},
        {"action": "TRACE"},
        {"category": "personal"},
        {"network": "*"},
        {"network": "::ffff:10.0.0.1"},
        {"strength": 0},
        {"strength": 4},
        {"strength": True},
        {"strength": "2"},
        {"classification": -1},
        {"classification": None},
        {"clearance": 5},
        {"now": -1},
        {"now": True},
        {"now": 1.5},
    ],
)
def test_what_no_rule_can_mean_is_refused(wrong: dict[str, object]) -> None:
    """A malformed value must neither slip past a deny nor raise."""
    lines = (rule(sub="*", act="*"), rule(sub="*", act="*", obj="cat:health"))
    decision = engine(*lines).decide(replace(READ, **wrong))  # type: ignore[arg-type]
    assert verdict(decision) == (Outcome.DENY, Reason.MALFORMED)


def test_pages_are_decided_by_permission() -> None:
    """Our own pages take the same way as services."""
    page = replace(READ, object=Permission.PORTAL_VIEW.object, action="use")
    assert engine(rule(obj="app:portal.view", act="use")).decide(page).is_allowed
    assert engine(rule(obj="app:**", act="use")).decide(page).is_allowed
    assert not engine(rule(obj="app:audit.view", act="use")).decide(page).is_allowed


def test_every_decision_names_the_version_it_was_made_under() -> None:
    """An unanswerable request included."""
    rules = RuleSet.parse(rule())
    built = both(rules, PEOPLE)
    assert built.version == rules.hash[:16]
    assert built.decide(READ).version == built.version
    assert built.decide(replace(READ, zone="lab")).version == built.version


def test_nobody_passes_when_casbin_and_the_explanation_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A model whose meaning drifted is a defect, and a defect opens nothing."""
    model = casbin_engine.MODEL.replace("netIn(r.net, p.net) && ", "")
    assert model != casbin_engine.MODEL
    monkeypatch.setattr(casbin_engine, "MODEL", model)
    with pytest.raises(EngineDisagreesError):
        reference(RuleSet.parse(rule(net="vpn")), PEOPLE).decide(READ)


def test_nothing_is_logged_by_pycasbin_whatever_logging_is_set_to(
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pycasbin writes each refused request, with its person, at warning level."""
    for name in ("casbin", "casbin.enforcer", "casbin.policy", "casbin.role"):
        caplog.set_level(logging.DEBUG, logger=name)
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
    built = engine(rule(act="POST"))
    for name in ("casbin", "casbin.enforcer", "casbin.policy", "casbin.role"):
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
    built.decide(READ)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
