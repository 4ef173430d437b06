"""An office beside no other role: refused by the database for raw SQL, whoever sends it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from identity_world import World
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.types import Uuid

from gateway.identity.current import OFFICER_ROLES

OFFICERS = sorted(OFFICER_ROLES)
BUSINESS = ("staff", "responder", "service_owner", "break_glass", "role-of-the-office")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Return a connection beside the program."""
    made = create_engine(database_url)
    yield made
    made.dispose()


def bound(engine: Engine, person: UUID) -> object:
    """As the driver wants a UUID."""
    process = Uuid().bind_processor(engine.dialect)
    return person if process is None else process(person)


def insert(engine: Engine, person: UUID, role: str, zone: str = "intranet") -> None:
    """Write one role by raw SQL."""
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO person_role (person_id, role, zone) VALUES (:who, :role, :zone)"),
            {"who": bound(engine, person), "role": role, "zone": zone},
        )


def held(engine: Engine, person: UUID) -> list[str]:
    """Return what the person holds."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT role FROM person_role WHERE person_id = :who ORDER BY role"),
            {"who": bound(engine, person)},
        )
        return list(rows.scalars())


@pytest.mark.parametrize("zone", ["intranet", "extranet"])
def test_raw_sql_gives_no_officer_another_role_in_any_zone(
    world: World, engine: Engine, zone: str
) -> None:
    for number, office in enumerate(OFFICERS):
        person, _ = world.invite(f"officer{number}", roles=(office,))
        for role in (*OFFICERS, *BUSINESS):
            if role != office:
                with pytest.raises(IntegrityError):
                    insert(engine, person, role, zone)
        assert held(engine, person) == [office]


@pytest.mark.parametrize("zone", ["intranet", "extranet"])
def test_raw_sql_makes_nobody_with_a_role_an_officer(
    world: World, engine: Engine, zone: str
) -> None:
    for number, role in enumerate(BUSINESS):
        person, _ = world.invite(f"person{number}", roles=(role,))
        for office in OFFICERS:
            with pytest.raises(IntegrityError):
                insert(engine, person, office, zone)
        assert held(engine, person) == [role]


def test_raw_sql_updates_no_role_into_an_office_beside_another(
    world: World, engine: Engine
) -> None:
    person, _ = world.invite(roles=("staff", "responder"))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE person_role SET role = 'auditor' WHERE role = 'staff'"))
    assert held(engine, person) == ["responder", "staff"]


def test_two_raw_inserts_at_once_do_not_both_succeed(world: World, engine: Engine) -> None:
    """Each would be allowed alone; the triggers see each other."""
    for number in range(20):
        person, _ = world.invite(f"person{number}", roles=())
        barrier = Barrier(2)

        def give(role: str, person: UUID = person, barrier: Barrier = barrier) -> bool:
            barrier.wait()
            try:
                insert(engine, person, role)
            except DatabaseError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(give, ("auditor", "staff")))
        assert len(held(engine, person)) == sum(done) == 1
