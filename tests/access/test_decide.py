"""Every answer is recorded before it is given, and nothing is allowed that no rule allows."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from access_world import AUTHOR, RULES, World, canonical, service
from office_networks import OFFICE
from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.access.catalogue import PathRule
from gateway.access.decide import FRESH_NEEDED, Access
from gateway.access.policy_point import Built, PolicyPoint, load
from gateway.access.refusals import PolicyUnavailable, StoreUnavailable
from gateway.store.engines import open_store
from policies.decision import Outcome
from policies.engine import Engine


def last_record(world: World) -> dict[str, Any]:
    with world.store.read.connect() as connection:
        body = connection.execute(text("SELECT body FROM audit_event ORDER BY id DESC LIMIT 1"))
        found: dict[str, Any] = json.loads(bytes(body.scalar_one()))
        return found


def test_an_allowed_request_is_on_record_with_all_that_decided_it(world: World) -> None:
    ledger = world.open(service())
    person = world.current("zhang")

    verdict = world.access.check(
        person, ledger, canonical("/books/2026?x=1"), world.clock, address="10.0.0.9"
    )

    assert (verdict.outcome, verdict.reason) == (Outcome.ALLOW, "allowed")
    record = last_record(world)
    assert record["ev"] == "decision.allowed"
    assert (record["did"], record["svc"]) == (verdict.decision_id, "ledger")
    assert (record["pv"], record["rules"]) == (verdict.version, list(verdict.rules))
    assert record["d"] == {
        "method": "GET",
        "path": "/books/2026",
        "has_query": True,
        "q": {
            "act": "GET",
            "as": ["role:staff"],
            "auth": 2,
            "cat": "cat:none",
            "clr": 2,
            "cls": record["d"]["q"]["cls"],
            "net": "lan",
            "now": int(world.clock.timestamp()),
        },
    }
    assert record["obj"] == "svc:ledger/books/2026"
    assert record["sid"] == person.session_ref
    assert "10.0.0.9" not in json.dumps(record)


@pytest.mark.parametrize(
    ("path", "method", "strength", "outcome", "reason"),
    [
        ("/", "GET", 2, "allow", "allowed"),
        ("/", "HEAD", 2, "allow", "allowed"),
        ("/", "POST", 2, "allow", "allowed"),
        ("/", "DELETE", 2, "deny", "no_rule"),
        ("/", "PROPFIND", 2, "deny", "malformed"),
        ("/", "GET", 1, "step_up", "stronger_sign_in"),
        ("/admin", "GET", 2, "deny", "denied_by_rule"),
        ("/admin/", "GET", 2, "deny", "denied_by_rule"),
        ("/admin/users", "HEAD", 2, "deny", "denied_by_rule"),
        ("/administration", "GET", 2, "allow", "allowed"),
    ],
)
def test_the_rules_decide_on_method_path_and_strength(
    small_world: World, path: str, method: str, strength: int, outcome: str, reason: str
) -> None:
    world = small_world
    ledger = world.open(service())

    verdict = world.access.check(
        world.current("zhang", strength=strength), ledger, canonical(path, method), world.clock
    )

    assert (str(verdict.outcome), verdict.reason) == (outcome, reason)
    expected = {"allow": "decision.allowed", "deny": "decision.denied"}
    assert last_record(world)["ev"] == expected.get(outcome, "decision.step_up")


def test_a_service_that_is_not_approved_or_no_longer_is_stays_shut(world: World) -> None:
    added = world.catalogue.add(service(), actor=AUTHOR, now=world.clock)
    person = world.current("zhang")

    verdict = world.access.check(person, added, canonical(), world.clock)
    assert (verdict.allowed, verdict.reason) == (False, "service_not_evaluated")

    opened = world.approve(added)
    late = world.clock + timedelta(days=366)
    verdict = world.access.check(person, opened, canonical(), late)
    assert (verdict.allowed, verdict.reason) == (False, "service_evaluation_expired")
    assert last_record(world)["why"] == "service_evaluation_expired"


def test_a_service_of_the_other_zone_is_never_opened_here(small_world: World) -> None:
    other = replace(small_world.open(service()), zone="extranet")

    verdict = small_world.access.check(
        small_world.current("zhang"), other, canonical(), small_world.clock
    )

    assert (verdict.allowed, verdict.reason) == (False, "service_of_other_zone")


def test_paths_above_a_persons_clearance_are_refused_by_their_label(small_world: World) -> None:
    world = small_world
    rules = (PathRule(pattern="/salaries/**", classification=3),)
    ledger = world.open(service(path_rules=rules))
    person = world.current("zhang")

    assert world.access.check(person, ledger, canonical("/books"), world.clock).allowed
    verdict = world.access.check(person, ledger, canonical("/salaries/1"), world.clock)
    assert (verdict.allowed, verdict.reason) == (False, "clearance")


def test_the_portal_shows_what_may_be_opened_and_records_nothing(world: World) -> None:
    world.open(service())
    world.open(service("wiki"))
    world.catalogue.add(service("draft"), actor=AUTHOR, now=world.clock)
    person = world.current("zhang")
    before = last_record(world)

    assert [each.slug for each in world.access.visible(person, world.clock, network="lan")] == [
        "ledger"
    ]
    weak = world.current("zhang", strength=1)
    assert [each.slug for each in world.access.visible(weak, world.clock, network="lan")] == [
        "ledger"
    ]
    assert last_record(world) == before


def test_class_26_a_lost_role_counts_from_the_next_request_on(world: World) -> None:
    ledger = world.open(service())
    token = world.sign_in("zhang")
    person = world.find(token, service="ledger", now=world.clock)
    assert person
    assert world.access.check(person, ledger, canonical(), world.clock).allowed

    world.change("zhang", drop_role="staff")

    person = world.find(token, service="ledger", now=world.clock)
    assert person
    verdict = world.access.check(person, ledger, canonical(), world.clock)
    assert (verdict.allowed, verdict.reason) == (False, "no_rule")


def test_class_26_new_rules_count_in_every_process_from_the_next_request_on(world: World) -> None:
    ledger = world.open(service())
    other = Access(
        networks=OFFICE,
        ledger=world.ledger,
        policy=PolicyPoint(world.store),
        catalogue=world.catalogue,
        zone="intranet",
    )
    assert other.check(world.current("zhang"), ledger, canonical(), world.clock).allowed

    world.publish(RULES + "p, role:staff, *, svc:ledger/**, *, *, *, *, *, deny\n")

    assert not other.check(world.current("zhang"), ledger, canonical(), world.clock).allowed


def test_class_26_a_disabled_person_has_no_session(world: World) -> None:
    token = world.sign_in("zhang")
    assert world.find(token, service="ledger", now=world.clock)

    world.change("zhang", state="disabled")

    assert world.find(token, service="ledger", now=world.clock) is None


def test_class_15_without_rules_nobody_may_anything(world: World) -> None:
    ledger = world.open(service())
    person = world.current("zhang")
    with world.ledger.begin(unaudited_because="the test takes the rules away") as tx:
        for table in ("policy_rule", "policy_category", "policy_version"):
            tx.session.execute(text(f"DELETE FROM {table}"))
    fresh = Access(
        networks=OFFICE,
        ledger=world.ledger,
        policy=PolicyPoint(world.store),
        catalogue=world.catalogue,
        zone="intranet",
    )

    with pytest.raises(PolicyUnavailable):
        fresh.check(person, ledger, canonical(), world.clock)
    with pytest.raises(PolicyUnavailable):
        fresh.visible(person, world.clock, network="lan")


def test_class_15_rules_changed_behind_our_back_decide_nothing(world: World) -> None:
    ledger = world.open(service())
    person = world.current("zhang")
    with world.ledger.begin(unaudited_because="the test tampers with a rule") as tx:
        tx.session.execute(text("UPDATE policy_rule SET eft = 'allow'"))
    fresh = Access(
        networks=OFFICE,
        ledger=world.ledger,
        policy=PolicyPoint(world.store),
        catalogue=world.catalogue,
        zone="intranet",
    )

    with pytest.raises(PolicyUnavailable):
        fresh.check(person, ledger, canonical(), world.clock)


def test_class_15_an_answer_that_cannot_be_recorded_is_not_given(small_world: World) -> None:
    world = small_world
    ledger = world.open(service())
    person = world.current("zhang")
    assert world.access.check(person, ledger, canonical(), world.clock).allowed
    with world.ledger.begin(unaudited_because="the test breaks the log") as tx:
        tx.session.execute(text("ALTER TABLE audit_event RENAME TO lost"))

    with pytest.raises(StoreUnavailable):
        world.access.check(person, ledger, canonical(), world.clock)


def test_class_15_a_database_that_is_gone_allows_nothing(small_world: World) -> None:
    empty = PolicyPoint(open_store("sqlite:////nonexistent/hangu.db"))

    with pytest.raises(PolicyUnavailable):
        empty.now()
    with pytest.raises(PolicyUnavailable):
        empty.engine(at=0)


def test_an_engine_is_built_once_for_an_epoch_however_many_ask(small_world: World) -> None:
    built: list[int] = []

    def counted(session: Session, last: Built | None) -> Built:
        built.append(threading.get_ident())
        return load(session, last)

    point = PolicyPoint(small_world.store, load=counted)
    at = small_world.current("zhang").epoch
    gate = threading.Barrier(8)
    engines: list[Engine] = []

    def ask() -> None:
        gate.wait()
        engines.append(point.engine(at=at))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(built) == 1
    assert all(engine is engines[0] for engine in engines)


def test_an_engine_never_goes_back_to_an_older_epoch(small_world: World) -> None:
    point = PolicyPoint(small_world.store)
    old = small_world.current("zhang").epoch
    newer = point.engine(at=old)
    small_world.person("li")

    rebuilt = point.engine(at=old + 1)

    assert rebuilt is not newer
    assert point.engine(at=old) is rebuilt


def test_a_path_of_any_length_is_recorded(small_world: World) -> None:
    ledger = small_world.open(service())
    path = "/" + "/".join(["abcdefgh"] * 800)

    assert small_world.access.check(
        small_world.current("zhang"), ledger, canonical(path), small_world.clock
    ).allowed

    kept = last_record(small_world)["d"]["path"]
    assert kept["len"] == len(path)
    assert kept["pre"] == path[:256]


def test_a_place_that_wants_a_fresh_proof_opens_to_a_proof_for_this_service_alone(
    world: World,
) -> None:
    proofs: dict[str, datetime] = {}
    rules = (PathRule(pattern="/pay/**", methods=frozenset({"POST"}), fresh_minutes=5),)
    ledger = world.open(service(path_rules=rules))
    access = Access(
        networks=OFFICE,
        ledger=world.ledger,
        policy=world.policy,
        catalogue=world.catalogue,
        zone="intranet",
        proved=lambda _session, slug, _now: proofs.get(slug),
    )
    person, now = world.current("zhang"), world.clock
    pay = canonical("/pay/7", "POST")

    def reason() -> str:
        return access.check(person, ledger, pay, now).reason

    first = access.check(person, ledger, pay, now)
    assert (first.outcome, first.reason, first.fresh_minutes) == (
        Outcome.STEP_UP,
        FRESH_NEEDED,
        5,
    )
    assert not first.allowed
    proofs["payroll"] = now
    assert reason() == FRESH_NEEDED
    proofs["ledger"] = now - timedelta(minutes=5)
    assert reason() == FRESH_NEEDED
    proofs["ledger"] = now + timedelta(seconds=1)  # a clock that went back proves nothing
    assert reason() == FRESH_NEEDED
    proofs["ledger"] = now - timedelta(minutes=5) + timedelta(seconds=1)
    assert access.check(person, ledger, pay, now).allowed
    proofs.clear()
    assert access.check(person, ledger, canonical("/pay/7"), now).allowed
    denied = access.check(person, ledger, canonical("/admin/pay", "POST"), now)
    assert denied.outcome is Outcome.DENY
    # Without anybody who knows the proofs, such a place stays shut.
    assert not world.access.check(person, ledger, pay, now).allowed


def test_the_record_of_a_decision_names_the_fresh_proof_that_was_wanted(world: World) -> None:
    ledger = world.open(service(path_rules=(PathRule(pattern="/pay/**", fresh_minutes=5),)))
    world.access.check(world.current("zhang"), ledger, canonical("/pay/7"), world.clock)

    with world.store.read.connect() as connection:
        bodies = connection.exec_driver_sql("SELECT body FROM audit_event").scalars().all()
    entry = json.loads(bytes(bodies[-1]))
    assert (entry["ev"], entry["why"]) == ("decision.step_up", FRESH_NEEDED)
    assert entry["d"]["fresh_minutes"] == 5
