"""Sessions: found by their token alone, over in time, and with everything that hangs on them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from identity_world import ADDRESS, ADMIN, BROWSER, World

from audit.record import Actor
from gateway.identity import housekeeping, people, sessions, tickets, tokens
from gateway.identity.sessions import Why
from gateway.identity.sign_in import StepOver
from gateway.identity.tickets import SessionOver

MINUTE = timedelta(minutes=1)


def lives(world: World, token: str, service: str | None = None) -> bool:
    return sessions.find(world.registry, token, now=world.clock, service=service) is not None


def child_of(world: World, token: str, service: str = "ledger") -> str:
    ticket = tickets.issue(world.registry, token, service, now=world.clock)
    return tickets.redeem(world.registry, ticket, service, now=world.clock)


def use(world: World, token: str, service: str | None = None) -> None:
    """Do what each request does: find the session and keep it awake."""
    found = sessions.find(world.registry, token, now=world.clock, service=service)
    assert found is not None
    sessions.touch(world.registry, token, seen=found.last_seen, now=world.clock)


@pytest.mark.parametrize(
    ("roles", "idle", "life"), [(("staff",), 30, 12 * 60), (("auditor",), 15, 8 * 60)]
)
@pytest.mark.asvs("V7.3.1", "V7.3.2")
def test_a_session_ends_of_silence_and_of_age(
    small_world: World, roles: tuple[str, ...], idle: int, life: int
) -> None:
    world = small_world
    someone = world.enrol(roles=roles)
    token = world.sign_in(someone)
    world.wait(idle * MINUTE - timedelta(seconds=1))
    assert lives(world, token)
    world.wait(timedelta(seconds=1))
    assert not lives(world, token)
    token = world.sign_in(someone)
    began = world.clock
    while world.clock - began < (life - 10) * MINUTE:
        world.wait(10 * MINUTE)
        use(world, token)
    world.wait(10 * MINUTE - timedelta(seconds=1))
    assert lives(world, token)
    world.wait(timedelta(seconds=1))
    assert not lives(world, token)


def test_use_is_written_down_once_a_minute_at_most_and_never_recorded(world: World) -> None:
    token = world.sign_in(world.enrol())
    before = len(world.events())
    seen = world.clock
    assert not sessions.touch(world.registry, token, seen=seen, now=world.clock)
    world.wait(59 * timedelta(seconds=1))
    with world.statements() as statements:
        assert not sessions.touch(world.registry, token, seen=seen, now=world.clock)
    assert statements == []
    world.wait(timedelta(seconds=1))
    assert sessions.touch(world.registry, token, seen=seen, now=world.clock)
    assert not sessions.touch(world.registry, token, seen=seen, now=world.clock)
    found = sessions.find(world.registry, token, now=world.clock)
    assert found is not None
    assert found.last_seen == world.clock
    assert found.ends_unless_used == world.clock + 30 * MINUTE
    assert len(world.events()) == before


def test_finding_a_session_is_one_statement(world: World) -> None:
    token = world.sign_in(world.enrol())
    with world.statements() as statements:
        assert lives(world, token)
    assert len([text for text in statements if text.startswith("SELECT")]) == 1
    with world.statements() as statements:
        assert not lives(world, "no token at all")
    assert [text for text in statements if text.startswith("SELECT")] == []


@pytest.mark.asvs("V7.4.1")
def test_class_23_a_cookie_kept_from_before_the_sign_out_is_dead(world: World) -> None:
    li = world.enrol()
    token = world.sign_in(li)
    child = child_of(world, token)
    assert lives(world, child, "ledger")
    actor = Actor(subject=f"person:{li.id}")
    assert sessions.end(world.registry, token, actor=actor, now=world.clock)
    assert not lives(world, token)
    assert not lives(world, child, "ledger")
    ended = [entry for entry in world.events() if entry["ev"] == "session.ended"]
    assert {entry.get("svc") for entry in ended} == {None, "ledger"}
    assert {entry["why"] for entry in ended} == {"signed_out"}
    with pytest.raises(SessionOver):
        tickets.issue(world.registry, token, "ledger", now=world.clock)
    assert not sessions.end(world.registry, token, actor=actor, now=world.clock)


def test_leaving_a_service_leaves_that_service_or_everything_as_asked(world: World) -> None:
    token = world.sign_in(world.enrol())
    ledger, other = child_of(world, token), child_of(world, token, "other")
    sessions.end(world.registry, ledger, actor=ADMIN, now=world.clock)
    assert not lives(world, ledger, "ledger")
    assert lives(world, token)
    assert lives(world, other, "other")
    sessions.end(world.registry, other, actor=ADMIN, now=world.clock, parent_too=True)
    assert not lives(world, token)
    assert not lives(world, other, "other")


def test_being_present_keeps_a_session_awake_and_a_dead_one_dead(small_world: World) -> None:
    world = small_world
    token = world.sign_in(world.enrol())
    for _ in range(3):
        world.wait(20 * MINUTE)
        assert sessions.present(world.registry, token, now=world.clock) is not None
    world.wait(30 * MINUTE)
    assert sessions.present(world.registry, token, now=world.clock) is None
    assert not lives(world, token)


@pytest.mark.asvs("V7.4.2")
def test_class_26_a_disabled_person_and_a_changed_role_end_every_session_at_once(
    world: World,
) -> None:
    world.enrol("auditor", roles=("auditor",))
    li = world.enrol("li.lei", roles=("auditor",))
    token = world.sign_in(li)
    child = child_of(world, token)
    people.set_roles(world.registry, li.id, ["staff"], actor=ADMIN, now=world.clock)
    assert not lives(world, token)
    assert not lives(world, child, "ledger")
    token = world.sign_in(li)
    found = sessions.find(world.registry, token, now=world.clock)
    assert found is not None
    assert found.roles == {"staff"}
    child = child_of(world, token)
    step = world.password("li.lei")
    people.disable(world.registry, li.id, actor=ADMIN, now=world.clock)
    assert not lives(world, token)
    assert not lives(world, child, "ledger")
    newest = sessions.of_person(world.registry, li.id)[0]
    assert (newest.ended_at, newest.ended_why, newest.services) == (world.clock, "disabled", ())
    world.wait()
    with pytest.raises(StepOver):
        world.code(step.token, li.code(world.clock))


def test_class_26_even_a_session_that_slipped_in_belongs_to_a_disabled_person(
    small_world: World,
) -> None:
    """Sign-in and disabling at the same moment: the read asks for the person's state."""
    world = small_world
    li = world.enrol()
    token = world.sign_in(li)
    with world.registry.ledger.begin(unaudited_because="a test") as tx:
        tx.session.connection().exec_driver_sql("UPDATE person SET state = 'disabled'")
    assert not lives(world, token)


