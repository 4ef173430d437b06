"""Somebody who can write the database, and has no key: what they write opens nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from database_writer import Writer, forged
from identity_world import ADMIN, PASSWORD, Enrolled, World
from sqlalchemy import text

from gateway.identity import (
    enrolment,
    integrity,
    notices,
    people,
    sessions,
    staff,
    tickets,
    tokens,
)
from gateway.identity.enrolment import EnrolmentOver
from gateway.identity.memberships import memberships
from gateway.identity.standing import StandingBroken
from gateway.identity.tickets import SessionOver, TicketRefused


def insert_session(writer: Writer, world: World, person: UUID, token: str, mac: object) -> None:
    """Write a session row as the gateway would, but for its MAC."""
    row = {
        "id": uuid4(),
        "row_version": 1,
        "token_hash": tokens.digest_of_new(token),
        "person_id": person,
        "created": world.clock,
        "last_seen": world.clock,
        "amr": "pwd otp",
        "strength": 2,
        "mac": mac,
    }
    names = ", ".join(row)
    given = ", ".join(f":{name}" for name in row)
    writer.run(f"INSERT INTO session ({names}) VALUES ({given})", **row)


def test_a_database_writer_opens_a_session(world: World, writer: Writer) -> None:
    """With no MAC, with a random one, and with the MAC of a real session of somebody else."""
    admin = world.enrol("wang", roles=("system_admin",))
    own = world.enrol("mallory")
    world.sign_in(own)
    real = writer.row("session", "person_id = :who AND ended_at IS NULL", who=own.id)
    for number, mac in enumerate((None, b"\x00" * 32, real["mac"])):
        token = tokens.new()
        insert_session(writer, world, admin.id, token, mac=mac)
        assert sessions.find(world.registry, token, now=world.clock) is None
        assert len(forged(world)) == number + 1
        assert sessions.find(world.registry, token, now=world.clock) is None
        assert len(forged(world)) == number + 1, "told once"
    told = notices.latest(world.registry, admin.id)
    assert [each.kind for each in told].count("row_forged") == 3


@pytest.mark.parametrize("column", ["person_id", "token_hash", "strength", "created", "service"])
def test_a_database_writer_changes_a_real_session(
    world: World, writer: Writer, column: str
) -> None:
    """Another person, another token, more strength, a longer life, another service."""
    admin, own = world.enrol("wang", roles=("system_admin",)), world.enrol("mallory")
    token = other = world.sign_in(own)
    if column == "token_hash":
        token = world.sign_in(admin)
        other = tokens.new()
    values = {
        "person_id": admin.id,
        "token_hash": tokens.digest_of_new(other),
        "strength": 3,
        "created": world.clock + timedelta(days=1),
        "service": "ledger",
    }
    which = tokens.digest_of_new(token)
    changed = f"UPDATE session SET {column} = :value WHERE token_hash = :which"
    assert writer.run(changed, value=values[column], which=which) == 1
    service = "ledger" if column == "service" else None
    assert sessions.find(world.registry, other, now=world.clock, service=service) is None


def test_a_database_writer_revives_an_ended_session(world: World, writer: Writer) -> None:
    """What ended has no MAC any more."""
    own = world.enrol("mallory")
    token = world.sign_in(own)
    sessions.end(world.registry, token, actor=ADMIN, now=world.clock)
    writer.run("UPDATE session SET ended_at = NULL, ended_why = NULL")
    assert sessions.find(world.registry, token, now=world.clock) is None
    assert len(forged(world)) == 1


def test_a_database_writer_makes_a_ticket_for_somebody_elses_session(
    world: World, writer: Writer
) -> None:
    """The session's hash is there to be read; the pass from it is not theirs to make."""
    admin = world.enrol("wang", roles=("system_admin",))
    session = world.sign_in(admin)
    ticket = tokens.new()
    writer.run(
        "INSERT INTO ticket (token_hash, session_hash, service, expires) VALUES (:t, :s, :v, :e)",
        t=tokens.digest_of_new(ticket),
        s=tokens.digest_of_new(session),
        v="ledger",
        e=world.clock + timedelta(seconds=50),
    )
    with pytest.raises(TicketRefused):
        tickets.redeem(world.registry, ticket, "ledger", now=world.clock)
    assert len(forged(world)) == 1
    real = tickets.issue(world.registry, session, "ledger", now=world.clock)
    assert tickets.redeem(world.registry, real, "ledger", now=world.clock)


