"""The rules the gateway comes with, and what must hold for any rules at all."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from policy_pair import both

from policies import baseline, casbin_engine
from policies.casbin_engine import EngineDisagreesError
from policies.engine import Memberships, Reason, Request, reference
from policies.permissions import Permission
from policies.rows import RULE_COLUMNS
from policies.rules import Rule, RuleSet
from policies.vocabulary import ZONES

EVERYBODY = {
    Permission.ACCOUNT_CHANGE_FACTORS,
    Permission.ACCOUNT_CHANGE_PASSWORD,
    Permission.ACCOUNT_DISOWN,
    Permission.ACCOUNT_VIEW,
    Permission.PORTAL_VIEW,
    Permission.SERVICE_VIEW,
    Permission.SESSION_END_OWN,
}
BUSINESS = {Permission.ACCESS_REQUEST, Permission.BREAK_GLASS_ENTER}
OPENERS = {
    Permission.BREAK_GLASS_CLOSE,
    Permission.BREAK_GLASS_PROPOSE,
    Permission.BREAK_GLASS_VIEW,
}
KEEPERS = {
    Permission.RECEIPT_VIEW,
    Permission.RETENTION_DECIDE,
    Permission.RETENTION_VIEW,
}
GRANTS = {
    "role:auditor": EVERYBODY
    | KEEPERS
    | {
        Permission.AUDIT_OPEN,
        Permission.AUDIT_REVIEW,
        Permission.AUDIT_SECOND,
        Permission.AUDIT_VIEW,
        Permission.BREAK_GLASS_VIEW,
        Permission.OFFICERS_ACTS,
        Permission.OFFICERS_CASES,
        Permission.POLICY_READ,
        Permission.POLICY_REVIEW_VIEW,
        Permission.POLICY_SUGGEST,
        Permission.POLICY_VIEW,
        Permission.RIGHTS_VIEW,
    },
    "role:responder": EVERYBODY | BUSINESS | {Permission.RECEIPT_VIEW, Permission.SERVICE_OPEN},
    "role:security_admin": EVERYBODY
    | KEEPERS
    | OPENERS
    | {
        Permission.ACCESS_REVOKE,
        Permission.AUDIT_SECOND,
        Permission.BREAK_GLASS_REVIEW,
        Permission.LANE_OPEN,
        Permission.LANE_VIEW,
        Permission.OFFICERS_ACTS,
        Permission.OFFICERS_CASES,
        Permission.OFFICERS_RESET,
        Permission.POLICY_APPROVE,
        Permission.POLICY_CAMPAIGN,
        Permission.POLICY_CHANGE,
        Permission.POLICY_CLOSE_ALARM,
        Permission.POLICY_PUBLISH,
        Permission.POLICY_READ,
        Permission.POLICY_REVIEW,
        Permission.POLICY_REVIEW_VIEW,
        Permission.POLICY_VIEW,
        Permission.REPORT_CLOSE,
        Permission.REPORT_VIEW,
        Permission.RIGHTS_CHANGE,
        Permission.RIGHTS_VIEW,
        Permission.SESSION_END_ANY,
    },
    "role:staff": EVERYBODY | BUSINESS | {Permission.SERVICE_OPEN},
    "role:system_admin": EVERYBODY
    | OPENERS
    | {
        Permission.CATALOGUE_VIEW,
        Permission.OFFICERS_CASES,
        Permission.OFFICERS_RESET,
        Permission.PERSON_CHANGE,
        Permission.PERSON_CREATE,
        Permission.PERSON_DISABLE,
        Permission.PERSON_IMPORT,
        Permission.PERSON_VIEW,
        Permission.POLICY_VIEW,
        Permission.RECEIPT_VIEW,
        Permission.SESSION_END_ANY,
        Permission.UNIT_CHANGE,
        Permission.UNIT_VIEW,
    },
    "role:service_owner": {
        Permission.ACCESS_DECIDE,
        Permission.ACCESS_REVOKE,
        Permission.POLICY_REVIEW,
        Permission.POLICY_REVIEW_VIEW,
        Permission.RECEIPT_VIEW,
        Permission.SERVICE_VIEW,
    },
    "role:break_glass": {Permission.BREAK_GLASS_ACT, Permission.SESSION_END_OWN},
    "role:nothing": set(),
}
ZHAO = "person:00000000-0000-4000-8000-000000000001"


def page(permission: Permission, **changes: object) -> Request:
    request = Request(
        subject=ZHAO, zone="intranet", object=permission.object, action="use", strength=2, now=0
    )
    return replace(request, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", sorted(ZONES))
@pytest.mark.parametrize("role", sorted(GRANTS))
def test_each_role_may_use_exactly_these_pages(role: str, zone: str) -> None:
    """The checked-in table: a change of the baseline shows here as well."""
    engine = both(baseline.load(), Memberships(roles=((ZHAO, role, zone),)))
    opened = {
        permission
        for permission in Permission
        if engine.decide(page(permission, zone=zone)).is_allowed
    }
    assert opened == GRANTS[role]


def test_every_permission_is_granted_to_some_role() -> None:
    """A page nobody may open is a mistake of the table or of the page."""
    assert set().union(*GRANTS.values()) == set(Permission)


def test_the_baseline_gives_no_entry_to_any_service() -> None:
    """Business is granted by each office, never by the product."""
    assert {rule.obj.partition(":")[0] for rule in baseline.load().rules} == {"app"}


def test_only_ending_ones_sessions_needs_no_second_factor() -> None:
    """Leaving must always be possible; all else waits for the code."""
    engine = both(baseline.load(), Memberships(roles=((ZHAO, "role:staff", "intranet"),)))
    opened = {p for p in Permission if engine.decide(page(p, strength=1)).is_allowed}
    assert opened == {Permission.SESSION_END_OWN}


def test_permissions_are_named_by_area_and_verb_in_alphabetical_order() -> None:
    """The list is read in review."""
    values = [permission.value for permission in Permission]
    assert values == sorted(values)
    for permission in Permission:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", permission.value)
        assert permission.name == permission.value.replace(".", "_").upper()


def test_class_15_empty_policy_denies_all() -> None:
    """No rules means nobody, not everybody."""
    engine = both(RuleSet(), Memberships(roles=((ZHAO, "role:system_admin", "intranet"),)))
    for permission in Permission:
        decision = engine.decide(page(permission, strength=3, clearance=4))
        assert (decision.is_allowed, decision.reason) == (False, Reason.NO_RULE)
    service = page(Permission.PORTAL_VIEW, object="svc:tax/", action="GET")
    assert not engine.decide(service).is_allowed
    assert not both(RuleSet(), Memberships()).decide(service).is_allowed


NARROW = {
    "sub": "role:clerk",
    "zone": "extranet",
    "obj": "svc:tax/records",
    "act": "GET",
    "cls": "1",
    "net": "lan",
    "auth": "3",
    "win": "100~200",
    "eft": "deny",
}
WIDE = dict.fromkeys(RULE_COLUMNS, "*") | {"obj": "svc:tax/**", "eft": "allow"}
OUTSIDE: dict[str, dict[str, object]] = {
    "sub": {"subject": ZHAO.replace("1", "2")},
    "zone": {"zone": "intranet"},
    "obj": {"object": "svc:tax/other"},
    "act": {"action": "POST"},
    "cls": {"classification": 0},
    "net": {"network": "vpn"},
    "auth": {"strength": 2},
    "win": {"now": 200},
    "eft": {},
}
INSIDE = Request(
    subject=ZHAO,
    zone="extranet",
    object="svc:tax/records",
    action="GET",
    strength=3,
    now=150,
    classification=1,
    clearance=1,
    network="lan",
)
CLERKS = Memberships(
    roles=(
        *((ZHAO, "role:clerk", zone) for zone in sorted(ZONES)),
        (ZHAO.replace("1", "2"), "role:guest", "extranet"),
    )
)


@pytest.mark.parametrize("column", RULE_COLUMNS)
def test_class_16_dropping_any_rule_field_changes_a_decision(column: str) -> None:
    """A field that is read and then ignored would be a group check silently off."""
    narrow = NARROW | ({} if column == "eft" else {"eft": "allow"})
    dropped = narrow | {column: WIDE[column]}
    request = replace(INSIDE, **OUTSIDE[column])  # type: ignore[arg-type]
    answers = [
        both(RuleSet((Rule(**columns),)), CLERKS).decide(request).is_allowed
        for columns in (narrow, dropped)
    ]
    assert answers == [False, True]
    if column != "eft":
        assert both(RuleSet((Rule(**narrow),)), CLERKS).decide(INSIDE).is_allowed


MATCHER = next(line for line in casbin_engine.MODEL.splitlines() if line.startswith("m = "))


@pytest.mark.parametrize(
    ("column", "condition"),
    [
        ("zone", '(p.zone == "*" || r.zone == p.zone)'),
        ("act", "actIn(r.act, p.act)"),
        ("obj", "(pathIn(r.obj, p.obj) || g3(r.cat, p.obj))"),
        ("sub", '(p.sub == "*" || g(r.sub, p.sub, r.zone) || g2(r.sub, p.sub))'),
        ("clr", "r.cls <= r.clr"),
        ("cls", "clsIn(r.cls, p.cls)"),
        ("net", "netIn(r.net, p.net)"),
        ("auth", "authGe(r.auth, p.auth)"),
        ("win", "inWin(r.now, p.win)"),
    ],
)
def test_class_16_dropping_any_condition_of_the_model_stops_the_engine(
    column: str, condition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that lost a condition disagrees with the explanation, and nobody passes."""
    conditions = MATCHER.removeprefix("m = ").split(" && ")
    left = [each for each in conditions if each != condition]
    assert len(left) == len(conditions) - 1 == 8
    weaker = casbin_engine.MODEL.replace(MATCHER, "m = " + " && ".join(left))
    outside = OUTSIDE | {"clr": {"clearance": 0}}
    request = replace(INSIDE, **outside[column])  # type: ignore[arg-type]
    rules = RuleSet((Rule(**(NARROW | {"eft": "allow"})),))
    assert not both(rules, CLERKS).decide(request).is_allowed
    monkeypatch.setattr(casbin_engine, "MODEL", weaker)
    with pytest.raises(EngineDisagreesError):
        reference(rules, CLERKS).decide(request)
