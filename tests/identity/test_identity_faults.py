"""Killed at any call of the database, each act leaves a state that the next try understands."""

from __future__ import annotations

from contextlib import suppress

import pytest
from identity_world import PASSWORD, Died, Enrolled, World, secret_of
from sqlalchemy import func, select

from gateway.identity import enrolment, people, sessions, tickets
from gateway.identity.enrolment import EnrolmentOver
from gateway.identity.tables import Session
from gateway.identity.tickets import TicketRefused

AFTER_COMMIT = pytest.mark.parametrize(
    "committed", [False, True], ids=["commit lost", "answer lost"]
)


def rows(world: World) -> int:
    with world.registry.store.reading() as session:
        return session.execute(select(func.count()).select_from(Session)).scalar_one()


def accepted(world: World) -> int:
    return world.names().count("sign_in.accepted")


@AFTER_COMMIT
def test_whatever_call_of_a_sign_in_fails_the_next_one_succeeds(
    world: World,
    committed: bool,  # noqa: FBT001
) -> None:
    li = world.enrol()
    for number in range(1, 200):
        token = None
        with world.dying_at(number, committed=committed) as seen, suppress(Died):
            token = world.sign_in(li)
        assert rows(world) == accepted(world), seen  # a session and its record, or neither
        assert sessions.find(world.registry, world.sign_in(li), now=world.clock) is not None
        if token is not None:
            break
    assert token is not None
    assert 15 < number < 60
    assert seen.count("COMMIT") >= 3


@AFTER_COMMIT
def test_whatever_call_of_an_enrolment_fails_the_same_link_goes_on(
    world: World,
    committed: bool,  # noqa: FBT001
) -> None:
    for number in range(1, 200):
        login = f"person{number}"
        person_id, link = world.invite(login)
        person = Enrolled(person_id, login, b"")
        died = False
        with world.dying_at(number, committed=committed) as seen:
            try:
                person.secret = secret_of(
                    enrolment.begin(world.registry, link, PASSWORD, now=world.clock)
                )
                enrolment.finish(world.registry, link, person.code(world.clock), now=world.clock)
            except Died:
                died = True
        resume(world, person, link)
        assert world.sign_in(person), (number, seen)
        if not died:
            break
    assert not died
    assert 15 < number < 80


def resume(world: World, person: Enrolled, link: str) -> None:
    """Follow the same link again: it goes on, or says that all is done."""
    try:
        enrolment.look(world.registry, link, now=world.clock)
    except EnrolmentOver:
        found = people.by_id(world.registry, person.id)
        assert found is not None
        assert found.state == "active"
    else:
        assert people.factors(world.registry, person.id) == []
        person.secret = world.finish(person.id, link, PASSWORD).secret


@AFTER_COMMIT
def test_whatever_call_of_a_ticket_fails_it_opens_at_most_one_session(
    world: World,
    committed: bool,  # noqa: FBT001
) -> None:
    li = world.enrol()
    parent = world.sign_in(li)
    for number in range(1, 60):
        ticket = tickets.issue(world.registry, parent, "ledger", now=world.clock)
        before = rows(world)
        died = False
        with world.dying_at(number, committed=committed):
            try:
                tickets.redeem(world.registry, ticket, "ledger", now=world.clock)
            except Died:
                died = True
        opened = rows(world) - before
        if opened:
            with pytest.raises(TicketRefused):
                tickets.redeem(world.registry, ticket, "ledger", now=world.clock)
        else:
            assert tickets.redeem(world.registry, ticket, "ledger", now=world.clock)
        assert rows(world) == before + 1
        if not died:
            break
    assert not died