def test_a_database_writer_makes_an_enrolment_link(world: World, writer: Writer) -> None:
    """Whoever could make one would replace an officer's password and factor."""
    admin = world.enrol("wang", roles=("system_admin",))
    token = tokens.new()
    row = {
        "id": uuid4(),
        "token_hash": tokens.digest_of_new(token),
        "person": admin.id,
        "expires": world.clock + timedelta(hours=1),
        "only": False,
    }
    writer.run(
        "INSERT INTO enrolment (id, row_version, token_hash, person_id, expires, factors_only)"
        " VALUES (:id, 1, :token_hash, :person, :expires, :only)",
        **row,
    )
    with pytest.raises(EnrolmentOver):
        enrolment.look(world.registry, token, now=world.clock)
    with pytest.raises(EnrolmentOver):
        enrolment.begin(world.registry, token, PASSWORD, now=world.clock)
    assert len(forged(world)) == 1
    assert world.sign_in(admin)


@pytest.mark.parametrize("column", ["used_at", "person_id"])
def test_a_database_writer_turns_a_link_round(world: World, writer: Writer, column: str) -> None:
    """A used link is not used again, and one's own opens nobody else's account."""
    admin = world.enrol("wang", roles=("system_admin",))
    person, link = world.invite("mallory")
    if column == "used_at":
        world.finish(person, link, PASSWORD, login="mallory")
        writer.run("UPDATE enrolment SET used_at = NULL")
    else:
        writer.run("UPDATE enrolment SET person_id = :who WHERE used_at IS NULL", who=admin.id)
    with pytest.raises(EnrolmentOver):
        enrolment.look(world.registry, link, now=world.clock)
    assert forged(world)


def give(writer: Writer, person: UUID, role: str) -> None:
    """Write a role."""
    writer.run(
        "INSERT INTO person_role (person_id, role, zone) VALUES (:who, :role, 'intranet')",
        who=person,
        role=role,
    )


def hears_of(world: World, person: Enrolled) -> set[str]:
    """The roles that the policy engine is told of."""
    with world.registry.store.reading() as session:
        rows = memberships(session).roles
    return {role for who, role, _ in rows if who == f"person:{person.id}"}


def test_a_database_writer_gives_itself_a_role(world: World, writer: Writer) -> None:
    """Neither the session nor the engine believes it, and no later change makes it true."""
    world.enrol("wang", roles=("system_admin",))
    own = world.enrol("mallory")
    token = world.sign_in(own)
    give(writer, own.id, "service_owner")
    assert sessions.find(world.registry, token, now=world.clock) is None
    assert forged(world) == [f"person:{own.id}"]
    assert hears_of(world, own) == set()
    with pytest.raises(StandingBroken):
        staff.change(world.registry, own.id, name="马洛", actor=ADMIN, now=world.clock)
    with pytest.raises(StandingBroken):
        people.set_roles(world.registry, own.id, ["responder"], actor=ADMIN, now=world.clock)
    assert hears_of(world, own) == set()


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM person_role WHERE person_id = :who",
        "UPDATE person SET clearance = 4 WHERE id = :who",
        "UPDATE person SET unit = 'health' WHERE id = :who",
        "UPDATE person SET standing_mac = NULL WHERE id = :who",
        "UPDATE person_role SET zone = 'extranet' WHERE person_id = :who",
    ],
)
def test_a_database_writer_changes_a_standing(world: World, writer: Writer, change: str) -> None:
    """A role taken away is seen like one that was given."""
    own = world.enrol("mallory")
    token = world.sign_in(own)
    assert writer.run(change, who=own.id) == 1
    assert sessions.find(world.registry, token, now=world.clock) is None
    assert hears_of(world, own) == set()
    assert integrity.sweep(world.registry, now=world.clock) == 0, "known already"
    assert forged(world) == [f"person:{own.id}"]


def test_a_database_writer_wakes_a_disabled_account(world: World, writer: Writer) -> None:
    own = world.enrol("mallory")
    people.disable(world.registry, own.id, actor=ADMIN, now=world.clock)
    writer.run("UPDATE person SET state = 'active', disabled_at = NULL WHERE id = :w", w=own.id)
    assert integrity.sweep(world.registry, now=world.clock) == 1
    token = world.sign_in(own)
    assert sessions.find(world.registry, token, now=world.clock) is None
    assert hears_of(world, own) == set()


def test_a_database_writer_swaps_two_peoples_rows(world: World, writer: Writer) -> None:
    """The MAC of an officer fits the officer alone."""
    admin, own = world.enrol("wang", roles=("system_admin",)), world.enrol("mallory")
    tokens_held = [world.sign_in(admin), world.sign_in(own)]
    theirs = writer.row("person", "id = :who", who=admin.id)
    mine = writer.row("person", "id = :who", who=own.id)
    for who, mac in ((own.id, theirs["standing_mac"]), (admin.id, mine["standing_mac"])):
        writer.run("UPDATE person SET standing_mac = :mac WHERE id = :who", mac=mac, who=who)
    for token in tokens_held:
        assert sessions.find(world.registry, token, now=world.clock) is None
    assert sorted(map(str, forged(world))) == sorted(f"person:{p.id}" for p in (admin, own))


