"""Whoever writes the database and has no key: no fresh proof is made, no spent code is revived."""

from __future__ import annotations

from typing import Any

import pytest
from database_writer import Writer, forged
from factor_world import Holder, holder, recover
from identity_world import Enrolled, World

from gateway.identity import factors, fresh, notices, proofs, recovery, sessions
from gateway.identity.current import Current
from gateway.identity.fresh import ProofRefused
from gateway.identity.sign_in import SignInRefused

ACT = "people_acts.disable?person_id=7"
OTHER = "people_acts.disable?person_id=8"
SET, CODES = "recovery_set", "recovery_code"


def current_of(world: World, token: str) -> Current:
    """Whose session it is."""
    found = sessions.find(world.registry, token, now=world.clock)
    assert found is not None
    return found


def confirm(world: World, person: Enrolled, token: str, act: str = ACT) -> Current:
    """Confirm an act; return the session under its new token."""
    world.wait()
    li = Holder(world, person, token)
    code, now = person.code(world.clock), world.clock
    new = fresh.prove(world.registry, li.now, act=act, code=code, actor=li.actor, now=now)
    return current_of(world, new.token)


def is_fresh(world: World, current: Current, act: str = ACT) -> bool:
    """Whether the session may act."""
    return proofs.is_fresh(world.registry, current.session_id, act, now=world.clock)


def at_service(world: World, current: Current) -> object:
    """When the service was confirmed."""
    return proofs.proved_for_service(world.registry, current.session_id, "ledger", world.clock)


@pytest.mark.parametrize("mac", ["none", "random", "of another session"])
def test_attack_a_database_writer_forges_a_fresh_proof(
    world: World, writer: Writer, mac: str
) -> None:
    """For an act and for a service; it is recorded once, and every officer is told."""
    admin = world.enrol("wang", roles=("system_admin",))
    own = world.enrol("mallory")
    real = confirm(world, admin, world.sign_in(admin))
    theirs = writer.row("fresh_proof", "session_id = :who", who=real.session_id)
    held = {"none": None, "random": b"\x00" * 32, "of another session": theirs["mac"]}[mac]
    current = current_of(world, world.sign_in(own))
    for act in (ACT, proofs.act_of_service("ledger")):
        writer.run(
            "INSERT INTO fresh_proof (session_id, act, failures, proved_at, last_at, mac)"
            " VALUES (:session, :act, 0, :at, :at, :mac)",
            session=current.session_id,
            act=act,
            at=world.clock,
            mac=held,
        )
    for _ in range(2):
        assert not is_fresh(world, current)
        assert at_service(world, current) is None
    assert forged(world) == [
        f"fresh_proof:{current.session_id}/{act}" for act in (ACT, "service:ledger")
    ]
    kinds = [each.kind for each in notices.latest(world.registry, admin.id)]
    assert kinds.count("row_forged") == 2
    assert is_fresh(world, real)


@pytest.mark.parametrize("column", ["act", "session_id", "proved_at"])
def test_attack_a_database_writer_moves_a_fresh_proof_to_another_act_session_or_moment(
    world: World, writer: Writer, column: str
) -> None:
    """Somebody else's proof, one's own for something harmless, one that is long over."""
    own = world.enrol("mallory")
    other = current_of(world, world.sign_in(own))
    current = confirm(world, own, world.sign_in(own), OTHER)
    if column == "proved_at":
        world.wait(world.registry.limits.fresh_life)
    value = {"act": ACT, "session_id": other.session_id, "proved_at": world.clock}[column]
    assert writer.run(f"UPDATE fresh_proof SET {column} = :value", value=value) == 1
    target = other if column == "session_id" else current
    act = ACT if column == "act" else OTHER
    assert not is_fresh(world, target, act)
    assert forged(world) == [f"fresh_proof:{target.session_id}/{act}"]


def test_a_real_proof_takes_the_place_of_a_forged_one(world: World, writer: Writer) -> None:
    """And lends it nothing: what counts from then on is the new one."""
    own = world.enrol("mallory")
    current = confirm(world, own, world.sign_in(own))
    token = world.sign_in(own)
    target = current_of(world, token)
    writer.run("UPDATE fresh_proof SET session_id = :s", s=target.session_id)
    assert not is_fresh(world, target)
    assert is_fresh(world, confirm(world, own, token))
    assert not is_fresh(world, current)


def spend(world: World, code: str) -> None:
    """Sign in with a recovery code."""
    world.forget_lanes()
    recover(world, world.password("li.lei").token, code)


def put(writer: Writer, table: str, copied: list[dict[str, Any]]) -> None:
    """Delete what there is, and insert older copies."""
    writer.run(f"DELETE FROM {table}")
    for row in copied:
        writer.insert(table, row)


def is_spent(world: World, li: Holder, code: str) -> bool:
    """Whether a code opens nothing: no sign-in, and no act."""
    world.forget_lanes()
    with pytest.raises(SignInRefused):
        recover(world, world.password("li.lei").token, code)
    li.token = world.sign_in(li.person)
    with pytest.raises(ProofRefused):
        fresh.prove(world.registry, li.now, act=ACT, code=code, actor=li.actor, now=world.clock)
    return True


