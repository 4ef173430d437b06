"""Temporary grants beside the rules: the same answers as pycasbin's, and never one too long."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import temporary
from policies.decision import Outcome, Request
from policies.engine import Memberships, build, reference
from policies.rules import Rule, RuleSet

LI = "person:00000000-0000-4000-8000-000000000001"
WANG = "person:00000000-0000-4000-8000-000000000002"
PEOPLE = Memberships(
    roles=((LI, "role:staff", "intranet"), (WANG, "role:staff", "intranet")),
    units=((LI, "unit:archives"), (WANG, "unit:finance")),
)
RULES = RuleSet.parse(
    """\
p, unit:finance, intranet, svc:ledger/**, GET|POST, *, *, 2, *, allow
p, role:staff, *, svc:ledger/secret/**, *, *, *, *, *, deny
p, unit:archives, intranet, svc:ledger/**, DELETE, *, *, *, *, deny
"""
)
ENGINE = build(RULES, PEOPLE)


def ask(**values: object) -> Request:
    """A request of LI for the ledger, changed as told."""
    usual: dict[str, object] = {
        "subject": LI,
        "zone": "intranet",
        "object": "svc:ledger/a",
        "action": "GET",
        "strength": 2,
        "now": 500,
        "classification": 1,
        "clearance": 2,
    }
    return Request(**(usual | values))  # type: ignore[arg-type]


def granted(*, opens: int = 100, closes: int = 1000, writes: bool = False) -> RuleSet:
    """LI may use the ledger for a time."""
    rule = temporary.grant(LI, "ledger", zone="intranet", writes=writes, opens=opens, closes=closes)
    return RuleSet((rule,))


@given(
    opens=st.integers(0, 10**11),
    length=st.integers(1, 10**9),
    now=st.integers(0, 10**12 - 1),
    action=st.sampled_from(["GET", "HEAD", "POST", "DELETE"]),
    writes=st.booleans(),
)
def test_no_clock_lets_a_grant_outlive_its_end(
    opens: int, length: int, now: int, action: str, *, writes: bool
) -> None:
    """For every clock: allowed only from its beginning until before its end."""
    closes = opens + length
    engine = ENGINE.with_grants(granted(opens=opens, closes=closes, writes=writes))
    decision = engine.decide(ask(now=now, action=action))
    if decision.outcome is not Outcome.DENY:
        assert opens <= now < closes
        assert action in {"GET", "HEAD"} or writes
    elif opens <= now < closes:
        assert action == "DELETE" or (action == "POST" and not writes)


REQUESTS = st.builds(
    ask,
    subject=st.sampled_from([LI, WANG]),
    zone=st.sampled_from(["intranet", "extranet"]),
    object=st.sampled_from(["svc:ledger/", "svc:ledger/a", "svc:ledger/secret/x", "svc:seal/a"]),
    action=st.sampled_from(["GET", "POST", "DELETE"]),
    strength=st.integers(1, 3),
    now=st.sampled_from([99, 100, 999, 1000]),
    classification=st.integers(0, 3),
)


@given(request=REQUESTS, writes=st.booleans())
def test_a_grant_decides_as_pycasbin_decides_by_the_union(
    request: Request, *, writes: bool
) -> None:
    """Outcome, reason and rules; the versions differ, since the published rules keep theirs."""
    grants = granted(writes=writes)
    mine = ENGINE.with_grants(grants).decide(request)
    theirs = reference(RULES.plus(grants), PEOPLE).decide(request)
    assert mine.version == RULES.version
    assert mine.grants == grants.version
    assert dataclasses.replace(mine, version="", grants="") == dataclasses.replace(
        theirs, version=""
    )


def test_clearance_zone_and_deny_win_over_a_grant() -> None:
    """A grant opens nothing that a label, another zone or an express deny keeps shut."""
    engine = ENGINE.with_grants(granted(writes=True))
    assert engine.decide(ask()).is_allowed
    assert engine.decide(ask(classification=3)).reason == "clearance"
    assert not engine.decide(ask(zone="extranet")).is_allowed
    assert engine.decide(ask(object="svc:ledger/secret/x")).reason == "denied_by_rule"
    assert engine.decide(ask(action="DELETE")).reason == "denied_by_rule"
    assert engine.decide(ask(strength=1)).outcome is Outcome.STEP_UP


def test_a_grant_to_one_leaves_everybody_else_alone() -> None:
    """And the engine it was laid over."""
    engine = ENGINE.with_grants(granted())
    assert engine.decide(ask(subject=WANG)).rules == ENGINE.decide(ask(subject=WANG)).rules
    assert not ENGINE.decide(ask()).is_allowed
    assert ENGINE.grants == ""
    assert engine.with_grants(RuleSet()).decide(ask()) == ENGINE.decide(ask())


def test_a_grant_that_stands_among_the_rules_is_named_once() -> None:
    """Somebody published the same line."""
    grants = granted()
    engine = build(RULES.plus(grants), PEOPLE).with_grants(grants)
    assert engine.decide(ask()).rules == (grants.rules[0].id,)


@pytest.mark.parametrize(
    "line",
    [
        f"{LI}, intranet, svc:ledger/**, GET, *, *, 2, *, allow",
        "role:staff, intranet, svc:ledger/**, GET, *, *, 2, 1~2, allow",
        "*, intranet, svc:ledger/**, GET, *, *, 2, 1~2, allow",
        f"{LI}, *, svc:ledger/**, GET, *, *, 2, 1~2, allow",
        f"{LI}, intranet, app:audit.view, use, *, *, 2, 1~2, allow",
        f"{LI}, intranet, cat:personal, GET, *, *, 2, 1~2, allow",
        f"{LI}, intranet, svc:ledger/**, GET, *, *, 2, 1~2|5~9, allow",
        f"{LI}, intranet, svc:ledger/**, GET, *, *, 2, 1~2, deny",
    ],
)
def test_nothing_but_a_temporary_grant_to_one_person_is_laid_over(line: str) -> None:
    """No endless one, none for a role, for pages, for a category, and no deny."""
    rule = Rule(*line.split(", "))
    with pytest.raises(temporary.NotTemporary):
        ENGINE.with_grants(RuleSet((rule,)))
