"""The known defects of pycasbin and its adapters: each shown not to reach our decisions.

The numbers are those of the project's policy notes (section 1.6), where each was reproduced.
"""

from __future__ import annotations

import ast
import sys
import threading
from pathlib import Path

import pytest
from casbin.model import Model
from policy_pair import both

import policies
from policies import casbin_engine
from policies.adapter import RowsAdapter
from policies.casbin_engine import CasbinEngine
from policies.engine import Engine, Memberships, Reason, Request
from policies.memberships import MembershipProblems
from policies.rules import RuleProblems, RuleSet
from policies.tables import policy_category, policy_rule

ZHAO = "person:00000000-0000-4000-8000-000000000001"
STRANGER = "person:00000000-0000-4000-8000-000000000009"
CLERK = Memberships(roles=((ZHAO, "role:clerk", "intranet"),))
READ = {
    "subject": ZHAO,
    "zone": "intranet",
    "object": "svc:tax/records",
    "action": "GET",
    "strength": 2,
    "now": 1000,
}
SOURCES = Path(policies.__file__).parent


def engine(*lines: str, people: Memberships = CLERK) -> Engine:
    return both(RuleSet.parse("\n".join(lines)), people)


def allowed(built: Engine, **changes: object) -> bool:
    return built.decide(Request(**(READ | changes))).is_allowed  # type: ignore[arg-type]


def loaded(rules: RuleSet, memberships: Memberships) -> Model:
    model = Model()
    model.load_model_from_text(casbin_engine.MODEL)
    RowsAdapter(rules, memberships).load_policy(model)
    return model


def refused(line: str) -> bool:
    with pytest.raises(RuleProblems):
        RuleSet.parse(line)
    return True


def test_defect_01_a_comma_in_a_name_cannot_become_another_role() -> None:
    """A text adapter turned `mallory, superadmin` with role guest into a superadmin."""
    split = (f"{ZHAO}, role:clerk", "role:guest", "intranet")
    with pytest.raises(MembershipProblems):
        engine(people=Memberships(roles=(split,)))
    # Even past the checks, a value stays one value: rows never become text.
    assert loaded(RuleSet(), Memberships(roles=(split,)))["g"]["g"].policy == [list(split)]


@pytest.mark.parametrize("sign", [")", "]", "(", "["])
def test_defect_02_a_bracket_cannot_keep_the_engine_from_starting(sign: str) -> None:
    """An unbalanced bracket made the text adapter raise IndexError at every start."""
    assert refused(f"p, role:a{sign}, *, svc:a/**, GET, *, *, *, *, allow")
    odd = (ZHAO, f"role:a{sign}", "intranet")
    assert loaded(RuleSet(), Memberships(roles=(odd,)))["g"]["g"].policy == [list(odd)]


def test_defect_04_no_column_of_a_stored_rule_can_be_absent() -> None:
    """A NULL column shifted its followers to the left."""
    for table in (policy_rule, policy_category):
        assert [column.name for column in table.columns if column.nullable] == []


def test_defect_05_there_is_one_effect_and_no_other_context_to_ask_in() -> None:
    """A second effect was read but never used: a deny under it did nothing."""
    model = loaded(RuleSet(), Memberships())
    assert {kind: list(model[kind]) for kind in model.keys()} == {  # noqa: SIM118 - not a mapping
        "r": ["r"],
        "p": ["p"],
        "e": ["e"],
        "m": ["m"],
        "g": ["g", "g2", "g3"],
    }


def test_defect_06_no_role_definition_is_conditional() -> None:
    """One conditional definition stopped every plain role from working."""
    built = CasbinEngine(RuleSet(), CLERK)
    assert built._enforcer.cond_rm_map == {}
    assert set(built._enforcer.rm_map) == {"g", "g2", "g3"}


@pytest.mark.parametrize("effect", ["Deny", "DENY", "deny ,", "denied", ""])
def test_defect_07_a_misspelt_effect_is_refused(effect: str) -> None:
    """It counted as neither, so a deny silently did nothing."""
    assert refused(f"p, *, *, svc:tax/**, GET, *, *, *, *, {effect}")