@pytest.mark.parametrize("whole", [False, True])
def test_a_database_writer_rolls_a_role_row_back(
    world: World, writer: Writer, *, whole: bool
) -> None:
    """The role alone, and with it the person's row as it was, MAC and version."""
    own = world.enrol("mallory", roles=("staff", "service_owner"))
    old = writer.row("person", "id = :who", who=own.id)
    people.set_roles(world.registry, own.id, ["staff"], actor=ADMIN, now=world.clock)
    token = world.sign_in(own)
    assert sessions.find(world.registry, token, now=world.clock) is not None
    give(writer, own.id, "service_owner")
    if whole:
        writer.put_back("person", old, "id")
    assert sessions.find(world.registry, token, now=world.clock) is None
    assert forged(world) == [f"person:{own.id}"]


def test_an_operator_mends_a_standing_after_a_look(world: World, writer: Writer) -> None:
    """And it is on record what was accepted."""
    own = world.enrol("mallory")
    token = world.sign_in(own)
    writer.run("UPDATE person SET clearance = 3 WHERE id = :who", who=own.id)
    assert sessions.find(world.registry, token, now=world.clock) is None
    integrity.mend(world.registry, own.id, actor=ADMIN, now=world.clock)
    found = sessions.find(world.registry, token, now=world.clock)
    assert found is not None
    assert found.clearance == 3
    mended = [entry for entry in world.events() if entry["ev"] == "person.mended"][-1]
    assert mended["d"] == {"roles": ["staff"], "state": "active", "unit": "finance", "clearance": 3}
    writer.run("UPDATE person SET clearance = 4 WHERE id = :who", who=own.id)
    assert sessions.find(world.registry, token, now=world.clock) is None
    assert len(forged(world)) == 2, "told again after it was mended"


def test_every_change_of_a_standing_has_its_mac_and_a_version_of_its_own(world: World) -> None:
    """Whoever changes people in whatever way: the next look finds them whole."""
    seen: list[int] = []
    for number in range(2):
        world.enrol(f"spare{number}", roles=("auditor",))
    own = world.enrol("li.lei")

    def look() -> None:
        assert integrity.sweep(world.registry, now=world.clock) == 0
        with world.registry.store.read.connect() as connection:
            versions = connection.execute(
                text("SELECT row_version FROM person WHERE login_index = :i"),
                {"i": world.registry.vault.blind("person.login", "li.lei")},
            )
            seen.append(versions.scalar_one())

    look()
    people.set_roles(world.registry, own.id, ["responder"], actor=ADMIN, now=world.clock)
    look()
    staff.change(world.registry, own.id, unit="health", actor=ADMIN, now=world.clock)
    look()
    staff.change(
        world.registry, own.id, name="李蕾", staff_number="A1", actor=ADMIN, now=world.clock
    )
    look()
    people.disable(world.registry, own.id, actor=ADMIN, now=world.clock)
    look()
    link = enrolment.issue(world.registry, own.id, actor=ADMIN, now=world.clock)
    look()
    world.finish(own.id, link, PASSWORD)
    look()
    assert seen == sorted(set(seen))


def test_a_session_without_its_parent_is_none(world: World, writer: Writer) -> None:
    """A service's session lives by its parent's clocks, which a writer may not turn back."""
    own = world.enrol("mallory")
    session = world.sign_in(own)
    ticket = tickets.issue(world.registry, session, "ledger", now=world.clock)
    child = tickets.redeem(world.registry, ticket, "ledger", now=world.clock)
    later = world.clock + timedelta(minutes=1)
    assert sessions.find(world.registry, child, now=later, service="ledger") is not None
    writer.run(
        "UPDATE session SET created = :later WHERE service IS NULL AND ended_at IS NULL",
        later=later,
    )
    assert sessions.find(world.registry, child, now=later, service="ledger") is None
    with pytest.raises(SessionOver):
        tickets.issue(world.registry, session, "ledger", now=later)


def test_the_engine_is_built_without_whom_somebody_forged(world: World, writer: Writer) -> None:
    """And for everybody else it goes on deciding."""
    honest, own = world.enrol("li.lei"), world.enrol("mallory")
    give(writer, own.id, "service_owner")
    assert hears_of(world, honest) == {"role:staff"}
    assert hears_of(world, own) == set()
