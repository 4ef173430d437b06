"""Every requirement of the ASVS that applies has a test that names it."""

from __future__ import annotations

from asvs_table import marked, requirements


def test_every_requirement_that_applies_has_a_test() -> None:
    """`make asvs` prints them with their results."""
    assert sorted(set(requirements()["yes"]) - set(marked())) == []


def test_no_test_names_a_requirement_that_is_not_listed() -> None:
    """A slip of the pen would else look like a proof."""
    assert sorted(set(marked()) - set(requirements()["yes"])) == []
