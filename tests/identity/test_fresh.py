"""Fresh proofs: one more code for one act; the session's old token is dead, its tabs live on."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from identity_world import ADDRESS, ADMIN, Enrolled, World
from sqlalchemy import select

from audit.record import Actor
from gateway.identity import fresh, housekeeping, past, proofs, sessions, tickets
from gateway.identity.fresh import ProofRefused, ProofsOver, ProofTwice
from gateway.identity.second_step import MAX_CODES
from gateway.identity.sessions import Current
from gateway.identity.tables import Session
from gateway.identity.tables_fresh import FreshProof, ReplacedToken
from gateway.refusals import Refused

ACT = "people_acts.disable?person_id=7"
OTHER = "people_acts.disable?person_id=8"


def found(world: World, token: str) -> Current:
    current = sessions.find(world.registry, token, now=world.clock)
    assert current is not None
    return current


def prove(world: World, token: str, code: str, act: str = ACT, *, of: Current | None = None) -> str:
    current = of or found(world, token)
    actor = Actor(subject=current.subject, session=current.session_ref, address=ADDRESS)
    renewed = fresh.prove(world.registry, current, act=act, code=code, actor=actor, now=world.clock)
    return renewed.token


def wrong(person: Enrolled, world: World) -> str:
    right = {person.code(world.clock + step * timedelta(seconds=30)) for step in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


@pytest.fixture
def person(world: World) -> Enrolled:
    return world.enrol()


@pytest.mark.asvs("V6.6.2", "V7.2.4", "V7.5.1", "V7.5.3")
def test_a_proof_counts_for_its_act_alone_and_for_minutes(world: World, person: Enrolled) -> None:
    token = world.sign_in(person)
    assert not proofs.is_fresh(world.registry, found(world, token).session_id, ACT, now=world.clock)
    world.wait()
    new = prove(world, token, person.code(world.clock))

    assert sessions.find(world.registry, token, now=world.clock) is None
    current = found(world, new)
    assert proofs.is_fresh(world.registry, current.session_id, ACT, now=world.clock)
    assert not proofs.is_fresh(world.registry, current.session_id, OTHER, now=world.clock)
    life = world.registry.limits.fresh_life
    assert not proofs.is_fresh(world.registry, current.session_id, ACT, now=world.clock + life)


def test_a_proof_of_one_session_does_not_count_for_another(world: World, person: Enrolled) -> None:
    here, there = world.sign_in(person), world.sign_in(person)
    world.wait()
    prove(world, here, person.code(world.clock))

    assert not proofs.is_fresh(world.registry, found(world, there).session_id, ACT, now=world.clock)


@pytest.mark.asvs("V6.5.1")
def test_attack_the_code_of_the_sign_in_does_not_count_again(
    world: World, person: Enrolled
) -> None:
    token = world.sign_in(person)

    with pytest.raises(ProofRefused):
        prove(world, token, person.code(world.clock))
    assert found(world, token)


def test_attack_the_fifth_wrong_code_ends_the_session_whatever_the_acts(
    world: World, person: Enrolled
) -> None:
    token = world.sign_in(person)
    world.wait()
    code = wrong(person, world)
    for number in range(MAX_CODES - 1):
        with pytest.raises(ProofRefused):
            prove(world, token, code, ACT if number % 2 else OTHER)
    with pytest.raises(ProofsOver):
        prove(world, token, code)

    assert sessions.find(world.registry, token, now=world.clock) is None
    assert world.events()[-1]["why"] == "guessed"


def test_a_right_code_forgets_the_wrong_ones(world: World, person: Enrolled) -> None:
    token = world.sign_in(person)
    for _ in range(3):
        world.wait()
        for _ in range(MAX_CODES - 1):
            with pytest.raises(ProofRefused):
                prove(world, token, wrong(person, world))
        token = prove(world, token, person.code(world.clock))
    assert found(world, token)


@pytest.mark.asvs("V7.2.4")
def test_open_services_go_on_under_the_new_token(world: World, person: Enrolled) -> None:
    token = world.sign_in(person)
    ticket = tickets.issue(world.registry, token, "ledger", now=world.clock)
    unspent = tickets.issue(world.registry, token, "archive", now=world.clock)
    child = tickets.redeem(world.registry, ticket, "ledger", now=world.clock)
    world.wait()
    new = prove(world, token, person.code(world.clock))

    assert sessions.find(world.registry, child, now=world.clock, service="ledger")
    assert tickets.redeem(world.registry, unspent, "archive", now=world.clock)
    sessions.end(world.registry, new, actor=ADMIN, now=world.clock)
    assert sessions.find(world.registry, child, now=world.clock, service="ledger") is None


@pytest.mark.asvs("V7.2.4")
def test_the_replaced_token_opens_nothing_but_is_known_for_seconds(
    world: World, person: Enrolled
) -> None:
    token = world.sign_in(person)
    world.wait()
    new = prove(world, token, person.code(world.clock))

    assert sessions.find(world.registry, token, now=world.clock) is None
    assert past.was_replaced(world.registry, token, now=world.clock)
    assert not past.was_replaced(world.registry, new, now=world.clock)
    assert not past.was_replaced(world.registry, token, now=world.clock + past.MEANWHILE)
    owner = past.owner_of(world.registry, token, service=None, now=world.clock)
    assert owner is not None
    assert owner.person_id == person.id
    sessions.end(world.registry, new, actor=ADMIN, now=world.clock)
    assert not past.was_replaced(world.registry, token, now=world.clock)


def test_a_tab_that_read_the_session_before_another_renewed_it_is_asked_once_more(
    world: World, person: Enrolled
) -> None:
    token = world.sign_in(person)
    world.wait(timedelta(seconds=60))
    before = found(world, token)
    back = person.code(world.clock - timedelta(seconds=30))
    prove(world, token, back, of=before)
    code = person.code(world.clock)
    with pytest.raises(ProofTwice):
        prove(world, token, code, OTHER, of=before)

    with world.registry.store.reading() as session:
        new_hashes = session.execute(
            select(Session.token_hash).where(Session.ended_at.is_(None))
        ).scalars()
        assert len(list(new_hashes)) == 1
    assert world.events()[-1]["d"] == {"act": OTHER, "cause": "renewed_meanwhile"}


def test_two_tabs_at_once_never_leave_the_browser_with_a_dead_token(
    world: World, person: Enrolled
) -> None:
    """Whichever answer arrives last, the only token that was given out is the live one."""
    for _ in range(6):
        token = world.sign_in(person)
        world.wait(timedelta(seconds=60))
        current = found(world, token)
        codes = [
            person.code(world.clock - timedelta(seconds=30)),
            person.code(world.clock),
        ]
        given: list[str] = []
        start = threading.Barrier(2)

        def confirm(
            code: str,
            act: str,
            old: str = token,
            of: Current = current,
            out: list[str] = given,
            start: threading.Barrier = start,
        ) -> None:
            start.wait()
            try:
                out.append(prove(world, old, code, act, of=of))
            except Refused:
                return

        threads = [
            threading.Thread(target=confirm, args=pair)
            for pair in zip(codes, (ACT, OTHER), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(given) == 1
        assert found(world, given[0])


def test_an_ended_session_confirms_nothing(world: World, person: Enrolled) -> None:
    token = world.sign_in(person)
    current = found(world, token)
    sessions.end(world.registry, token, actor=ADMIN, now=world.clock)
    world.wait()

    with pytest.raises(ProofsOver):
        prove(world, token, person.code(world.clock), of=current)


def test_a_service_is_confirmed_from_the_session_it_was_opened_from(
    world: World, person: Enrolled
) -> None:
    token = world.sign_in(person)
    ticket = tickets.issue(world.registry, token, "ledger", now=world.clock)
    child = tickets.redeem(world.registry, ticket, "ledger", now=world.clock)
    opened = sessions.find(world.registry, child, now=world.clock, service="ledger")
    assert opened is not None

    def at(session: UUID, slug: str) -> datetime | None:
        return proofs.proved_for_service(world.registry, session, slug, world.clock)

    assert at(opened.session_id, "ledger") is None
    world.wait()
    new = prove(world, token, person.code(world.clock), proofs.act_of_service("ledger"))

    assert at(opened.session_id, "ledger") == world.clock
    assert at(opened.session_id, "archive") is None
    assert at(found(world, new).session_id, "ledger") == world.clock


def test_housekeeping_forgets_proofs_and_old_tokens(world: World, person: Enrolled) -> None:
    token = world.sign_in(person)
    world.wait()
    prove(world, token, person.code(world.clock))
    housekeeping.sweep(world.registry, now=world.clock + fresh.KEPT + timedelta(seconds=1))

    with world.registry.store.reading() as session:
        assert session.execute(select(FreshProof)).all() == []
        assert session.execute(select(ReplacedToken)).all() == []
