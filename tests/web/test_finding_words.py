"""Whatever a reader of rules finds is said in the words of the page, and never in half of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.web import labels_findings
from policies.change.findings import Code
from policies.change.lexicon import Lexicon
from policies.change.sentences import read as read_sentence
from policies.change.texts import Form
from policies.change.validate import validate

NOW = 1_780_000_000
UUID = "00000000-0000-4000-8000-000000000001"
GOOD = (
    "p, role:staff, *, svc:ledger/**, GET, *, *, 2, *, allow",
    "g3, cat:a, cat:b",
    "s, record, svc:ledger/**, PUT, POST",
    "s, held, *, role:a, role:b",
    f"t, deny, person:{UUID}, intranet, svc:ledger/x, cat:none, GET, 1, 2, lan, 2, *",
)
ODD = (
    "",
    "x",
    "*",
    "use",
    "cat:",
    "app:portal.view",
    "svc:ledger/**",
    "99",
    "a|b",
    "a b",
    "п",
    "\u200b",
)
TOML = '[[rule]]\nsub = "role:staff"\nzone = "*"\nobj = "svc:ledger/**"\nact = "GET"\n'


def row(at: int, place: int, odd: str) -> str:
    columns = GOOD[at].split(", ")
    columns[place % len(columns)] = odd
    return ", ".join(columns)


ROWS = st.builds(row, st.integers(0, 4), st.integers(0, 11), st.sampled_from(ODD))
TEXTS = st.lists(st.sampled_from(GOOD) | ROWS | st.text(max_size=20), max_size=6).map("\n".join)
TOMLS = st.lists(
    st.sampled_from(
        (TOML, "[[x]]", "rule = 1", "[rule]", "a = [", 'zone = """x', "sub = 1", "x = 2")
    ),
    max_size=5,
).map("\n".join)


def say_everything(text: str, form: Form) -> None:
    for found in validate(text, form, now=NOW).findings:
        if found.code is Code.VALUE:
            assert labels_findings.in_words(found.what), found.what
            fix = found.fix.partition("; did you mean ")[0]
            assert labels_findings.in_words(fix), fix
        assert labels_findings.finding(found)
        assert labels_findings.remedy(found)


@given(TEXTS)
@example("g3, cat:a, cat:b\ng3, cat:b, cat:a")
@example("\n".join(f"g3, cat:c{n}, cat:c{n + 1}" for n in range(12)))
@example("s, held, *, role:a, role:a")
@example("'")
@example("p, role:staff, *, svc:ledger/**, GET, *, *, 2, *, allow, " + "x" * 70_000)
@example("p, role:staff, *, svc:ledger/**, GET, *, *, 2, 9~3, allow")
@example("p, role:staff, *, app:portal.view, GET, *, *, 2, *, allow")
def test_every_problem_of_a_text_has_words_of_the_page(text: str) -> None:
    say_everything(text, Form.CSV)


@given(TOMLS)
@example("a = " + "[" * 5000)
@example('[[rule]]\nsub = "role:staff"')
def test_every_problem_of_a_toml_text_has_words_of_the_page(text: str) -> None:
    say_everything(text, Form.TOML)


@pytest.mark.parametrize(
    ("said", "code", "meant"),
    [
        ("档案科可读财政台帐/**", "no_word", "财政台账"),
        ("аrchives may read", "lookalike", "archives"),
    ],
)
def test_a_sentence_names_the_letter_and_the_word_that_was_meant(
    said: str, code: str, meant: str
) -> None:
    lexicon = Lexicon(names={"unit:a": "档案科", "svc:ledger": "财政台账", "unit:b": "archives"})
    wrong = next(each for each in read_sentence(said, lexicon).wrong if each.code == code)
    assert wrong.meant == meant
    assert meant in labels_findings.sentence_problem(wrong)
