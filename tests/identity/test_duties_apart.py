"""What the rules keep apart nobody gets: by a role, by an invitation, by a move, by the tree."""

from __future__ import annotations

import threading

import pytest
from identity_world import ADMIN, World
from sqlalchemy import select

from audit.record import Actor
from gateway.identity import people, reports, returning, roles, staff, units
from gateway.identity.apart import DutiesUnited
from gateway.identity.tables import Person
from gateway.identity.tables_guards import Attempt
from policies import versions
from policies.rules import RuleSet

DUTY = "s, held, *, role:cashier, role:accountant|unit:audit\n"


def keep_apart(world: World, rules: str = DUTY) -> None:
    """Publish a duty; the office gets an audit division."""
    with world.registry.ledger.begin() as tx:
        versions.publish(tx, RuleSet.parse(rules), actor=ADMIN, now=world.clock, note="test")
    units.create(
        world.registry, slug="audit", parent=None, name_zh="审计处", name_en="Audit", actor=ADMIN,
        now=world.clock,
    )  # fmt: skip


def test_a_role_that_would_unite_a_duty_is_not_given(world: World) -> None:
    keep_apart(world)
    person, _ = world.invite(roles=("cashier",))

    with pytest.raises(DutiesUnited, match="role:cashier"):
        roles.set_roles(
            world.registry, person, ["cashier", "accountant"], actor=ADMIN, now=world.clock
        )

    with world.registry.store.reading() as session:
        assert roles.held_by(session, person) == {"cashier"}
    roles.set_roles(world.registry, person, ["accountant"], actor=ADMIN, now=world.clock)


def test_attack_the_other_side_is_not_given_while_the_account_is_locked(world: World) -> None:
    """Unlocked again, the person would hold both."""
    keep_apart(world)
    li = world.enrol("li.lei", roles=("cashier",))
    world.sign_in(li)
    with world.registry.store.reading() as session:
        attempt = session.scalars(select(Attempt.id).where(Attempt.person_id == li.id)).one()
    owner = Actor(subject=f"person:{li.id}")
    reports.disown(world.registry, li.id, attempt, actor=owner, now=world.clock)
    assert reports.is_locked(world.registry, li.id)

    both = ["cashier", "accountant"]
    with pytest.raises(DutiesUnited):
        roles.set_roles(world.registry, li.id, both, actor=ADMIN, now=world.clock)


def test_nobody_is_invited_with_both_sides(world: World) -> None:
    keep_apart(world)
    with pytest.raises(DutiesUnited):
        world.invite(roles=("cashier", "accountant"))
    with world.registry.store.reading() as session:
        assert session.scalars(select(Person.id)).all() == []


def test_nobody_moves_into_the_other_side(world: World) -> None:
    keep_apart(world)
    person, _ = world.invite(roles=("cashier",))
    with pytest.raises(DutiesUnited):
        staff.change(world.registry, person, unit="audit", actor=ADMIN, now=world.clock)


def test_attack_hanging_the_own_unit_below_the_other_side(world: World) -> None:
    keep_apart(world)
    world.invite(roles=("cashier",))
    with pytest.raises(DutiesUnited):
        units.move(world.registry, "finance", parent="audit", actor=ADMIN, now=world.clock)


def test_attack_who_was_disabled_while_the_unit_moved_does_not_come_back_to_both(
    world: World,
) -> None:
    """Whoever is away holds nothing, so the tree may move; coming back is holding again."""
    keep_apart(world, "s, held, *, unit:finance, unit:audit\n")
    person, _ = world.invite(roles=("staff",))
    people.disable(world.registry, person, actor=ADMIN, now=world.clock)
    units.move(world.registry, "finance", parent="audit", actor=ADMIN, now=world.clock)
    with pytest.raises(DutiesUnited):
        returning.restore(world.registry, person, actor=ADMIN, now=world.clock)


def test_two_officers_at_once_do_not_give_a_side_each(world: World) -> None:
    """One gives the role, one moves the unit: the later of the two sees what the first did."""
    keep_apart(world)
    done: list[str] = []
    start = threading.Barrier(2)

    def act(name: str, person: object) -> None:
        start.wait()
        try:
            if name == "role":
                roles.set_roles(
                    world.registry, person, ["cashier"], actor=ADMIN, now=world.clock  # type: ignore[arg-type]
                )  # fmt: skip
            else:
                staff.change(
                    world.registry, person, unit="audit", actor=ADMIN, now=world.clock  # type: ignore[arg-type]
                )  # fmt: skip
            done.append(name)
        except DutiesUnited:
            done.append("refused")

    for number in range(4):
        done.clear()
        person, _ = world.invite(f"li.lei{number}", roles=("staff",))
        threads = [threading.Thread(target=act, args=(each, person)) for each in ("role", "unit")]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(done) in (["refused", "role"], ["refused", "unit"]), done


def test_who_united_it_before_may_still_lose_roles(small_world: World) -> None:
    """A duty that comes late is no reason to keep an office from mending what is wrong."""
    person, _ = small_world.invite(roles=("cashier", "accountant", "staff"))
    keep_apart(small_world)
    roles.set_roles(
        small_world.registry, person, ["cashier", "accountant"], actor=ADMIN, now=small_world.clock
    )
    roles.set_roles(small_world.registry, person, ["cashier"], actor=ADMIN, now=small_world.clock)
    assert people.by_id(small_world.registry, person) is not None


def test_a_version_without_duties_costs_one_look(small_world: World) -> None:
    keep_apart(small_world, "p, role:staff, *, app:portal.view, use, *, *, 2, *, allow\n")
    with small_world.statements() as seen:
        small_world.invite(roles=("cashier", "accountant"))
    assert sum("policy_" in each for each in seen) == 1
