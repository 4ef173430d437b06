"""No rules make anybody an officer by the back door, at publication and at load."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import insert

from audit.ledger import Ledger
from audit.record import Actor
from policies import baseline, separation, versions
from policies.rules import RuleProblems, RuleSet
from policies.tables import policy_rule, policy_version
from policies.version_rows import StoredRulesDifferError

ACTOR = Actor(subject="operator:test")
ZHAO = "person:00000000-0000-4000-8000-000000000001"

BY_THE_BACK_DOOR = [
    "p, role:staff, *, app:audit.view, use, *, *, 2, *, allow",
    "p, role:system_admin, *, app:audit.view, use, *, *, 2, *, allow",
    "p, role:system_admin, *, app:rights.change, use, *, *, 2, *, allow",
    "p, role:auditor, *, app:person.create, use, *, *, 2, *, allow",
    "p, unit:finance, intranet, app:person.create, use, *, *, 2, *, allow",
    f"p, {ZHAO}, *, app:officers.cases, use, *, *, 2, *, allow",
    "p, *, *, app:report.close, use, *, *, 2, *, allow",
    "p, role:clerk, *, app:**, *, *, *, *, *, allow",
    "p, role:system_admin, *, app:**, use, *, *, 2, *, allow",
    "p, role:auditor, *, cat:personnel, *, *, *, *, *, allow",
    "p, role:auditor, *, svc:ledger/**, GET, *, *, 2, *, allow",
    "p, role:security_admin, *, svc:ledger/export/**, *, *, *, 2, *, allow",
]
HARMLESS = [
    "p, role:staff, *, app:audit.view, use, *, *, *, *, deny",
    "p, role:auditor, *, svc:ledger/**, *, *, *, *, *, deny",
    "p, role:auditor, intranet, app:audit.view, use, *, lan, 3, *, allow",
    "p, unit:finance, intranet, svc:ledger/**, GET, *, *, 2, *, allow",
    "p, role:clerk, *, app:portal.view, use, *, *, 2, *, allow",
]


def with_rule(line: str) -> RuleSet:
    """The baseline and one rule more."""
    return baseline.load().plus(RuleSet.parse(line))


@pytest.mark.parametrize("line", BY_THE_BACK_DOOR)
def test_a_rule_that_makes_an_officer_is_refused_at_publication(
    line: str, ledger: Ledger, now: datetime
) -> None:
    with pytest.raises(RuleProblems, match=r"alone|entry to a service"), ledger.begin() as tx:
        versions.publish(tx, with_rule(line), actor=ACTOR, now=now, note="")


@pytest.mark.parametrize("line", HARMLESS)
def test_a_rule_that_makes_nobody_an_officer_passes(line: str) -> None:
    separation.check(with_rule(line))


def test_the_baseline_itself_keeps_the_offices_apart() -> None:
    """And each office has pages that no other role has."""
    separation.check(baseline.load())
    alone = {next(iter(roles)) for roles in separation.office_pages().values() if len(roles) == 1}
    assert alone == {"role:auditor", "role:security_admin", "role:system_admin"}


def test_rules_that_reached_the_database_by_another_way_are_not_loaded(
    ledger: Ledger, now: datetime
) -> None:
    """A restored or foreign version with a true name decides nothing: this zone did not sign it."""
    rules = with_rule(BY_THE_BACK_DOOR[0])
    with ledger.begin(unaudited_because="a test") as tx:
        tx.session.execute(
            insert(policy_version).values(
                seq=1, hash=rules.hash, created_at=now, author="nobody", note=""
            )
        )
        columns = [column.name for column in policy_rule.columns][2:]
        tx.session.execute(
            insert(policy_rule),
            [
                {"seq": 1, "position": number, **dict(zip(columns, rule.columns, strict=True))}
                for number, rule in enumerate(rules.rules)
            ],
        )
    with ledger.sessions() as session, pytest.raises(StoredRulesDifferError):
        versions.current(session)
