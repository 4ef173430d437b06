"""A replay reads what the audit log really holds, and the version what was really published."""

from __future__ import annotations

from datetime import datetime, timedelta

from audit.ledger import Ledger
from audit.record import Actor
from gateway.access.labelling import CatalogueLabels
from gateway.access.service import PathRule, Service
from gateway.store.engines import Store
from policies import recorded
from policies.change.replay import Effect, bodies, entries, replay
from policies.engine import build
from policies.memberships import Memberships
from policies.rules import Rule, RuleSet

ANNA = "person:00000000-0000-4000-8000-000000000001"
ACTOR = Actor(subject=ANNA, unit="finance")
QUESTION = {
    "act": "GET",
    "auth": 2,
    "cat": "cat:none",
    "cls": 0,
    "clr": 0,
    "net": "lan",
    "now": 5,
}


def test_decisions_of_the_log_are_asked_again_from_a_day_on(
    ledger: Ledger, store: Store, now: datetime
) -> None:
    for days in (40, 2, 1):
        ledger.append(
            "decision.allowed",
            actor=ACTOR,
            now=now - timedelta(days=days),
            object="svc:s/p",
            outcome="success",
            service="s",
            decision=f"{days:032x}",
            details={recorded.QUESTION: QUESTION},
        )
    ledger.append("person.enrolled", actor=ACTOR, now=now)
    since = now - timedelta(days=30)
    members = Memberships(units=((ANNA, "unit:finance"),))
    grant = Rule("unit:finance", "*", "svc:s/**", "GET", *"****", "allow")
    found = replay(
        bodies(store.read, since=since),
        build(RuleSet((grant,)), members),
        build(RuleSet(), members),
    )
    assert entries(store.read, since=since) == 3
    assert (found.read, found.distinct) == (2, 1)
    (shift,) = found.shifts
    assert (shift.effect, shift.unit, shift.service) == (Effect.LOSES, "finance", "s")
    assert shift.decisions == (f"{1:032x}", f"{2:032x}")


def test_the_catalogue_tells_the_label_of_a_place_as_rules_name_it() -> None:
    service = Service(
        slug="ledger",
        zone="intranet",
        host="ledger.example.cn",
        name_zh="台账",
        name_en="Ledger",
        in_charge="unit:finance",
        operator="unit:it",
        upstream="http://10.0.0.1:80",
        classification=1,
        path_rules=(
            PathRule(pattern="/%E6%96%87/**", category="cat:personal"),
            PathRule(pattern="/a!b", methods=frozenset({"POST"}), classification=3),
            PathRule(pattern="/", classification=0),
        ),
    )
    labels = CatalogueLabels([service])
    assert labels.services == {"ledger"}
    assert labels.patterns("ledger") == (
        "svc:ledger/~e6~96~87/**",
        "svc:ledger/a~21b",
        "svc:ledger/",
    )
    assert labels.label("svc:ledger/~e6~96~87/x", "GET") == ("cat:personal", 1)
    assert labels.label("svc:ledger/a~21b", "POST") == ("cat:none", 3)
    assert labels.label("svc:ledger/a~21b", "GET") == ("cat:none", 1)
    assert labels.label("svc:ledger/", "GET") == ("cat:none", 0)
