"""A recorded decision holds everything it was made of, and is made again to the letter."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import PEOPLE, request, world

from audit.record import Actor, Event, compose
from policies import recorded, temporary
from policies.compiled import CompiledEngine
from policies.decision import Outcome, Reason, Request
from policies.engine import Memberships, build
from policies.recorded import NotReplayable, read, replay
from policies.rules import RuleSet

AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
ANNA, BORIS, _ = PEOPLE
EVENTS = {outcome: name for name, outcome in recorded.EVENTS.items()}


def body(engine: CompiledEngine, asked: Request) -> bytes:
    """The entry of a decision, as `gateway.access.decide` has it written."""
    decided = engine.decide(asked)
    details: dict[str, object] = {recorded.QUESTION: recorded.question(engine, asked)}
    if decided.strength_needed:
        details[recorded.NEEDS] = decided.strength_needed
    if decided.grants:
        details["grants"] = decided.grants
    event = Event(
        name=EVENTS[decided.outcome],
        actor=Actor(subject=asked.subject),
        at=AT,
        zone=asked.zone,
        object=asked.object,
        reason=str(decided.reason),
        service="s",
        decision="0" * 32,
        policy=decided.version,
        rules=decided.rules,
        details=details,  # type: ignore[arg-type]
    )
    return compose(event).body


@settings(max_examples=150, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_every_decision_is_made_again_from_its_entry_and_the_rules_alone(luck: Random) -> None:
    """Whatever the world was: roles, units, hierarchies, strangers, malformed paths."""
    drawn = world(luck)
    engine = build(drawn.rules, drawn.memberships)
    for _ in range(10):
        asked = request(luck)
        found = read(body(engine, asked))
        assert found is not None
        again = replay(found, drawn.rules)
        assert again.is_same, (asked, again)
        assert (again.recorded.request, again.again) == (asked, engine.decide(asked))


@settings(max_examples=60, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_a_changed_answer_in_the_entry_is_noticed(luck: Random) -> None:
    """A replay that agreed with everything would prove nothing."""
    drawn = world(luck)
    engine = build(drawn.rules, drawn.memberships)
    found = read(body(engine, request(luck)))
    assert found is not None
    outcome = Outcome.DENY if found.decision.is_allowed else Outcome.ALLOW
    forged = replace(found, decision=replace(found.decision, outcome=outcome))
    assert not replay(forged, drawn.rules).is_same


@pytest.mark.parametrize("office", ["auditor", "security_admin", "system_admin"])
@pytest.mark.parametrize("path", ["svc:s/open", "svc:s/shut"])
def test_a_decision_on_an_officer_is_made_again(office: str, path: str) -> None:
    """An office stands alone, in every zone: the person of the replay gets nothing beside it."""
    rules = RuleSet.parse(
        f"p, role:{office}, *, app:policy.view, use, *, *, 2, *, allow\n"
        "p, *, *, svc:s/open, *, *, *, 2, *, allow\n"
    )
    engine = build(rules, Memberships(roles=((ANNA, f"role:{office}", "intranet"),)))
    asked = Request(
        subject=ANNA, zone="intranet", object=path, action="GET", strength=2, now=1782000000
    )
    found = read(body(engine, asked))
    assert found is not None
    assert found.held == {f"role:{office}"}
    assert replay(found, rules).is_same


def test_a_temporary_grant_of_then_counts_again() -> None:
    """Grants end and their rows are emptied; the entry holds the rule."""
    rules = RuleSet.parse("p, role:clerk, *, svc:other/**, GET, *, *, 2, *, allow")
    lent = RuleSet((temporary.grant(ANNA, "s", zone="intranet", writes=True, opens=0, closes=9),))
    people = Memberships(roles=((ANNA, "role:clerk", "intranet"),))
    engine = build(rules, people).with_grants(lent)
    asked = Request(
        subject=ANNA, zone="intranet", object="svc:s/x", action="POST", strength=2, now=5
    )
    found = read(body(engine, asked))
    assert found is not None
    again = replay(found, rules)
    assert (again.is_same, again.again.grants) == (True, lent.version)
    assert again.again.rules == (lent.rules[0].id,)


@pytest.mark.parametrize("last", ["x", ".", "-", "a/"])
@pytest.mark.parametrize("length", [255, 256, 257, 300, 4000])
def test_a_path_longer_than_the_log_keeps_decides_again_as_it_did(length: int, last: str) -> None:
    """The log keeps 256 characters; no rule speaks of more than 240."""
    top = "svc:s/" + "d/" * 110 + "deep"
    rules = RuleSet.parse(
        f"p, *, *, {top}/**, GET, *, *, 2, *, allow\np, *, *, svc:s/e/**, GET, *, *, *, *, deny"
    )
    engine = build(rules, Memberships(roles=((ANNA, "role:clerk", "intranet"),)))
    path = (top + "/" + last * length)[:length].rstrip("/")
    asked = Request(subject=ANNA, zone="intranet", object=path, action="GET", strength=2, now=5)
    found = read(body(engine, asked))
    assert found is not None
    assert replay(found, rules).is_same


def test_what_cannot_be_made_again_is_said_and_why() -> None:
    """Never a guess: the message names what is missing."""
    rules = RuleSet.parse("p, *, *, svc:s/**, GET, *, *, *, *, allow")
    engine = build(rules, Memberships(roles=((ANNA, "role:clerk", "intranet"),)))
    asked = Request(
        subject=ANNA, zone="intranet", object="svc:s/x", action="GET", strength=2, now=5
    )
    entry = json.loads(body(engine, asked))
    shut = {key: value for key, value in entry.items() if key != "pv"} | {"why": "not_evaluated"}
    with pytest.raises(NotReplayable, match="not_evaluated"):
        read(json.dumps(shut).encode())
    with pytest.raises(NotReplayable, match="older"):
        read(json.dumps(entry | {"d": {}}).encode())
    crowd = entry | {"rules": {"len": 9, "sha256": "0" * 64}}
    with pytest.raises(NotReplayable, match="hash"):
        read(json.dumps(crowd).encode())
    odd = replace(asked, object="svc:s/" + "x" * 400 + "//y")
    assert engine.decide(odd).reason is Reason.MALFORMED
    with pytest.raises(NotReplayable, match="beyond"):
        read(body(engine, odd))
    found = read(body(engine, asked))
    assert found is not None
    with pytest.raises(NotReplayable, match="decided by"):
        replay(found, RuleSet())
    assert read(json.dumps({"ev": "sign_in.accepted"}).encode()) is None
