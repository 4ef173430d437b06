"""The lease to decide: it ends by itself, and nothing but a whole beat renews it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from access_world import World, canonical, service
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from gateway.access.policy_point import Lease, PolicyPoint
from gateway.access.pulse import Pulse, this_worker
from gateway.access.refusals import PolicyUnavailable
from policies import versions, workers
from policies.recorded import Replay, read, replay

AGE = timedelta(seconds=10)


class Clock:
    """The machine's time since its start, in the hand of the test."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        """Return it."""
        return self.at


def pulse_of(world: World, clock: Clock) -> tuple[Pulse, PolicyPoint]:
    lease = Lease(AGE, clock=clock)
    policy = PolicyPoint(world.store, lease=lease)
    pulse = Pulse(
        this_worker(world.clock),
        store=world.store,
        ledger=world.ledger,
        policy=policy,
        lease=lease,
        clock=world.now,
    )
    return pulse, policy


def decides(policy: PolicyPoint) -> bool:
    try:
        policy.now()
    except PolicyUnavailable:
        return False
    return True


@given(
    age=st.integers(1, 300),
    beats=st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=20),
    later=st.floats(0, 400),
)
def test_a_lease_holds_exactly_for_its_age_from_before_the_last_whole_beat(
    age: int, beats: list[tuple[float, bool]], later: float
) -> None:
    """Whatever the order of beats that succeed and beats that fail."""
    clock = Clock()
    lease = Lease(timedelta(seconds=age), clock=clock)
    last: float | None = None
    for pause, works in beats:
        clock.at += pause
        if works:
            last = clock.at
            lease.renew(since=last)
    clock.at += later
    assert lease.holds() is (last is not None and clock.at < last + age)
    lease.end()
    assert not lease.holds()


def test_without_a_first_beat_nothing_is_decided(small_world: World) -> None:
    pulse, policy = pulse_of(small_world, Clock())
    assert not decides(policy)
    assert pulse.beat()
    assert decides(policy)


def test_a_process_that_was_stopped_and_goes_on_has_no_lease(small_world: World) -> None:
    """The clock runs on while a process, or its machine, sleeps."""
    clock = Clock()
    pulse, policy = pulse_of(small_world, clock)
    assert pulse.beat()
    clock.at += AGE.total_seconds() - 0.001
    assert decides(policy)
    clock.at += 0.001
    assert not decides(policy)
    assert pulse.beat()
    assert decides(policy)


def test_time_spent_in_a_slow_beat_is_not_given_back(small_world: World) -> None:
    """The lease counts from before the look at the database, not from after the writing."""
    clock = Clock()
    pulse, policy = pulse_of(small_world, clock)

    def slow(*_: object) -> None:
        clock.at += 4

    event.listen(small_world.store.write, "before_cursor_execute", slow)
    try:
        assert pulse.beat()
    finally:
        event.remove(small_world.store.write, "before_cursor_execute", slow)
    assert clock.at >= 1000 + AGE.total_seconds()
    assert not decides(policy)


@pytest.mark.parametrize("which", ["read", "write"])
@pytest.mark.parametrize("failing", range(1, 9))
def test_a_beat_that_fails_anywhere_renews_nothing_and_leaves_no_half_word(
    small_world: World, which: str, failing: int
) -> None:
    """The n-th statement fails, for every n: row, record and lease go together."""
    clock = Clock()
    pulse, policy = pulse_of(small_world, clock)
    engine = getattr(small_world.store, which)
    calls = [0]

    def fail(*_: object) -> None:
        calls[0] += 1
        if calls[0] == failing:
            raise OperationalError("the test", {}, Exception("cut"))

    event.listen(engine, "before_cursor_execute", fail)
    try:
        whole = pulse.beat()
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    assert whole is (calls[0] < failing)
    assert decides(policy) is whole
    with small_world.store.reading() as session:
        rows = session.execute(text("SELECT count(*) FROM policy_worker")).scalar()
        bodies = session.execute(text("SELECT body FROM audit_event")).scalars()
        said = [json.loads(bytes(body)) for body in bodies]
    recorded = sum(entry["ev"] == "policy.acknowledged" for entry in said)
    assert (rows, recorded) == ((1, 1) if whole else (0, 0))


def test_beats_that_say_nothing_new_leave_no_entries(small_world: World) -> None:
    """A heartbeat every few seconds must not fill the log."""
    pulse, _ = pulse_of(small_world, Clock())
    assert all(pulse.beat() for _ in range(5))
    small_world.publish("p, role:staff, *, svc:ledger/**, GET, *, *, *, *, allow\n")
    assert all(pulse.beat() for _ in range(5))
    with small_world.store.reading() as session:
        bodies = session.execute(text("SELECT body FROM audit_event")).scalars()
        names = [json.loads(bytes(body))["ev"] for body in bodies]
    assert names.count("policy.acknowledged") == 2


def test_a_worker_in_trouble_keeps_on_record_what_it_acknowledged_last(
    small_world: World,
) -> None:
    """Else versions that were taken away could return after the next start."""
    pulse, _ = pulse_of(small_world, Clock())
    assert pulse.beat()
    with small_world.ledger.begin(unaudited_because="the test tampers") as tx:
        tx.session.execute(text("UPDATE policy_version SET signature = NULL"))
        tx.session.execute(text("UPDATE epoch SET value = value + 1"))
    assert not pulse.beat()
    with small_world.store.reading() as session:
        assert workers.highest(session) == 1
        found = workers.convergence(session, now=small_world.clock, age=AGE)
    assert [(each.state, each.said.trouble) for each in found.workers] == [
        (workers.State.REFUSING, workers.Trouble.RULES_UNUSABLE)
    ]
    assert not found.is_complete


def _replayed(world: World) -> dict[str, Replay]:
    """Make every decision of the log again."""
    with world.store.reading() as session:
        bodies = [
            bytes(each) for each in session.execute(text("SELECT body FROM audit_event")).scalars()
        ]
        found = [each for each in map(read, bodies) if each is not None]
        rules = {
            each.decision.version: versions.named(session, each.decision.version) for each in found
        }
    again = {}
    for each in found:
        of_then = rules[each.decision.version]
        assert of_then is not None
        again[each.decision_id] = replay(each, of_then)
    return again


def test_a_decision_can_be_made_again_after_the_person_has_lost_everything(
    small_world: World,
) -> None:
    """From its entry in the log and the version's rules, through the real decision."""
    world = small_world
    ledger = world.open(service())
    person = world.current("zhang")
    from_then = [
        world.access.check(person, ledger, canonical(path), world.clock)
        for path in ("/", "/admin/x", "/strong/x", "/nowhere")
    ]
    world.change("zhang", drop_role="staff")
    world.publish("p, *, *, svc:ledger/**, *, *, *, *, *, deny\n")
    again = _replayed(world)
    assert set(again) == {each.decision_id for each in from_then}
    for verdict in from_then:
        found = again[verdict.decision_id]
        assert found.is_same
        assert (found.again.outcome, found.again.rules) == (verdict.outcome, verdict.rules)