def test_defect_08_one_bad_row_cannot_stop_every_decision() -> None:
    """A row with another number of columns made each request raise."""
    assert refused("p, *, *, svc:tax/**, GET, *, *, *, allow")
    assert refused("p, *, *, svc:tax/**, GET, *, *, *, *, allow, allow")
    with pytest.raises(ValueError, match="columns"):
        loaded(RuleSet(), Memberships(units=(("unit:a", "unit:b", "unit:c"),)))  # type: ignore[arg-type]


def test_defect_09_no_text_of_a_rule_is_ever_evaluated() -> None:
    """A rule `True) or (True` in an eval() matcher allowed every other object."""
    assert "eval" not in casbin_engine.MODEL
    assert refused("p, *, *, svc:tax/**, True) or (True, *, *, *, *, allow")


def test_defect_10_nothing_matching_means_no() -> None:
    """Under `!some(deny)` alone an unknown person on an unknown path was let in."""
    empty = engine()
    assert not allowed(empty)
    assert not allowed(empty, subject=STRANGER, object="svc:unknown/x")
    assert not allowed(engine("p, *, *, svc:tax/x, GET, *, *, *, *, deny"))


def test_defect_11_a_new_version_never_opens_a_gap() -> None:
    """Reloading a live enforcer let 2,488 of 44,494 requests past a deny held by a role."""
    lines = [
        "p, *, *, svc:tax/**, GET, *, *, *, *, allow",
        "p, role:clerk, *, svc:tax/**, GET, *, *, *, *, deny",
    ]
    holder = [engine(*lines)]
    wrong: list[object] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            decision = holder[0].decide(Request(**READ))  # type: ignore[arg-type]
            if decision.reason is not Reason.DENIED_BY_RULE:
                wrong.append(decision)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for version in range(30):
            extra = f"p, *, *, svc:other/{version}, GET, *, *, *, *, allow"
            holder[0] = engine(*lines, extra)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert wrong == []
    assert not {"load_policy", "add_policy", "enable_enforce"} & set(dir(holder[0]))


def test_defect_12_a_person_cannot_be_named_like_a_role() -> None:
    """Everybody holds the role of his own name."""
    line = "p, role:clerk, *, svc:tax/**, GET, *, *, *, *, allow"
    assert not allowed(engine(line), subject="role:clerk")
    with pytest.raises(MembershipProblems):
        engine(line, people=Memberships(units=(("role:clerk", "unit:a"),)))


def test_defect_13_no_star_inside_a_path_and_no_way_up() -> None:
    """Upstream keyMatch ignored what followed a star, and let `..` climb out of a subtree."""
    assert refused("p, *, *, svc:tax/*/print, GET, *, *, *, *, allow")
    subtree = engine("p, *, *, svc:tax/open/**, GET, *, *, *, *, allow")
    assert allowed(subtree, object="svc:tax/open/x")
    assert not allowed(subtree, object="svc:tax/open/../secret")
    # Nor may a path that is not canonical pass a deny by way of its category.
    denied = engine(
        "p, *, *, cat:personal, GET, *, *, *, *, allow",
        "p, *, *, svc:tax/secret, GET, *, *, *, *, deny",
    )
    for path in ("open/../secret", "./secret", "/secret", "secret/"):
        assert not allowed(denied, object=f"svc:tax/{path}", category="cat:personal"), path


def test_defect_14_paths_are_compared_letter_by_letter_to_the_end() -> None:
    """Upstream matchers read dots, colons, line feeds and prefixes as patterns."""
    exact = engine("p, *, *, svc:tax/a.b, GET, *, *, *, *, allow")
    assert allowed(exact, object="svc:tax/a.b")
    for path in ("axb", "a.b\n", "a.bc", "a.b/c", "A.b"):
        assert not allowed(exact, object=f"svc:tax/{path}"), path
    for pattern in (":id", "{id}", "*foo", "[ab]", "^a", "a$"):
        assert refused(f"p, *, *, svc:tax/{pattern}, GET, *, *, *, *, allow")


