"""Accounts of one natural person are found by name and staff number, whatever the spelling."""

from __future__ import annotations

from uuid import UUID

from identity_world import ADMIN, World
from sqlalchemy import update

from gateway.identity import natural_persons, people, staff, standing
from gateway.identity.tables import Person


def account(world: World, login: str, name: str, number: str | None = None) -> UUID:
    made, _ = people.create(
        world.registry, login=login, name=name, unit="finance", roles=["staff"], clearance=0,
        actor=ADMIN, now=world.clock, staff_number=number,
    )  # fmt: skip
    return made


def several(world: World) -> list[frozenset[str]]:
    with world.registry.store.reading() as session:
        return list(natural_persons.several(session))


def held(world: World, whose: UUID) -> frozenset[str]:
    with world.registry.ledger.begin(unaudited_because="a test holds accounts") as tx:
        return natural_persons.held(tx.session, whose)


def subjects(*ids: UUID) -> frozenset[str]:
    return frozenset(f"person:{each}" for each in ids)


def test_accounts_of_one_name_are_one_person_unless_each_has_its_number(world: World) -> None:
    one, two = account(world, "a", "Wang Fang"), account(world, "b", "ＷＡＮＧ  fang", "17")
    other = account(world, "c", "王芳")
    assert several(world) == [subjects(one, two)]
    assert held(world, one) == held(world, two) == subjects(one, two)
    assert held(world, other) == subjects(other)

    staff.change(world.registry, one, actor=ADMIN, now=world.clock, staff_number="18")
    assert several(world) == []
    assert held(world, one) == subjects(one)
    # A third without a number may be either of them.
    third = account(world, "d", "wangfang")
    assert several(world) == [subjects(one, two, third)]
    assert held(world, two) == subjects(one, two, third)


def test_a_new_name_is_found_at_once_and_the_old_one_no_longer(world: World) -> None:
    one, two = account(world, "a", "王芳"), account(world, "b", "李雷")
    assert several(world) == []
    staff.change(world.registry, two, actor=ADMIN, now=world.clock, name="王 芳")
    assert several(world) == [subjects(one, two)]
    staff.change(world.registry, one, actor=ADMIN, now=world.clock, name="王方")
    assert several(world) == []


def test_people_from_before_there_was_the_index_are_found_after_the_move(world: World) -> None:
    one, two = account(world, "a", "王芳"), account(world, "b", "王芳")
    with world.registry.ledger.begin(unaudited_because="a database of an older release") as tx:
        tx.session.execute(update(Person).values(name_index=None))
        standing.believe_all(tx.session)
    assert several(world) == []
    assert held(world, one) == subjects(one)

    with world.registry.ledger.begin(unaudited_because="the move") as tx:
        natural_persons.index_all(tx.session)
    assert several(world) == [subjects(one, two)]
    with world.registry.store.reading() as session:
        assert not standing.broken(session)


def test_attack_a_database_writer_parts_the_accounts_and_is_seen(world: World) -> None:
    one, two = account(world, "a", "王芳"), account(world, "b", "王芳")
    with world.registry.ledger.begin(unaudited_because="a writer without a key") as tx:
        tx.session.execute(update(Person).where(Person.id == two).values(name_index=b"else"))
    with world.registry.store.reading() as session:
        assert list(standing.broken(session)) == [two]
    assert held(world, one) == subjects(one)
