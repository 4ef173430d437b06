"""Importing a staff list: exactly what was previewed, in one transaction, and no rights at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity_world import ADMIN, World

from gateway.identity import people, roll, staff_import, staff_list, units
from gateway.identity.staff_import import DraftUnknown, ListFaulty, ListOutdated
from gateway.identity.staff_plan import Kind

HEADS = "登录名,姓名,单位,工号\n"


def csv(*rows: str, heads: str = HEADS) -> bytes:
    """A staff list as an office saves it."""
    return (heads + "".join(f"{row}\n" for row in rows)).encode()


def codes(content: bytes) -> list[tuple[int, str]]:
    """What is wrong with a file by itself."""
    return [(fault.line, fault.code) for fault in staff_list.read(content).faults]


def run(world: World, content: bytes, *, disable_missing: bool = False) -> staff_import.Imported:
    """Preview and import."""
    plan = staff_import.preview(world.registry, content, disable_missing=disable_missing)
    return staff_import.carry_out(
        world.registry,
        content,
        disable_missing=disable_missing,
        seal=plan.seal,
        actor=ADMIN,
        now=world.clock,
    )


def kinds(world: World, content: bytes, *, missing: bool = False) -> Sequence[Kind]:
    """The kinds of change that a list means."""
    found = staff_import.preview(world.registry, content, disable_missing=missing)
    return [change.kind for change in found.changes]


def test_new_people_are_invited_without_roles_and_clearance(world: World) -> None:
    """Everybody new gets a link; nobody gets a right."""
    done = run(world, csv("li.lei,李雷,finance,A001", "han.mei,韩梅梅,finance,"))
    assert done.counts == {Kind.NEW: 2}
    assert [slip.login for slip in done.slips] == ["li.lei", "han.mei"]
    found = people.by_login(world.registry, "li.lei")
    assert found is not None
    assert (found.roles, found.clearance, found.state) == (frozenset(), 0, "invited")
    assert found.staff_number == "A001"


def test_second_import_of_the_same_list_changes_nothing(world: World) -> None:
    """The list is a state and not a series of orders."""
    content = csv("li.lei,李雷,finance,A001")
    run(world, content)
    plan = staff_import.preview(world.registry, content, disable_missing=False)
    assert (plan.changes, plan.unchanged, plan.missing) == ((), 1, 0)


def test_names_units_numbers_and_states_follow_the_list(world: World) -> None:
    """One line may rename, move and number a person."""
    units.create(
        world.registry, slug="law", parent=None, name_zh="法规处", name_en="Law",
        actor=ADMIN, now=world.clock,
    )  # fmt: skip
    run(world, csv("li.lei,李雷,finance,"))
    assert kinds(world, csv("li.lei,李磊,法规处,A7")) == [Kind.RENAMED, Kind.MOVED, Kind.NUMBERED]
    run(world, csv("li.lei,李磊,法规处,A7"))
    found = people.by_login(world.registry, "li.lei")
    assert found is not None
    assert (found.name, found.unit, found.staff_number) == ("李磊", "law", "A7")


def test_who_is_missing_is_disabled_on_demand_only_and_never_an_officer(world: World) -> None:
    """A list that forgot the officers does not shut the office."""
    admin = world.enrol("wang", roles=("system_admin",))
    world.enrol("li.lei")
    content = csv("zhao,赵磊,finance,")
    assert kinds(world, content) == [Kind.NEW]
    assert kinds(world, content, missing=True) == [Kind.NEW, Kind.DISABLED]
    run(world, content, disable_missing=True)
    assert people.by_id(world.registry, admin.id).state == "active"  # type: ignore[union-attr]
    assert people.by_login(world.registry, "li.lei").state == "disabled"  # type: ignore[union-attr]


def test_restored_person_comes_back_without_rights(world: World) -> None:
    """What the security administrator gave does not come back by a list."""
    person = world.enrol("li.lei")
    people.disable(world.registry, person.id, actor=ADMIN, now=world.clock)
    done = run(world, csv("li.lei,李雷,finance,在职", heads="登录名,姓名,单位,状态\n"))
    assert Kind.RESTORED in done.counts
    found = people.by_id(world.registry, person.id)
    assert found is not None
    assert (found.roles, found.clearance, found.state) == (frozenset(), 0, "invited")


def test_one_bad_line_imports_nothing(world: World) -> None:
    """Nothing half-imported."""
    content = csv("li.lei,李雷,finance,", "han.mei,韩梅梅,nowhere,")
    plan = staff_import.preview(world.registry, content, disable_missing=True)
    assert [(fault.line, fault.code) for fault in plan.faults] == [(3, "unit_unknown")]
    with pytest.raises(ListFaulty):
        run(world, content)
    assert people.by_login(world.registry, "li.lei") is None


def test_office_that_changed_meanwhile_wants_a_new_preview(world: World) -> None:
    """What is done is what was seen."""
    content = csv("li.lei,李雷,finance,", "han.mei,韩梅梅,finance,")
    plan = staff_import.preview(world.registry, content, disable_missing=False)
    world.invite("li.lei", name="别人")
    with pytest.raises(ListOutdated):
        staff_import.carry_out(
            world.registry, content, disable_missing=False, seal=plan.seal,
            actor=ADMIN, now=world.clock,
        )  # fmt: skip
    assert people.by_login(world.registry, "han.mei") is None


def test_draft_is_its_owners_alone_and_spent_once(world: World) -> None:
    """Nobody confirms another's list, and nobody twice."""
    owner, other = world.enrol("wang", roles=("system_admin",)), world.enrol("li.lei")
    content = csv("zhao,赵磊,finance,")
    draft = staff_import.keep(
        world.registry, content, disable_missing=False, owner=owner.id, now=world.clock
    )
    with pytest.raises(DraftUnknown):
        staff_import.kept(world.registry, draft, owner=other.id, now=world.clock)
    assert staff_import.kept(world.registry, draft, owner=owner.id, now=world.clock)[0] == content
    plan = staff_import.preview(world.registry, content, disable_missing=False)
    staff_import.carry_out(
        world.registry, content, disable_missing=False, seal=plan.seal, draft=draft,
        actor=ADMIN, now=world.clock,
    )  # fmt: skip
    with pytest.raises(DraftUnknown):
        staff_import.kept(world.registry, draft, owner=owner.id, now=world.clock)


