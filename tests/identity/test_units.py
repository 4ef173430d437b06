"""Units: a forest, never a circle, never too deep."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_world import ADMIN, World

from gateway.identity import units
from gateway.identity.names import NameRefused
from gateway.identity.units import (
    UnitCircle,
    UnitExists,
    UnitSlugRefused,
    UnitTooDeep,
    UnitUnknown,
)
from gateway.refusals import Refused


def create(world: World, slug: str, parent: str | None = None, zh: str = "处") -> None:
    units.create(
        world.registry,
        slug=slug,
        parent=parent,
        name_zh=zh,
        name_en="Unit",
        actor=ADMIN,
        now=world.clock,
    )


def move(world: World, slug: str, parent: str | None) -> None:
    units.move(world.registry, slug, parent=parent, actor=ADMIN, now=world.clock)


def levels(world: World) -> dict[str, int]:
    return {unit.slug: unit.level for unit in units.tree(world.registry)}


def test_units_hang_below_each_other_and_are_renamed_and_moved(world: World) -> None:
    create(world, "budget", "finance")
    create(world, "audit-office", "budget")
    assert levels(world) == {"finance": 1, "budget": 2, "audit-office": 3, "health": 1}
    units.rename(
        world.registry, "budget", name_zh="预算科", name_en="Budget", actor=ADMIN, now=world.clock
    )
    move(world, "budget", "health")
    assert [unit.slug for unit in units.tree(world.registry)] == [
        "finance",
        "health",
        "budget",
        "audit-office",
    ]
    assert world.names()[-4:] == ["unit.created", "unit.created", "unit.changed", "unit.changed"]
    assert world.events()[-1]["d"] == {"parent": "health", "was": "finance"}
    assert {unit.name_en for unit in units.tree(world.registry)} >= {"Budget"}


@pytest.mark.parametrize("slug", ["", "-a", "A", "a_b", "财政", "a" * 41, "a b", "a\n"])
def test_a_slug_is_plain(small_world: World, slug: str) -> None:
    with pytest.raises(UnitSlugRefused):
        create(small_world, slug)


def test_what_does_not_fit_is_refused_and_changes_nothing(world: World) -> None:
    create(world, "budget", "finance")
    before = len(world.events())
    with pytest.raises(UnitExists):
        create(world, "budget")
    with pytest.raises(UnitUnknown):
        create(world, "orphan", "nowhere")
    with pytest.raises(UnitCircle):
        create(world, "selfish", "selfish")
    with pytest.raises(NameRefused):
        create(world, "nameless", zh="\u200b")
    with pytest.raises(UnitCircle):
        move(world, "finance", "budget")
    with pytest.raises(UnitCircle):
        move(world, "finance", "finance")
    with pytest.raises(UnitUnknown):
        move(world, "nowhere", "finance")
    with pytest.raises(UnitUnknown):
        move(world, "finance", "nowhere")
    with pytest.raises(UnitUnknown):
        units.rename(
            world.registry, "nowhere", name_zh="处", name_en="U", actor=ADMIN, now=world.clock
        )
    assert levels(world) == {"finance": 1, "budget": 2, "health": 1}
    assert len(world.events()) == before


def test_eight_levels_and_no_more_also_by_moving_a_tall_tree(small_world: World) -> None:
    parent = "finance"
    for level in range(2, 9):
        create(small_world, f"level{level}", parent)
        parent = f"level{level}"
    with pytest.raises(UnitTooDeep):
        create(small_world, "level9", parent)
    with pytest.raises(UnitTooDeep):
        move(small_world, "finance", "health")
    move(small_world, "level8", "health")
    assert levels(small_world)["level8"] == 2


def test_two_moves_at_once_close_no_circle(world: World) -> None:
    barrier = Barrier(2)

    def hang(pair: tuple[str, str]) -> str:
        barrier.wait()
        try:
            move(world, *pair)
        except UnitCircle as refusal:
            return refusal.code
        return "moved"

    pairs = [("finance", "health"), ("health", "finance")]
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(hang, pairs)) == ["moved", "unit_circle"]
    assert len(levels(world)) == 2


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    moves=st.lists(
        st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 5))), max_size=12
    )
)
def test_whatever_is_moved_where_every_unit_stays_in_the_tree(
    small_world: World, moves: list[tuple[int, int | None]]
) -> None:
    names = [f"u{number}" for number in range(6)]
    for name in names:
        if name not in levels(small_world):
            create(small_world, name)
    for which, where in moves:
        try:
            move(small_world, names[which], None if where is None else names[where])
        except Refused as refusal:
            assert isinstance(refusal, UnitCircle)  # noqa: PT017 - the only one there may be
    assert levels(small_world).keys() == {"finance", "health", *names}
