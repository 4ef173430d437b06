"""The six conditions: what they mean, and that nothing makes them raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.functions import (
    FUNCTIONS,
    act_in,
    auth_ge,
    cls_in,
    in_win,
    net_in,
    path_in,
)

SIGNS = st.text("*|~/.:-019svctaxp\n ,)('\"٣\x00\ud800", max_size=12)
ANYTHING = st.one_of(SIGNS, st.integers(), st.booleans(), st.none(), st.floats(), st.binary())


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@given(left=ANYTHING, right=ANYTHING)
def test_no_argument_makes_a_condition_raise(name: str, left: object, right: object) -> None:
    """One rule that raised would make every request fail (defect 8)."""
    assert isinstance(FUNCTIONS[name](left, right), bool)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_an_empty_rule_value_matches_nothing(name: str) -> None:
    """Pycasbin asks an empty policy with empty values; the answer must be no."""
    for value in ("", "GET", 0, 1, 5, "svc:tax/"):
        assert FUNCTIONS[name](value, "") is False


@pytest.mark.parametrize(
    ("obj", "pattern", "expected"),
    [
        ("svc:tax/a", "svc:tax/a", True),
        ("svc:tax/a", "svc:tax/b", False),
        ("svc:tax/a/b", "svc:tax/a", False),
        ("svc:tax/", "svc:tax/**", True),
        ("svc:tax/a/b", "svc:tax/**", True),
        ("svc:tax/a", "svc:tax/a/**", True),
        ("svc:tax/a/b", "svc:tax/a/**", True),
        ("svc:tax/ab", "svc:tax/a/**", False),
        ("svc:taxes/a", "svc:tax/**", False),
        ("svc:tax/A", "svc:tax/a", False),
        ("svc:tax/a", "svc:tax/*", False),
        ("svc:tax/a", "**", False),
        ("svc:tax/a", "*", False),
        ("app:portal.view", "app:portal.view", True),
        ("app:portal.view", "app:**", True),
        ("svc:app/x", "app:**", False),
        ("app:portal.view", "svc:portal/**", False),
    ],
)
def test_a_pattern_is_exact_or_a_subtree(obj: str, pattern: str, expected: bool) -> None:  # noqa: FBT001
    """There is one wildcard, it stands last, and it ends at a segment's border."""
    assert path_in(obj, pattern) is expected


def test_an_action_is_one_whole_token() -> None:
    """No part of a word, no empty word, no list in the request."""
    assert act_in("GET", "GET|POST")
    assert act_in("POST", "*")
    assert not act_in("GE", "GET|POST")
    assert not act_in("GET|POST", "GET|POST")
    assert not act_in("", "*")
    assert not act_in("get", "GET")


def test_a_network_is_one_of_the_named_classes() -> None:
    """As for actions."""
    assert net_in("vpn", "lan|vpn")
    assert not net_in("internet", "lan|vpn")


def test_a_classification_is_one_of_the_named_levels() -> None:
    """Levels are a set, not a threshold: the threshold is the person's clearance."""
    assert cls_in(2, "1|2")
    assert cls_in(4, "*")
    assert not cls_in(0, "1|2")
    assert not cls_in(5, "*")
    assert not cls_in(True, "1")


def test_a_strength_reaches_the_least_one() -> None:
    """Strength is a threshold; a rule without one is open to each of the three."""
    assert [auth_ge(have, "2") for have in (1, 2, 3)] == [False, True, True]
    assert [auth_ge(have, "*") for have in (0, 1, 2, 3, 4)] == [False, True, True, True, False]
    assert not auth_ge(3, "0")
    assert not auth_ge(3, "4")
    assert not auth_ge(3, "٣")


def test_a_window_includes_its_start_and_excludes_its_end() -> None:
    """Half-open, so that neighbouring windows neither overlap nor leave a second out."""
    assert [in_win(now, "10~20") for now in (9, 10, 19, 20)] == [False, True, True, False]
    assert in_win(35, "10~20|30~40")
    assert not in_win(25, "10~20|30~40")


@pytest.mark.parametrize("window", ["20~10", "10~10", "10", "~", "10~", "-1~5", "1~2~3", "1 ~9"])
def test_a_window_that_is_not_understood_never_opens(window: str) -> None:
    """Closed is the safe reading."""
    assert not any(in_win(now, window) for now in range(25))