@pytest.mark.parametrize("head", ["角色", "role", "Clearance", "密级", "ＲＯＬＥ", "口令"])
def test_class_36_list_with_a_column_of_rights_is_refused_whole(head: str) -> None:
    """No list appoints anybody."""
    content = csv("li.lei,李雷,finance,system_admin", heads=f"登录名,姓名,单位,{head}\n")
    assert codes(content) == [(1, "column_of_rights")]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (("li.lei,李雷,finance,", "LI.LEI,李雷,finance,"), (3, "login_twice")),
        (("li.lei,李雷,finance,", "ｌｉ.lei,李雷,finance,"), (3, "login_twice")),
        (("l\u0456.lei,李雷,finance,",), (2, "login_not_allowed")),
        (("li.lei,李雷,finance,A1", "han,韩,finance,a1"), (3, "number_twice")),
        (("li.lei,=cmd|' /C calc'!A0,finance,",), (2, "formula")),
        (("li.lei,李\x00雷,finance,",), (2, "name_not_allowed")),
        (("li.lei,李\u202e雷,finance,",), (2, "name_not_allowed")),
        (('li.lei,"李雷,finance,',), (2, "quotes")),
        (("li.lei,李雷",), (2, "cells")),
        (("li.lei,李雷,,",), (2, "unit_missing")),
    ],
)
def test_class_18_bad_lines_are_named_one_by_one(
    rows: tuple[str, ...], fault: tuple[int, str]
) -> None:
    """Each with its line and what is wrong."""
    assert fault in codes(csv(*rows))


def test_hundred_thousand_lines_are_refused_before_they_are_read() -> None:
    """By size, and by number where they are short."""
    assert codes(csv(*["a,b,c,d"] * 100_000)) == [(0, "too_many_lines")]
    assert codes(b"x" * (staff_list.MAX_BYTES + 1)) == [(0, "too_large")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_encodings_of_an_office_are_read(encoding: str, end: str) -> None:
    """With or without a mark, as Excel or WPS saves it."""
    text = f"姓名,登录名,部门{end}李雷,li.lei,财政科{end}".encode(encoding)
    found = staff_list.read(text)
    assert [(line.login, line.name, line.unit) for line in found.lines] == [
        ("li.lei", "李雷", "财政科")
    ]


@given(st.binary(max_size=400))
def test_whatever_the_bytes_the_reader_answers(content: bytes) -> None:
    """Lines or faults, never an exception."""
    found = staff_list.read(content)
    assert found.faults or found.lines


@given(
    st.lists(
        st.tuples(
            st.text("abcdefgh.", min_size=2, max_size=12).filter(lambda t: t.strip(".")),
            st.text("李雷韩梅赵磊,\"' ", min_size=1, max_size=8).filter(lambda t: t.strip()),
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda pair: pair[0],
    )
)
def test_what_was_written_is_read_back(pairs: list[tuple[str, str]]) -> None:
    """Quotes, commas and blanks in names survive the file."""
    rows = [f'{login},"{name.replace(chr(34), chr(34) * 2)}",finance,' for login, name in pairs]
    found = staff_list.read(csv(*rows))
    assert not found.faults
    assert [(x.login, x.name) for x in found.lines] == [
        (login, " ".join(name.split())) for login, name in pairs
    ]


@given(st.text(max_size=20))
def test_no_report_holds_a_formula(text: str) -> None:
    """A spreadsheet takes no cell of ours for a formula (OWASP: CSV injection)."""
    assert staff_list.cell(text)[:1] not in {"=", "+", "-", "@", "\t", "\r"}


def test_roll_follows_every_change_and_opens_only_what_changed(world: World) -> None:
    """The snapshot is that of the zone's epoch."""
    kept = roll.Roll(world.registry)
    run(world, csv("li.lei,李雷,finance,A001", "han.mei,韩梅梅,finance,"))
    first = kept.entries()
    assert [each.login for each in first] == ["han.mei", "li.lei"]
    assert kept.entries() is first
    run(world, csv("li.lei,李磊,finance,A001"))
    assert [each.name for each in kept.entries()] == ["韩梅梅", "李磊"]
