"""A catalogue entry is refused with all its faults at once, each with its key and its cure."""
# ruff: noqa: ANN401 - each test changes any field

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from access_world import GATEWAY_HOST, service
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.access.catalogue import InvalidService, PathRule, Surroundings, service_from_toml
from gateway.access.service_file import EXAMPLE
from gateway.access.service_rules import check

AROUND = Surroundings(
    zone="intranet",
    gateway_host=GATEWAY_HOST,
    own=frozenset({("127.0.0.1", 8100), ("10.0.0.5", 443)}),
)


def keys_of(**values: Any) -> set[str]:
    try:
        check(service(**values), AROUND)
    except InvalidService as refusal:
        return {problem.key for problem in refusal.problems}
    return set()


def test_the_documented_example_is_a_valid_service() -> None:
    """As it is, and with everything in it that is commented out."""
    assert service_from_toml(EXAMPLE, AROUND).path_rules == ()
    read = service_from_toml(re.sub("(?m)^# (?=[a-z]+ = |\\[)", "", EXAMPLE), AROUND)

    assert (read.slug, read.preserve_host) == ("ledger", True)
    assert read.host == "ledger.gate.example.cn"
    assert read.label("GET", "/salaries/2026").classification == 2
    assert read.label("DELETE", "/salaries/2026").classification == 1
    assert read.label("GET", "/").category == "cat:none"


def test_the_host_is_the_slug_under_the_gateway_unless_said_otherwise() -> None:
    assert service_from_toml(EXAMPLE, AROUND).host == "ledger.gate.example.cn"
    text = f'host = "books.example.cn"\n{EXAMPLE}'
    assert service_from_toml(text, AROUND).host == "books.example.cn"


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = """
slug = 7
naem_zh = "x"
name_en = "x"
upstream = "http://10.1.2.3"
user_units = ["unit:a", 3]
classification = true
[headers]
Remote-User = 1
[[path_rules]]
methods = "GET"
"""
    with pytest.raises(InvalidService) as refusal:
        service_from_toml(text, AROUND)

    told = {problem.key: problem.cure for problem in refusal.value.problems}
    assert told.keys() >= {
        "slug",
        "naem_zh",
        "name_zh",
        "in_charge",
        "operator",
        "user_units",
        "classification",
        "headers.Remote-User",
        "path_rules[0].pattern",
        "path_rules[0].methods",
    }
    assert "name_zh is meant" in told["naem_zh"]


def test_faults_of_form_and_of_rules_are_told_together() -> None:
    """A number in quotes does not hide a host that is the gateway's, nor a rule its neighbour."""
    text = f"""
slug = "Ledger"
name_zh = "x"
host = "{GATEWAY_HOST}"
upstream = "http://10.1.2.3/path"
in_charge = "unit:finance"
operator = "IT"
classification = "1"
[headers]
Cookie = "login"
Remote-User = 1
[[path_rules]]
pattern = 3
[[path_rules]]
pattern = "/a/../b"
classification = 0
"""
    with pytest.raises(InvalidService) as refusal:
        service_from_toml(text, AROUND)

    assert sorted(problem.key for problem in refusal.value.problems) == [
        "classification",
        "headers.Cookie",
        "headers.Remote-User",
        "host",
        "name_en",
        "operator",
        "path_rules[0].pattern",
        "path_rules[1].pattern",
        "slug",
        "upstream",
    ]


def test_no_service_is_labelled_above_what_its_zone_may_handle() -> None:
    around = replace(AROUND, highest_label=1)
    above = service(classification=2, path_rules=(PathRule(pattern="/pay/**", classification=3),))
    with pytest.raises(InvalidService) as refusal:
        check(above, around)

    told = {problem.key: problem.cure for problem in refusal.value.problems}
    assert told.keys() == {"classification", "path_rules[0].classification"}
    assert "2 sensitive is above" in told["classification"]
    assert "1 internal (zone.highest_label)" in told["classification"]
    check(replace(above, classification=1, path_rules=()), around)


@pytest.mark.parametrize("text", ["slug = ", "[[", "\x00", 'slug = "a"\nslug = "b"'])
def test_what_is_not_toml_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidService, match="not TOML"):
        service_from_toml(text, AROUND)


@pytest.mark.parametrize("slug", ["", "-a", "A", "a_b", "ä", "a" * 41, "a/b", "a b"])
def test_a_slug_is_small_letters_digits_and_hyphens(slug: str) -> None:
    assert keys_of(slug=slug, host="x.gate.example.cn") == {"slug"}


@pytest.mark.parametrize(
    "host",
    [
        "",
        "Ledger.gate.example.cn",
        "ledger.gate.example.cn.",
        "ledger..cn",
        "ledger.cn:8080",
        "-a.cn",
        "a-.cn",
        "台账.cn",
        "a" * 64 + ".cn",
        "10.0.0.1",
        "x;y.cn",
        "*.cn",
        GATEWAY_HOST,
        "example.cn",
    ],
)
def test_a_host_is_a_lower_case_name_of_its_own(host: str) -> None:
    assert keys_of(host=host) == {"host"}


