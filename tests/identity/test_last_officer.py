"""Somebody is always left in each office, whatever two people do at the same instant."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from identity_world import ADMIN, Enrolled, World
from sqlalchemy import select, update

from audit.record import Actor
from gateway.identity import attempts, codes, people, reports, rights, standing, totp
from gateway.identity.rights import Rights
from gateway.identity.roles import LastOfficer
from gateway.identity.sign_in import SignInRefused, StepOver
from gateway.identity.tables import Person, PersonRole, State, Totp
from gateway.identity.tables_guards import Attempt, PersonLock, Report

ROUNDS = 200
WHY = "The two of them quarrel once more."
Act = Callable[[World, Enrolled], bool]


def disable(world: World, victim: Enrolled) -> bool:
    """Shut the account."""
    people.disable(world.registry, victim.id, actor=ADMIN, now=world.clock)
    return True


def take_office(world: World, victim: Enrolled) -> bool:
    """Take the office by rights."""
    none = Rights(roles=frozenset({"staff"}), clearance=0)
    return rights.change(
        world.registry, victim.id, none, reason=WHY, by=None, actor=ADMIN, now=world.clock
    )


def disown(world: World, victim: Enrolled) -> bool:
    """Report a sign-in, which locks the account unless it is the last."""
    newest = attempts.of_person(world.registry, victim.id)[0].id
    actor = Actor(subject=f"person:{victim.id}")
    return reports.disown(world.registry, victim.id, newest, actor=actor, now=world.clock)


def guess(world: World, victim: Enrolled) -> bool:
    """The hundredth wrong code."""
    with world.registry.ledger.begin(unaudited_because="a test") as tx:
        most = update(Totp).where(Totp.person_id == victim.id).values(failures=totp.MAX_FAILURES)
        tx.session.execute(most)
    actor = Actor(subject=f"person:{victim.id}")
    codes.shut(world.registry, victim.id, actor=actor, now=world.clock)
    with world.registry.store.reading() as session:
        factor = session.get(Totp, victim.id)
        return factor is not None and factor.disabled_at is not None


ACTS: tuple[Act, ...] = (disable, take_office, disown, guess)


def revive(world: World, two: list[Enrolled]) -> None:
    """Have both in office again, as before the round."""
    with world.registry.ledger.begin(unaudited_because="a test") as tx:
        standing.believe(tx.session, [each.id for each in two])
        for each in two:
            person = tx.session.get_one(Person, each.id)
            person.state, person.disabled_at = State.ACTIVE, None
            for row in tx.session.scalars(
                select(PersonRole).where(PersonRole.person_id == each.id)
            ):
                tx.session.delete(row)
            lock = tx.session.get(PersonLock, each.id)
            if lock is not None:
                tx.session.delete(lock)
            factor = tx.session.get_one(Totp, each.id)
            factor.disabled_at = factor.rests_until = None
            factor.failures = 0
        tx.session.flush()
        for each in two:
            tx.session.add(PersonRole(person_id=each.id, role="auditor", zone="intranet"))
        for report in tx.session.scalars(select(Report)):
            tx.session.delete(report)
        tx.session.execute(update(Attempt).values(disowned_at=None))


def usable(world: World, role: str = "auditor") -> list[UUID]:
    """Return who can still sign in to the office."""
    with world.registry.store.reading() as session:
        return list(
            session.scalars(
                select(Person.id)
                .join(PersonRole, PersonRole.person_id == Person.id)
                .join(Totp, Totp.person_id == Person.id)
                .where(
                    PersonRole.role == role,
                    Person.state == State.ACTIVE,
                    Totp.disabled_at.is_(None),
                )
            )
        )


def at_once(world: World, barrier: Barrier, act: Act, victim: Enrolled) -> bool:
    """Do it when the other is ready as well; tell whether it was done."""
    barrier.wait()
    try:
        return act(world, victim)
    except LastOfficer:
        return False


def test_two_officers_removing_each_other_at_the_same_instant_200_times_leave_one(
    world: World,
) -> None:
    """In every pair of ways; the loser is refused, nobody waits for ever, one is always left."""
    two = [world.enrol(f"auditor{n}", roles=("auditor",)) for n in range(2)]
    for each in two:
        world.sign_in(each)
    dice = random.Random(20261127)
    pairs = [(one, other) for one in ACTS for other in ACTS]
    with ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            acts = pairs[number] if number < len(pairs) else dice.choice(pairs)
            barrier = Barrier(2)
            done = list(
                pool.map(
                    lambda act, victim, barrier=barrier: at_once(world, barrier, act, victim),
                    acts,
                    two,
                )
            )
            assert sum(done) == 1, (number, [act.__name__ for act in acts], done)
            assert len(usable(world)) == 1, (number, [act.__name__ for act in acts])
            revive(world, two)


@pytest.mark.parametrize("office", ["system_admin", "security_admin", "auditor"])
def test_a_hundred_wrong_codes_do_not_leave_an_office_without_anybody(
    small_world: World, office: str
) -> None:
    """The last one's authenticator rests for an hour after each further guess, and works again."""
    world = small_world
    only = world.enrol("only", roles=(office,))
    assert not guess(world, only)
    assert world.names()[-1] == "factor.spared"
    world.wait()
    step = world.password("only")
    with pytest.raises(SignInRefused):
        world.code(step.token, only.code(world.clock))
    assert world.events()[-1]["d"] == {"cause": "factor_resting"}
    world.wait(codes.REST)
    step = world.password("only")
    with pytest.raises((SignInRefused, StepOver)):
        world.code(step.token, "000000")
    world.wait()
    with pytest.raises(SignInRefused):
        world.code(step.token, only.code(world.clock))
    world.wait(codes.REST)
    assert world.sign_in(only)
    world.enrol("second", roles=(office,))
    assert guess(world, only), "with a second one there it is disabled like anybody's"


def test_an_officer_who_cannot_sign_in_does_not_count_as_somebody_left(small_world: World) -> None:
    world = small_world
    one, other = (world.enrol(login, roles=("auditor",)) for login in ("one", "two"))
    assert guess(world, one)
    with pytest.raises(LastOfficer):
        disable(world, other)
    assert not guess(world, other)


def test_a_factor_counted_to_a_hundred_takes_no_code_before_it_is_shut(small_world: World) -> None:
    """Killed between the count and the shutting, it fails closed; the next try makes up for it."""
    world = small_world
    li = world.enrol()
    with world.registry.ledger.begin(unaudited_because="a test") as tx:
        tx.session.execute(update(Totp).values(failures=totp.MAX_FAILURES))
    step = world.password("li.lei")
    with pytest.raises(SignInRefused):
        world.code(step.token, li.code(world.clock))
    refused, shut = world.events()[-2:]
    assert refused["d"] == {"cause": "factor_disabled"}
    assert shut["ev"] == "factor.disabled"
