"""People, their roles, and what the policy engine hears of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from identity_world import ADMIN, World
from sqlalchemy.exc import IntegrityError

from gateway.identity import epoch, people, units
from gateway.identity.logins import LoginRefused
from gateway.identity.memberships import memberships
from gateway.identity.names import NameRefused
from gateway.identity.people import ClearanceRefused, LoginTaken, PersonUnknown
from gateway.identity.roles import LastOfficer, OfficersExclusive, RoleRefused
from gateway.identity.tables import PersonRole
from gateway.identity.units import UnitUnknown
from gateway.refusals import Refused
from policies.engine import build
from policies.rules import RuleSet

OFFICERS = ("system_admin", "security_admin", "auditor")


def epoch_of(world: World) -> int:
    with world.registry.store.read.connect() as connection:
        return epoch.read(connection)


def roles_of(world: World, person_id: UUID) -> frozenset[str]:
    found = people.by_id(world.registry, person_id)
    assert found is not None
    return found.roles


def set_roles(world: World, person_id: UUID, *roles: str) -> None:
    people.set_roles(world.registry, person_id, roles, actor=ADMIN, now=world.clock)


def test_a_person_is_found_by_id_and_by_any_spelling_of_the_login(world: World) -> None:
    person_id, _ = world.invite("Li.Lei", roles=("staff", "responder"))
    found = people.by_id(world.registry, person_id)
    assert found is not None
    assert people.by_login(world.registry, "ＬＩ.lei ") == found
    assert (found.login, found.name, found.unit) == ("li.lei", "李雷", "finance")
    assert (found.roles, found.clearance, found.state) == ({"staff", "responder"}, 2, "invited")
    assert people.all_people(world.registry) == [found]
    assert people.by_login(world.registry, "nobody") is None
    assert people.by_id(world.registry, uuid4()) is None
    created = [entry for entry in world.events() if entry["ev"] == "person.created"]
    assert created[0]["d"] == {
        "unit": "finance",
        "roles": ["responder", "staff"],
        "clearance": 2,
    }
    assert "李雷" not in str(created)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"login": "a@b@c"}, LoginRefused),
        ({"name": "a\u202eb"}, NameRefused),
        ({"unit": "nowhere"}, UnitUnknown),
        ({"roles": ["Staff"]}, RoleRefused),
        ({"roles": ["auditor", "system_admin"]}, OfficersExclusive),
        ({"clearance": 5}, ClearanceRefused),
        ({"clearance": -1}, ClearanceRefused),
        ({"clearance": True}, ClearanceRefused),
        ({"login": "LI.LEI"}, LoginTaken),
    ],
)
def test_what_is_wrong_with_a_new_person_is_said_and_nothing_stays(
    world: World, wrong: dict[str, object], refusal: type[Refused]
) -> None:
    world.invite("li.lei")
    before = (len(world.events()), epoch_of(world))
    right = {"login": "han.mei", "name": "韩梅", "unit": "finance", "roles": [], "clearance": 0}
    with pytest.raises(refusal):
        people.create(world.registry, **(right | wrong), actor=ADMIN, now=world.clock)  # type: ignore[arg-type]
    assert len(people.all_people(world.registry)) == 1
    assert (len(world.events()), epoch_of(world)) == before


def test_two_who_choose_one_login_at_once_do_not_both_get_it(world: World) -> None:
    barrier = Barrier(8)

    def invite(_number: int) -> str:
        barrier.wait()
        try:
            world.invite("li.lei")
        except LoginTaken as refusal:
            return refusal.code
        return "invited"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(invite, range(8))) == ["invited"] + ["login_taken"] * 7


@pytest.mark.parametrize("one", OFFICERS)
@pytest.mark.parametrize("other", OFFICERS)
def test_no_person_is_two_officers_whichever_way_it_is_asked(
    small_world: World, one: str, other: str
) -> None:
    person_id, _ = small_world.invite(roles=(one,))
    if one == other:
        set_roles(small_world, person_id, one)
        return
    with pytest.raises(OfficersExclusive):
        set_roles(small_world, person_id, one, other, "staff")
    with pytest.raises(OfficersExclusive):
        small_world.invite("han.mei", roles=(one, other))
    assert roles_of(small_world, person_id) == {one}


@pytest.mark.parametrize("zone", ["intranet", "extranet"])
def test_the_database_itself_refuses_a_second_office(world: World, zone: str) -> None:
    person_id, _ = world.invite(roles=("auditor",))
    for role in ("system_admin", "staff"):
        with (
            pytest.raises(IntegrityError),
            world.registry.ledger.begin(unaudited_because="a test") as tx,
        ):
            tx.session.add(PersonRole(person_id=person_id, role=role, zone=zone))
    assert roles_of(world, person_id) == {"auditor"}


def test_an_office_is_exchanged_for_another_in_one_go(world: World) -> None:
    for number, officer in enumerate(OFFICERS):
        world.enrol(f"spare{number}", roles=(officer,))
    li = world.enrol("li.lei", roles=("auditor",))
    before = epoch_of(world)
    set_roles(world, li.id, "security_admin")
    assert roles_of(world, li.id) == {"security_admin"}
    assert epoch_of(world) > before
    assert world.events()[-1]["d"] == {"gained": ["security_admin"], "lost": ["auditor"]}
    before, count = epoch_of(world), len(world.events())
    set_roles(world, li.id, "security_admin")
    assert (epoch_of(world), len(world.events())) == (before, count)


@pytest.mark.parametrize("officer", OFFICERS)
def test_the_last_active_officer_stays(small_world: World, officer: str) -> None:
    world = small_world
    only = world.enrol("only", roles=(officer,))
    world.invite("not.yet", roles=(officer,))
    with pytest.raises(LastOfficer):
        people.disable(world.registry, only.id, actor=ADMIN, now=world.clock)
    with pytest.raises(LastOfficer):
        set_roles(world, only.id, "staff")
    world.enrol("second", roles=(officer,))
    people.disable(world.registry, only.id, actor=ADMIN, now=world.clock)
    found = people.by_id(world.registry, only.id)
    assert found is not None
    assert (found.state, found.disabled_at) == ("disabled", world.clock)
    count = len(world.events())
    people.disable(world.registry, only.id, actor=ADMIN, now=world.clock)
    assert len(world.events()) == count


def test_two_officers_who_disable_each_other_at_once_do_not_both_succeed(world: World) -> None:
    two = [world.enrol(login, roles=("auditor",)) for login in ("one", "two")]
    barrier = Barrier(2)

    def disable(number: int) -> str:
        barrier.wait()
        try:
            people.disable(world.registry, two[number].id, actor=ADMIN, now=world.clock)
        except LastOfficer as refusal:
            return refusal.code
        return "disabled"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(disable, (0, 1))) == ["disabled", "last_officer"]


def test_nobody_unknown_is_changed(small_world: World) -> None:
    with pytest.raises(PersonUnknown):
        people.disable(small_world.registry, uuid4(), actor=ADMIN, now=small_world.clock)
    with pytest.raises(PersonUnknown):
        set_roles(small_world, uuid4(), "staff")


def test_the_engine_hears_of_active_people_alone_with_prefixed_ids(world: World) -> None:
    units.create(
        world.registry,
        slug="budget",
        parent="finance",
        name_zh="预算科",
        name_en="Budget",
        actor=ADMIN,
        now=world.clock,
    )
    li = world.enrol("li.lei", roles=("staff", "responder"))
    world.enrol("other.auditor", roles=("auditor",))
    world.invite("invited")
    gone = world.enrol("gone")
    people.disable(world.registry, gone.id, actor=ADMIN, now=world.clock)
    with world.registry.store.reading() as session:
        found = memberships(session)
    assert (f"person:{li.id}", "role:staff", "intranet") in found.roles
    assert (f"person:{li.id}", "role:responder", "intranet") in found.roles
    assert (f"person:{li.id}", "unit:finance") in found.units
    assert ("unit:budget", "unit:finance") in found.units
    assert len(found.people) == 2
    found.check()
    build(RuleSet.parse(""), found)


def test_every_change_of_people_moves_the_epoch(world: World) -> None:
    seen = [epoch_of(world)]
    world.enrol("spare", roles=("staff",))
    seen.append(epoch_of(world))
    person_id, link = world.invite("li.lei")
    seen.append(epoch_of(world))
    world.finish(person_id, link, "zebra quartz violin 42")
    seen.append(epoch_of(world))
    set_roles(world, person_id, "responder")
    seen.append(epoch_of(world))
    people.disable(world.registry, person_id, actor=ADMIN, now=world.clock)
    seen.append(epoch_of(world))
    assert seen == sorted(set(seen))