@pytest.mark.parametrize("statement", ["spent = 0", "spent = 0, used_at = NULL, mac = NULL"])
def test_attack_a_database_writer_revives_a_spent_recovery_code_by_clearing_its_mark(
    world: World, writer: Writer, statement: str
) -> None:
    """The mark stands under the MAC of the set."""
    admin = world.enrol("wang", roles=("system_admin",))
    li = holder(world)
    codes = li.codes()
    spend(world, codes[3])
    assert writer.run(f"UPDATE recovery_set SET {statement}") == 1
    assert is_spent(world, li, codes[3])
    assert len(forged(world)) == 1
    assert str(forged(world)[0]).startswith(f"recovery_set:{li.person.id}/")
    assert "row_forged" in {each.kind for each in notices.latest(world.registry, admin.id)}


def test_attack_a_database_writer_revives_a_spent_recovery_code_by_putting_the_old_row_back(
    world: World, writer: Writer
) -> None:
    """Its MAC fits, and its turn is over."""
    li = holder(world)
    codes = li.codes()
    old = writer.rows(SET)
    spend(world, codes[3])
    writer.put_back(SET, old[0], "person_id")
    assert is_spent(world, li, codes[3])
    assert len(forged(world)) == 1


def test_attack_a_database_writer_revives_a_spent_recovery_code_with_the_standing_of_then(
    world: World, writer: Writer
) -> None:
    """Both rows fit each other; but this process has seen the person since."""
    li = holder(world)
    codes = li.codes()
    person = writer.row("person", "id = :id", id=li.person.id)
    old = writer.rows(SET)
    opened = recover(world, world.password(li.person.login).token, codes[3])
    assert sessions.find(world.registry, opened.token, now=world.clock)
    writer.put_back("person", person, "id")
    writer.put_back(SET, old[0], "person_id")
    with pytest.raises(SignInRefused):
        recover(world, world.password(li.person.login).token, codes[3])
    assert forged(world)


@pytest.mark.parametrize("since", ["spent", "spent twice", "replaced", "removed"])
def test_attack_a_database_writer_revives_a_spent_recovery_code_by_inserting_all_rows_again(
    world: World, writer: Writer, since: str
) -> None:
    """Set and codes as they were before, after whatever the person has done since."""
    li = holder(world)
    codes = li.codes()
    old_set, old_codes = writer.rows(SET), writer.rows(CODES)
    spend(world, codes[3])
    li.token = world.sign_in(li.person)
    if since == "spent twice":
        spend(world, codes[4])
    elif since == "replaced":
        li.codes()
    elif since == "removed":
        factors.remove_recovery(world.registry, li.person.id, change=li.change())
    writer.run("DELETE FROM recovery_code")
    put(writer, SET, old_set)
    put(writer, CODES, old_codes)
    assert is_spent(world, li, codes[3])
    assert len(forged(world)) == 1


@pytest.mark.parametrize("renamed", [False, True])
def test_attack_a_database_writer_puts_a_spent_code_into_a_newer_set(
    world: World, writer: Writer, *, renamed: bool
) -> None:
    """The code is sealed for the set it was made for, and tells its number itself."""
    li = holder(world)
    codes = li.codes()
    old = writer.rows(CODES)
    spend(world, codes[3])
    li.token = world.sign_in(li.person)
    new = li.codes()
    (now_set,) = writer.rows(SET)
    wanted = [row | ({"set_id": now_set["set_id"]} if renamed else {}) for row in old]
    put(writer, CODES, wanted)
    assert is_spent(world, li, codes[3])
    assert bool(forged(world)) is renamed
    assert len(set(new) & set(codes)) == 0


def test_attack_a_database_writer_moves_a_spent_code_to_a_number_that_is_not_spent(
    world: World, writer: Writer
) -> None:
    li = holder(world)
    codes = li.codes()
    spend(world, codes[3])
    writer.run("DELETE FROM recovery_code WHERE number = 5")
    writer.run("UPDATE recovery_code SET number = 5 WHERE number = 3")
    assert is_spent(world, li, codes[3])
    assert is_spent(world, li, "5" + codes[3][1:])


def test_new_codes_work_after_a_forgery_was_found(world: World, writer: Writer) -> None:
    """A set that is not believed keeps nobody from making another."""
    li = holder(world)
    codes = li.codes()
    spend(world, codes[3])
    writer.run("UPDATE recovery_set SET spent = 0")
    assert is_spent(world, li, codes[3])
    with pytest.raises(SignInRefused):
        spend(world, codes[4])
    li.token = world.sign_in(li.person)
    new = li.codes()
    spend(world, new[3])
    with pytest.raises(SignInRefused):
        spend(world, new[3])
    with world.registry.store.reading() as session:
        seen = recovery.view(session, li.person.id)
    assert seen is not None
    assert seen.left == 9