@pytest.mark.parametrize("address", ["10.0.0.1", "::ffff:10.0.0.1", "not an address", "", "lan\n"])
def test_defect_15_no_address_is_parsed_while_deciding(address: str) -> None:
    """An unreadable address raised; a mistyped network silently never matched."""
    rules = ("p, *, *, svc:tax/**, GET, *, *, *, *, allow",)
    assert not allowed(engine(*rules), network=address)
    assert refused(f"p, *, *, svc:tax/**, GET, *, {address}, *, *, deny")


@pytest.mark.parametrize("quote", ['"', "'"])
def test_defect_16_quoting_is_refused_rather_than_misread(quote: str) -> None:
    """The documented quoting of commas made four columns of three."""
    assert refused(f"p, {quote}role:a{quote}, *, svc:a/**, GET, *, *, *, *, allow")


def test_defect_17_only_the_plain_enforcer_is_used_and_only_behind_its_wall() -> None:
    """SyncedEnforcer forgets to return; FastEnforcer races and hides denies."""
    used: dict[str, set[str]] = {}
    for path in sorted(SOURCES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("casbin"):
                used.setdefault(path.name, set()).update(name.name for name in node.names)
            if isinstance(node, ast.Import):
                assert not any(name.name.startswith("casbin") for name in node.names), path
    assert used == {
        "adapter.py": {"persist", "Model"},
        "casbin_engine.py": {"Enforcer", "FunctionMap", "Model", "SimpleEval"},
    }


def test_defect_18_comments_in_the_model_stand_on_their_own_lines() -> None:
    """A comment with brackets behind a role definition made it conditional."""
    lines = casbin_engine.MODEL.splitlines()
    assert all("#" not in line for line in lines if not line.startswith("#"))


def test_defect_19_time_comes_with_the_request_and_unknown_kinds_are_named() -> None:
    """Upstream timeMatch read the local clock; rows of an unknown kind were dropped silently."""
    timed = engine("p, *, *, svc:tax/**, GET, *, *, *, 500~1001, allow")
    assert [allowed(timed, now=now) for now in (499, 500, 1000, 1001)] == [
        False,
        True,
        True,
        False,
    ]
    assert refused("p2, *, *, svc:tax/**, GET, *, *, *, *, deny")
    line = "p, *, *, svc:tax/**, GET, *, *, *, *, allow"
    assert refused(f"{line}\n{line}")


def test_names_nobody_knows_leave_no_trace_in_memory() -> None:
    """Each unknown name asked about stayed in pycasbin for ever, under a read."""
    built = CasbinEngine(
        RuleSet.parse("g3, cat:a, cat:b\np, unit:x, *, cat:b, GET, *, *, *, *, allow"), CLERK
    )

    def names() -> list[frozenset[str]]:
        managers = built._enforcer.rm_map
        zones = managers["g"].rm_map
        return [
            frozenset(managers["g2"].all_roles),
            frozenset(managers["g3"].all_roles),
            frozenset(zones),
            *(frozenset(zones[zone].all_roles) for zone in sorted(zones)),
        ]

    before = names()
    for number in range(50):
        for changes in (
            {"subject": f"person:00000000-0000-4000-8000-{number:012d}"},
            {"zone": f"zone{number}"},
            {"category": f"cat:{number}"},
            {"object": f"svc:s{number}/x"},
        ):
            allowed(built, **changes)
    assert names() == before
    assert before[2] == {"extranet", "intranet"}


def test_a_thousand_rules_and_people_are_ready_in_about_a_second() -> None:
    """With pycasbin's default comparison of names this took minutes."""
    people = [f"person:00000000-0000-4000-8000-{number:012d}" for number in range(5000)]
    held = tuple((person, "role:clerk", "intranet") for person in people)
    built = CasbinEngine(
        RuleSet.parse("p, role:clerk, *, svc:a/**, GET, *, *, *, *, allow"), Memberships(roles=held)
    )
    assert built._enforcer.rm_map["g"].rm_map["intranet"].matching_func is None
    assert allowed(built, subject=people[-1], object="svc:a/")
