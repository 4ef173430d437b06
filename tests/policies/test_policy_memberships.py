"""Memberships: ids, trees and the separation of the three officers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.hierarchy import MAX_HOPS, closure, faults, heights, parents_of
from policies.memberships import MembershipProblems, Memberships

ZHAO = "person:00000000-0000-4000-8000-000000000001"
QIAN = "person:00000000-0000-4000-8000-000000000002"


def refusal(memberships: Memberships) -> str:
    with pytest.raises(MembershipProblems) as caught:
        memberships.check()
    return str(caught.value)


def test_people_roles_and_units_in_order_are_accepted() -> None:
    """The ordinary case."""
    Memberships(
        roles=((ZHAO, "role:staff", "intranet"), ("role:chief", "role:staff", "intranet")),
        units=((ZHAO, "unit:tax-1"), ("unit:tax-1", "unit:finance")),
    ).check()


@pytest.mark.parametrize(
    "roles",
    [
        (("mallory", "role:staff", "intranet"),),
        (("unit:tax", "role:staff", "intranet"),),
        ((ZHAO, "unit:tax", "intranet"),),
        ((ZHAO, "role:staff", "*"),),
        ((ZHAO, "role:staff", "lab"),),
        ((f"{ZHAO}\n", "role:staff", "intranet"),),
        ((ZHAO, "role:staff, role:auditor", "intranet"),),
    ],
)
def test_a_role_row_outside_the_grammar_is_refused(roles: tuple[tuple[str, str, str], ...]) -> None:
    """Ids are opaque, prefixed and plain ASCII."""
    assert refusal(Memberships(roles=roles))


@pytest.mark.parametrize("row", [("zhao", "unit:a"), (ZHAO, "role:a"), ("role:a", "unit:a")])
def test_a_unit_row_outside_the_grammar_is_refused(row: tuple[str, str]) -> None:
    """People and units belong to units; nothing else does."""
    assert refusal(Memberships(units=(row,)))


def test_circles_are_refused_and_named() -> None:
    """Whoever belongs to himself would make depth meaningless."""
    units = (("unit:a", "unit:b"), ("unit:b", "unit:a"), (ZHAO, "unit:a"))
    text = refusal(Memberships(units=units))
    assert "unit:a" in text
    assert "unit:b" in text
    assert ZHAO not in text
    assert refusal(Memberships(roles=(("role:a", "role:a", "extranet"),)))


def test_a_role_circle_needs_both_links_in_one_zone() -> None:
    """Zones are separate hierarchies."""
    Memberships(roles=(("role:a", "role:b", "intranet"), ("role:b", "role:a", "extranet"))).check()


def test_depth_is_limited_to_what_pycasbin_follows() -> None:
    """Nine links are followed; the tenth would silently mean no."""
    chain = [(f"unit:n{depth}", f"unit:n{depth + 1}") for depth in range(MAX_HOPS)]
    Memberships(units=tuple(chain)).check()
    assert "10 levels" in refusal(Memberships(units=((ZHAO, "unit:n0"), *chain)))


@pytest.mark.parametrize(
    "pair",
    [
        ("auditor", "system_admin"),
        ("auditor", "security_admin"),
        ("security_admin", "system_admin"),
    ],
)
@pytest.mark.parametrize("zones", [("intranet", "intranet"), ("intranet", "extranet")])
def test_no_person_may_be_two_officers(pair: tuple[str, str], zones: tuple[str, str]) -> None:
    """In no combination and across zones as well (三员分立)."""
    rows = tuple((ZHAO, f"role:{name}", zone) for name, zone in zip(pair, zones, strict=True))
    assert "two officers" in refusal(Memberships(roles=rows))


def test_no_person_may_become_two_officers_through_included_roles() -> None:
    """The whole closure counts, not the direct rows."""
    rows = (
        (ZHAO, "role:chief", "intranet"),
        ("role:chief", "role:auditor", "intranet"),
        (ZHAO, "role:system_admin", "extranet"),
    )
    assert "two officers" in refusal(Memberships(roles=rows))


def test_one_officer_role_in_both_zones_and_three_people_are_fine() -> None:
    """The rule separates duties, not zones."""
    Memberships(
        roles=(
            (ZHAO, "role:auditor", "intranet"),
            (ZHAO, "role:auditor", "extranet"),
            (QIAN.replace("2", "3"), "role:staff", "intranet"),
            (QIAN, "role:system_admin", "intranet"),
        )
    ).check()


LINKS = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=12)


@given(links=LINKS)
def test_a_tree_without_circles_has_a_height_for_everyone(links: list[tuple[str, str]]) -> None:
    """Heights are the longest way; circles are found exactly where one reaches oneself."""
    parents = parents_of(links)
    circular = {
        name for name in parents if any(name in closure(group, parents) for group in parents[name])
    }
    named = {sentence.split()[0] for sentence in faults(links)}
    assert named == circular
    found = heights(parents)
    for name, height in found.items():
        expected = max((found[group] + 1 for group in parents.get(name, ())), default=0)
        assert height == expected
    assert circular.isdisjoint(found)


def test_twenty_thousand_levels_are_refused_without_exhausting_the_stack() -> None:
    """Depth comes from data, so no recursion may depend on it."""
    deep = [(f"unit:n{depth}", f"unit:n{depth + 1}") for depth in range(20_000)]
    assert len(faults(deep)) == 20_000 - MAX_HOPS


@pytest.mark.parametrize("office", ["auditor", "security_admin", "system_admin"])
@pytest.mark.parametrize("zones", [("intranet", "intranet"), ("intranet", "extranet")])
def test_an_office_stands_beside_no_business_role(office: str, zones: tuple[str, str]) -> None:
    """Whatever the zones, and whichever way the role includes the office."""
    rows = ((ZHAO, f"role:{office}", zones[0]), (ZHAO, "role:staff", zones[1]))
    assert "stands alone" in refusal(Memberships(roles=rows))
    included = ((ZHAO, "role:chief", zones[0]), ("role:chief", f"role:{office}", zones[1]))
    assert "stands alone" in refusal(Memberships(roles=included))
