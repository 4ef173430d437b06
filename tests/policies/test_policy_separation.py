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
    "p, role:staff, *, app:break_glass.act, use, *, *, 2, *, allow",
    "p, role:system_admin, *, app:break_glass.act, use, *, *, 2, *, allow",
    "p, role:staff, *, app:access.decide, use, *, *, 2, *, allow",
    "p, unit:finance, *, app:access.decide, use, *, *, 2, *, allow",
    "p, role:responder, *, app:access.revoke, use, *, *, 2, *, allow",
    "p, *, *, app:policy.review, use, *, *, 2, *, allow",
    f"p, {ZHAO}, *, app:policy.review_view, use, *, *, 2, *, allow",
    "p, role:break_glass, *, app:service.open, use, *, *, 2, *, allow",
    "p, role:break_glass, *, svc:ledger/**, GET, *, *, 2, *, allow",
]
HARMLESS = [
    "p, role:staff, *, app:audit.view, use, *, *, *, *, deny",
    "p, role:auditor, *, svc:ledger/**, *, *, *, *, *, deny",
    "p, role:auditor, intranet, app:audit.view, use, *, lan, 3, *, allow",
    "p, unit:finance, intranet, svc:ledger/**, GET, *, *, 2, *, allow",
    "p, role:clerk, *, app:portal.view, use, *, *, 2, *, allow",
    "p, role:service_owner, *, app:access.decide, use, *, lan, 3, *, allow",
    "p, unit:finance&role:service_owner, *, app:policy.review, use, *, *, 2, *, allow",
]


def with_rule(line: str) -> RuleSet:
    """The baseline and one rule more."""
    return baseline.load().plus(RuleSet.parse(line))


@pytest.mark.parametrize("line", BY_THE_BACK_DOOR)
def test_a_rule_that_makes_an_officer_is_refused_at_publication(
    line: str, ledger: Ledger, now: datetime
) -> None:
    with pytest.raises(RuleProblems, match=r"alone|entry to (a )?service"), ledger.begin() as tx:
        versions.publish(tx, with_rule(line), actor=ACTOR, now=now, note="")


@pytest.mark.parametrize("line", HARMLESS)
def test_a_rule_that_makes_nobody_an_officer_passes(line: str) -> None:
    separation.check(with_rule(line))


def test_the_baseline_itself_keeps_the_offices_apart() -> None:
    """And each office has pages that no other role has."""
    separation.check(baseline.load())
    alone = {next(iter(roles)) for roles in separation.office_pages().values() if len(roles) == 1}
    duties = {"role:break_glass", "role:service_owner"}
    assert alone == {"role:auditor", "role:security_admin", "role:system_admin"} | duties


def test_attack_no_page_that_decides_over_others_may_be_given_to_another_role() -> None:
    """Every page of the gateway, to every role of the baseline that does not have it.

    What may be given concerns nobody but who has it: one's own account, portal, receipts.
    """
    held: dict[str, set[str]] = {}
    for rule in baseline.load().rules:
        held.setdefault(rule.obj, set()).add(rule.sub)
    everybody = set().union(*held.values())
    given = set()
    for page, roles in held.items():
        for role in everybody - roles:
            line = f"p, {role}, *, {page}, use, *, *, 2, *, allow"
            if not separation.faults(RuleSet.parse(line)):
                given.add(page)
    assert given == {
        "app:access.request", "app:account.change_factors", "app:account.change_password",
        "app:account.disown", "app:account.view", "app:break_glass.enter", "app:portal.view",
        "app:receipt.view", "app:service.open", "app:service.view", "app:session.end_own",
    }  # fmt: skip


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