@pytest.mark.parametrize(
    "upstream",
    [
        "",
        "10.1.2.3:80",
        "ftp://10.1.2.3",
        "http://",
        "http://10.1.2.3/",
        "http://10.1.2.3/app",
        "http://user@10.1.2.3",
        "http://10.1.2.3:99999",
        "http://10.1.2.3:x",
        "HTTP://10.1.2.3",
        "http://0.0.0.0:80",
        "http://169.254.169.254",
        "http://224.0.0.1",
        "http://[::]",
        "http://[fe80::1]",
        "http://a b",
        'http://x;return"',
        "http://${x}",
        f"http://{GATEWAY_HOST}",
        "http://127.0.0.1:8100",
        "http://localhost:8100",
        "http://[::1]:8100",
        "https://10.0.0.5",
        "http://台账.cn",
    ],
)
def test_an_upstream_is_an_origin_and_never_the_gateway_itself(upstream: str) -> None:
    assert keys_of(upstream=upstream) == {"upstream"}


@pytest.mark.parametrize(
    "upstream",
    ["http://10.1.2.3:8080", "https://app.lan", "http://127.0.0.1:8101", "http://[fd00::1]:80"],
)
def test_ordinary_upstreams_are_taken(upstream: str) -> None:
    assert keys_of(upstream=upstream) == set()


@pytest.mark.parametrize(
    "name",
    [
        "Cookie",
        "HOST",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "X-Forwarded-For",
        "X-Hangu-Decision",
        "X-Original-URL",
        "Remote_User",
        "Remote.User",
        "Remote User",
        "Remote-User\r\nX: y",
        "",
        "-A",
        "Sec-Fetch-Mode",
        "Set-Cookie",
        "X" * 65,
    ],
)
def test_identity_headers_are_plain_names_that_nobody_else_needs(name: str) -> None:
    assert keys_of(headers={name: "login"}) == {f"headers.{name}"}


def test_headers_differ_by_more_than_case_and_carry_known_claims() -> None:
    assert keys_of(headers={"Remote-User": "login", "REMOTE-USER": "name"})
    assert keys_of(headers={"Remote-User": "password"}) == {"headers.Remote-User"}


@pytest.mark.parametrize(
    "pattern", ["", "a", "/a//b", "/a/../b", "/a/*", "/*/a", "/**/a", "/a;x", "/ä", "/a?b", "//**"]
)
def test_path_patterns_are_spelt_as_requests_are_read(pattern: str) -> None:
    rules = (PathRule(pattern=pattern, classification=0),)
    assert keys_of(path_rules=rules) == {"path_rules[0].pattern"}


def test_units_names_labels_and_zone_are_checked_too() -> None:
    assert keys_of(
        zone="extranet",
        in_charge="finance",
        operator="unit:IT",
        user_units=("unit:a", "unit:a"),
        name_zh="",
        about_en="x" * 401,
        classification=5,
        category="personal",
        path_rules=(PathRule(pattern="/a", methods=frozenset({"LOOK"})),),
    ) == {
        "zone",
        "in_charge",
        "operator",
        "user_units",
        "name_zh",
        "about_en",
        "classification",
        "category",
        "path_rules[0].methods",
        "path_rules[0].classification",
    }


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from(["host", "upstream", "slug", "category", "in_charge"]))
def test_whatever_is_typed_is_taken_or_refused_but_never_breaks(text: str, key: str) -> None:
    assert keys_of(**{key: text}) <= {key, "host"}


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("/**", "/", True),
        ("/**", "/a/b", True),
        ("/a/**", "/a", True),
        ("/a/**", "/a/", True),
        ("/a/**", "/ab", False),
        ("/a", "/a/", True),
        ("/a", "/a/b", False),
        ("/a/", "/a", True),
        ("/A", "/a", False),
    ],
)
def test_a_pattern_covers_a_path_or_a_subtree(pattern: str, path: str, *, covered: bool) -> None:
    assert PathRule(pattern=pattern, classification=0).covers("GET", path) is covered


@pytest.mark.parametrize("minutes", [0, -1, 61])
def test_minutes_of_a_fresh_proof_have_a_range(minutes: int) -> None:
    rules = (PathRule(pattern="/pay/**", fresh_minutes=minutes),)
    assert keys_of(path_rules=rules) == {"path_rules[0].fresh_minutes"}
    assert keys_of(path_rules=(PathRule(pattern="/pay/**", fresh_minutes=60),)) == set()


def test_the_first_rule_that_matches_says_how_fresh_a_proof_is_wanted() -> None:
    entry = service(
        path_rules=(
            PathRule(pattern="/pay/list", fresh_minutes=30),
            PathRule(pattern="/pay/**", methods=frozenset({"POST"}), fresh_minutes=5),
        )
    )
    wanted = {
        (method, path): entry.label(method, path).fresh_minutes
        for method in ("GET", "POST")
        for path in ("/pay/list", "/pay/7", "/books")
    }
    assert wanted == {
        ("GET", "/pay/list"): 30,
        ("POST", "/pay/list"): 30,
        ("GET", "/pay/7"): None,
        ("POST", "/pay/7"): 5,
        ("GET", "/books"): None,
        ("POST", "/books"): None,
    }