@pytest.mark.asvs("V7.5.2")
def test_a_person_sees_and_ends_the_own_sessions_and_nobody_elses(world: World) -> None:
    li, han = world.enrol(), world.enrol("han.mei")
    first, second, foreign = world.sign_in(li), world.sign_in(li), world.sign_in(han)
    child_of(world, second)
    shown = sessions.of_person(world.registry, li.id)
    assert [view.ref for view in shown] == [
        tokens.reference(tokens.digest_of_new(token)) for token in (second, first)
    ]
    assert (shown[0].address, shown[0].user_agent) == (ADDRESS, BROWSER)
    assert (shown[0].services, shown[1].services) == (("ledger",), ())
    other = sessions.of_person(world.registry, han.id)[0].ref
    assert not sessions.end_by_ref(world.registry, li.id, other, actor=ADMIN, now=world.clock)
    assert lives(world, foreign)
    ref = shown[1].ref
    assert sessions.end_by_ref(world.registry, li.id, ref, actor=ADMIN, now=world.clock)
    assert not lives(world, first)
    assert lives(world, second)
    view = sessions.of_person(world.registry, li.id)[1]
    assert (view.ended_at, view.ended_why) == (world.clock, "chosen")


def test_all_sessions_end_but_the_one_that_asked_and_its_children(world: World) -> None:
    li = world.enrol()
    mine, old = world.sign_in(li), world.sign_in(li)
    child, lost = child_of(world, mine), child_of(world, old)
    count = sessions.end_all(world.registry, li.id, actor=ADMIN, now=world.clock, except_token=mine)
    assert count == 2
    assert lives(world, mine)
    assert lives(world, child, "ledger")
    assert not lives(world, old)
    assert not lives(world, lost, "ledger")
    assert sessions.end_all(world.registry, li.id, actor=ADMIN, now=world.clock) == 2
    assert not lives(world, mine)


@pytest.mark.asvs("V7.4.5")
def test_everybodys_sessions_end_but_the_one_that_asked(world: World) -> None:
    """On the day on which cookies may be in strange hands."""
    li, han = world.enrol(), world.enrol("han.mei")
    mine, theirs = world.sign_in(li), world.sign_in(han)
    child, lost = child_of(world, mine), child_of(world, theirs)
    assert sessions.open_now(world.registry) == (2, 2)
    end = partial(sessions.end_everybodys, world.registry, actor=ADMIN, now=world.clock)
    assert end(except_token=mine) == 2
    assert (lives(world, mine), lives(world, child, "ledger")) == (True, True)
    assert (lives(world, theirs), lives(world, lost, "ledger")) == (False, False)
    assert end() == 2
    assert sessions.open_now(world.registry) == (0, 0)
    assert world.names().count("session.ended") == 4


def test_the_sweep_writes_down_what_ran_out_and_drops_what_expired(world: World) -> None:
    li = world.enrol()
    idle = world.sign_in(li)
    child_of(world, idle)
    world.password("li.lei")
    world.invite("never.came")
    assert housekeeping.sweep(world.registry, now=world.clock) == 0
    world.wait(30 * MINUTE)
    assert housekeeping.sweep(world.registry, now=world.clock) == 2
    assert sessions.of_person(world.registry, li.id)[0].ended_why == Why.IDLE
    fresh = world.sign_in(li)
    world.wait(timedelta(days=3))
    assert housekeeping.sweep(world.registry, now=world.clock) == 1
    assert sessions.of_person(world.registry, li.id)[0].ended_why == Why.LIFE
    assert not lives(world, fresh)
    with world.registry.store.read.connect() as connection:
        for table in ("pending_sign_in", "ticket", "throttle", "enrolment"):
            count = f"SELECT count(*) FROM {table}"
            assert connection.exec_driver_sql(count).scalar_one() == 0, table
