"""Tickets, and the child sessions they open on the services' hosts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from identity_world import ADMIN, World

from gateway.identity import sessions, tickets
from gateway.identity.tickets import TicketRefused

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


def test_a_child_keeps_its_parent_awake_and_never_outlives_it(small_world: World) -> None:
    world = small_world
    token = world.sign_in(world.enrol())
    child = child_of(world, token)
    for _ in range(4):
        world.wait(20 * MINUTE)
        use(world, child, "ledger")
    assert lives(world, token)
    world.wait(30 * MINUTE)
    assert not lives(world, child, "ledger")
    assert not lives(world, token)


def test_a_child_does_not_live_on_when_its_parent_is_gone_from_the_table(
    small_world: World,
) -> None:
    world = small_world
    token = world.sign_in(world.enrol())
    child = child_of(world, token)
    with world.registry.ledger.begin(unaudited_because="a test") as tx:
        tx.session.connection().exec_driver_sql("DELETE FROM session WHERE service IS NULL")
    assert not lives(world, child, "ledger")


def test_a_child_that_slipped_in_after_its_parents_end_is_dead(small_world: World) -> None:
    """A ticket redeemed at the very moment of the sign-out: the read asks for the parent, too."""
    world = small_world
    token = world.sign_in(world.enrol())
    child = child_of(world, token)
    sessions.end(world.registry, token, actor=ADMIN, now=world.clock)
    with world.registry.ledger.begin(unaudited_because="a test") as tx:
        tx.session.connection().exec_driver_sql(
            "UPDATE session SET ended_at = NULL WHERE service IS NOT NULL"
        )
    assert not lives(world, child, "ledger")


def test_class_32_a_ticket_works_once_for_its_service_and_for_a_minute(world: World) -> None:
    token = world.sign_in(world.enrol())
    registry = world.registry
    ticket = tickets.issue(registry, token, "ledger", now=world.clock)
    with pytest.raises(TicketRefused):
        tickets.redeem(registry, ticket, "other", now=world.clock)
    assert world.names()[-1] == "ticket.refused"
    child = tickets.redeem(registry, ticket, "ledger", now=world.clock)
    assert lives(world, child, "ledger")
    with pytest.raises(TicketRefused):
        tickets.redeem(registry, ticket, "ledger", now=world.clock)
    late = tickets.issue(registry, token, "ledger", now=world.clock)
    world.wait(timedelta(seconds=60))
    with pytest.raises(TicketRefused):
        tickets.redeem(registry, late, "ledger", now=world.clock)
    orphan = tickets.issue(registry, token, "ledger", now=world.clock)
    sessions.end(registry, token, actor=ADMIN, now=world.clock)
    with pytest.raises(TicketRefused):
        tickets.redeem(registry, orphan, "ledger", now=world.clock)
    assert world.events()[-1]["why"] == "session_over"


def test_class_32_twenty_parallel_uses_of_a_ticket_open_one_session(world: World) -> None:
    token = world.sign_in(world.enrol())
    ticket = tickets.issue(world.registry, token, "ledger", now=world.clock)
    barrier = Barrier(20)

    def redeem(_number: int) -> str:
        barrier.wait()
        try:
            tickets.redeem(world.registry, ticket, "ledger", now=world.clock)
        except TicketRefused as refusal:
            return refusal.code
        return "in"

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(redeem, range(20))) == ["in"] + ["ticket_refused"] * 19
