"""What is odd in a draft is named with its line, its column and the fix."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_pair import both
from policy_worlds import CATEGORIES, PEOPLE, people, request, rule

from policies.change.findings import Code, Severity
from policies.change.likeness import Nearest, mended
from policies.change.overlap import Overlap, Overlaps
from policies.change.texts import Form, read
from policies.change.validate import Known, validate
from policies.memberships import Memberships
from policies.rules import RuleProblems, RuleSet

ANNA, BORIS, _ = PEOPLE
NOW = 1_000
MEMBERS = Memberships(
    roles=((ANNA, "role:clerk", "intranet"), ("role:clerk", "role:staff", "intranet")),
    units=((ANNA, "unit:tax"), ("unit:tax", "unit:finance"), (BORIS, "unit:finance")),
)
KNOWN = Known(
    units=frozenset({"unit:tax", "unit:finance", "unit:empty"}),
    people=frozenset({ANNA, BORIS}),
    services=frozenset({"ledger"}),
    memberships=MEMBERS,
    clearance={ANNA: 1, BORIS: 2}.__getitem__,
)
OPEN = "p, unit:finance, *, svc:ledger/**, GET|POST, *, *, *, *, allow"


@pytest.mark.parametrize(
    ("line", "code", "column", "fix"),
    [
        (
            "p, unit:finanse, *, svc:ledger/**, GET, *, *, *, *, allow",
            *(Code.UNKNOWN, 4, "unit:finance"),
        ),
        ("p, unit:tax, *, svc:1edger/**, GET, *, *, *, *, allow", Code.UNKNOWN, 17, "ledger"),
        (
            "p, unit:tax, *, svc:ledger/**, GTE, *, *, *, *, allow",
            *(Code.VALUE, 32, "did you mean GET?"),
        ),
        (
            "p, unit:tax, *, svc:ledger/**, GET, *, *, *, *, Deny",
            *(Code.VALUE, 49, "did you mean deny?"),
        ),
        (
            "p, unit:tаx, *, svc:ledger/**, GET, *, *, *, *, allow",
            *(Code.LOOKALIKE, 10, "write unit:tax"),
        ),
        (
            "p, unit:tax, *, svc:ledger/**, GET, *, ｌan, *, *, allow",
            *(Code.LOOKALIKE, 40, "write lan"),
        ),
        ("p，unit:tax", Code.LOOKALIKE, 2, "write p,unit:tax"),
        ("p, unit:tax, *, svc:ledger/**, GET, *, 10.0.0.0/33, *, *, allow", Code.VALUE, 40, "lan"),
        (
            "p, unit:tax, *, svc:ledger/**, GET, *, *, *, 9~3, allow",
            *(Code.VALUE, 46, "from before to"),
        ),
        ("p, unit:tax, *", Code.VALUE, 1, "exactly 9"),
        ("p, unit:tax, *, svc:ledger/**, GET, *, *, *, 1~900, allow", Code.PAST, 46, "later"),
        ("p, unit:empty, *, svc:ledger/**, GET, *, *, *, *, allow", Code.NO_MEMBER, 4, "somebody"),
        (
            "p, role:clerk, extranet, svc:ledger/**, GET, *, *, *, *, allow",
            *(Code.NO_MEMBER, 4, "somebody"),
        ),
        (
            "p, unit:tax, *, svc:ledger/**, GET, 2|3, *, *, *, allow",
            *(Code.ABOVE_CLEARANCE, 37, "clear"),
        ),
        ("g3, cat:a, cat:a", Code.VALUE, 0, "g3 row"),
        (
            "t, allow, unit:tax, lan, svc:ledger/, cat:none, GET, 0, 0, lan, 2, *",
            *(Code.VALUE, 21, "intranet"),
        ),
        ("s, held, *, role:a, role:a", Code.VALUE, 21, "one side"),
    ],
)  # fmt: skip
def test_each_fault_is_named_at_its_place_with_the_fix(
    line: str, code: Code, column: int, fix: str
) -> None:
    found = validate(f"# head\n\n{line}\n", known=KNOWN, now=NOW).findings
    mine = [each for each in found if each.code is code]
    assert mine, found
    assert (mine[0].column, mine[0].line) == (column, 3 if column else mine[0].line)
    assert fix in mine[0].fix


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("p, unit:tax, *, svc:ledger/a/**, GET, *, *, *, *, deny", None),
        ("p, unit:tax, intranet, svc:ledger/a, GET, *, lan, 2, *, allow", Code.REDUNDANT),
        (f"p, {ANNA}, *, svc:ledger/**, GET, *, *, *, *, allow", None),
        ("p, *, *, svc:ledger/**, *, *, *, *, *, deny", Code.SHADOWED),
        ("p, unit:finance, *, svc:ledger/**, GET|PUT, *, lan, *, *, deny", Code.CONTRADICTORY),
        ("p, unit:finance, *, svc:ledger/**, GET, *, *, *, *, deny", None),
        ("p, unit:finance, *, svc:ledger/**, PUT, *, *, *, *, deny", None),
    ],
)
def test_rules_that_stand_in_each_others_light_are_named(line: str, code: Code | None) -> None:
    found = validate(f"{OPEN}\n{line}\n", known=KNOWN, now=NOW).findings
    assert [each.code for each in found] == ([code] if code else [])
    assert all(each.severity is Severity.WARNING for each in found)
    assert all(set(each.others) <= {1, 2} for each in found)


@settings(max_examples=60, deadline=None)
@given(luck=st.randoms(use_true_random=False))
def test_what_is_called_redundant_or_shadowed_may_go_without_any_decision_changing(
    luck: Random,
) -> None:
    """Asked of both engines, rule by rule."""
    rules = RuleSet(tuple({rule(luck) for _ in range(luck.randint(4, 10))}), CATEGORIES)
    members = people(luck)
    useless = [p for p in Overlaps(rules, members).all() if p.overlap is not Overlap.CONTRADICTS]
    for pair in useless[:2]:
        less = RuleSet(tuple(each for each in rules.rules if each != pair.rule), CATEGORIES)
        full, short = both(rules, members), both(less, members)
        for _ in range(30):
            asked = request(luck)
            assert full.decide(asked).outcome == short.decide(asked).outcome, pair


def test_a_long_search_of_worlds_meets_every_overlap() -> None:
    luck = Random(1)
    seen: set[Overlap] = set()
    for _ in range(200):
        rules = RuleSet(tuple({rule(luck) for _ in range(10)}), CATEGORIES)
        seen |= {pair.overlap for pair in Overlaps(rules, people(luck)).all()}
    assert seen == set(Overlap)


@settings(max_examples=150, deadline=None)
@given(
    text=st.text("pgst3,# *svc:/ratle\n\"'()|~\x00éа，０", max_size=80), form=st.sampled_from(Form)
)
def test_no_text_makes_validation_fail(text: str, form: Form) -> None:
    found = validate(text, form, known=KNOWN, now=NOW)
    assert (found.document is None) <= bool(found.errors)
    assert all(each.what and each.fix and each.at("draft") for each in found.findings)
    lines = text.split("\n")
    assert all(0 <= each.line <= len(lines) for each in found.findings)


def test_look_alikes_are_mended_and_the_nearest_word_is_found() -> None:
    assert mended("ｕnit：fіnаnce") == "unit:finance"
    near = Nearest(["unit:finance", "unit:tax", "unit:modern"])
    assert near.to("unit:rnodern") == "unit:modern"
    assert near.to("unit:finace") == "unit:finance"
    assert near.to("role:something-else") is None


def test_a_good_draft_has_nothing_to_say() -> None:
    found = validate(f"{OPEN}\n", known=KNOWN, now=NOW)
    assert found.findings == ()
    assert found.document == read(f"{OPEN}\n").document


@pytest.mark.parametrize("broken", ["p, unit:tax", "t, allow", "g3, cat:q, cat:q", "x, 1"])
def test_what_is_odd_in_readable_rows_is_named_beside_a_row_that_cannot_be_read(
    broken: str,
) -> None:
    odd = OPEN.replace("finance", "finanse")
    past = OPEN.replace("*, allow", "1~900, allow").replace("GET|POST", "PUT")
    found = validate("\n".join((odd, OPEN, broken, past, f"{OPEN}\n")), known=KNOWN, now=NOW)
    assert found.document is None
    told = {(each.line, each.code) for each in found.findings}
    assert {(1, Code.UNKNOWN), (3, Code.VALUE), (4, Code.PAST)} <= told
    mended = validate(f"{odd}\n{OPEN}\n\n{past}", known=KNOWN, now=NOW)
    assert {(each.line, each.code) for each in mended.findings} <= told


def test_a_circle_of_categories_is_named_at_the_rows_that_close_it() -> None:
    text = "# tree\ng3, cat:c, cat:a\ng3, cat:a, cat:b\ng3, cat:x, cat:y\ng3, cat:b, cat:a\n"
    circle = [(each.line, each.what) for each in validate(text, known=KNOWN, now=NOW).findings]
    assert circle == [
        (3, "cat:a belongs to itself through a circle"),
        (5, "cat:b belongs to itself through a circle"),
    ]
    with pytest.raises(RuleProblems, match=r"line 3: cat:a belongs to itself"):
        RuleSet.parse(text)
    chain = "".join(f"g3, cat:{at}, cat:{at + 1}\n" for at in range(10))
    (deep,) = validate(chain, known=KNOWN, now=NOW).findings
    assert (deep.line, deep.what) == (1, "cat:0 lies 10 levels deep; at most 9 are followed")
