"""Rule sets: read strictly, one canonical form, named by content."""

from __future__ import annotations

import random

import pytest

from policies.rules import Rule, RuleProblems, RuleSet

GOOD = "p, role:clerk, intranet, svc:tax/**, GET, *, *, 2, *, allow"


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(RuleProblems) as caught:
        RuleSet.parse(text)
    assert all(problem.fix for problem in caught.value.problems)
    return [(problem.line, problem.what) for problem in caught.value.problems]


def test_comments_empty_lines_spaces_and_line_ends_do_not_change_the_set() -> None:
    """Only the rules count for the name of the set."""
    dressed = "# 税务 clerks\r\n\r\n" + GOOD.replace(", ", " ,\t") + "\r\n"
    assert RuleSet.parse(dressed).hash == RuleSet.parse(GOOD).hash


def test_the_canonical_text_reads_back_as_the_same_set() -> None:
    """Text and hash have one form."""
    rules = RuleSet.parse(f"g3, cat:health, cat:personal\n{GOOD}\n")
    again = RuleSet.parse(rules.text())
    assert again == rules
    assert again.text() == rules.text() == f"g3, cat:health, cat:personal\n{GOOD}\n"


def test_the_order_of_lines_and_of_joined_values_does_not_matter() -> None:
    """The same rules always have the same name."""
    lines = [
        "p, role:a, *, svc:x/1, POST|GET|GET, 2|1, vpn|lan, *, 100~110|9~10, deny",
        "p, role:b, *, svc:x/1, GET, *, *, *, *, allow",
        "g3, cat:b, cat:a",
        "g3, cat:c, cat:a",
    ]
    first = RuleSet.parse("\n".join(lines))
    random.shuffle(lines)
    assert RuleSet.parse("\n".join(lines)).hash == first.hash
    assert first.rules[0].columns[3:8] == ("GET|POST", "1|2", "lan|vpn", "*", "9~10|100~110")


def test_a_rules_id_outlives_changes_to_other_rules() -> None:
    """Decisions recorded under one version can be read beside another."""
    alone = RuleSet.parse(GOOD)
    among = RuleSet.parse(f"p, *, *, svc:a/**, *, *, *, *, *, deny\n{GOOD}")
    assert alone.rules[0].id in {rule.id for rule in among.rules}
    assert len({rule.id for rule in among.rules}) == 2


def test_the_id_and_hash_of_a_known_rule_stay_as_they_are() -> None:
    """They stand in audit logs, and sha256sum over the line gives the same."""
    rules = RuleSet.parse(GOOD)
    assert rules.rules[0].id == "r-150ef699db1d"
    assert rules.version == rules.hash[:16] == "3b800e959bcb41fe"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sub", "person:zhao"),
        ("sub", "clerk"),
        ("sub", "role:Clerk"),
        ("sub", "person:00000000-0000-4000-8000-00000000000A"),
        ("zone", "internet"),
        ("zone", "intranet|extranet"),
        ("obj", "*"),
        ("obj", "svc:tax"),
        ("obj", "svc:tax/a/"),
        ("obj", "svc:tax//a"),
        ("obj", "svc:tax/../a"),
        ("obj", "svc:tax/*"),
        ("obj", "svc:tax/**/a"),
        ("obj", "svc:tax/a**"),
        ("obj", "svc:Tax/a"),
        ("obj", "app:portal.veiw"),
        ("obj", "cat:"),
        ("act", "get"),
        ("act", "GET|"),
        ("act", "TRACE"),
        ("act", "use"),
        ("cls", "5"),
        ("cls", "0~2"),
        ("net", "wlan"),
        ("auth", "0"),
        ("auth", "2|3"),
        ("win", "20~10"),
        ("win", "monday"),
        ("eft", "Deny"),
        ("eft", "permit"),
    ],
)
def test_a_word_the_model_does_not_know_is_refused(column: str, value: str) -> None:
    """A misspelt allow would give nothing; a misspelt deny would silently take nothing away."""
    names = ("sub", "zone", "obj", "act", "cls", "net", "auth", "win", "eft")
    given = GOOD.split(", ")
    given[1 + names.index(column)] = value
    ((line, what),) = problems("\n" + ", ".join(given))
    assert line == 2
    assert what.startswith((f"{column} is ", "act is"))


def test_every_bad_line_is_named_at_once() -> None:
    """Whoever mends a file sees the whole work."""
    text = "\n".join(
        [
            GOOD,
            "p, role:a, intranet",
            "g, person:x, role:a, intranet",
            GOOD.replace("allow", "alow").replace("GET", "GOT"),
            "g3, cat:a",
            "g3, personal, cat:b",
            GOOD,
            "\ufeff" + GOOD,
        ]
    )
    assert [line for line, _ in problems(text)] == [2, 3, 4, 4, 5, 6, 7, 8]


def test_a_page_can_only_be_used_and_nothing_else_can() -> None:
    """The two kinds of object have their own verbs."""
    assert problems("p, *, *, app:portal.view, GET, *, *, *, *, allow")
    assert problems("p, *, *, svc:x/**, GET|use, *, *, *, *, allow")
    RuleSet.parse("p, *, *, app:**, use, *, *, *, *, allow")


@pytest.mark.parametrize("sign", ["\u202e", "\u200b", "\x00", "\u2028", "\r", "\x1b", "\ufeff"])
def test_invisible_characters_are_refused_even_in_comments(sign: str) -> None:
    """What a reviewer sees must be what the program reads."""
    assert problems(f"# harmless{sign}{GOOD}")
    assert problems(GOOD.replace("clerk", f"cl{sign}erk"))


def test_categories_may_not_run_in_a_circle_or_too_deep() -> None:
    """Pycasbin would follow nine links and then silently say no."""
    assert problems("g3, cat:a, cat:b\ng3, cat:b, cat:a")
    chain = [f"g3, cat:n{depth}, cat:n{depth + 1}" for depth in range(10)]
    RuleSet.parse("\n".join(chain[:9]))
    assert problems("\n".join(chain))


def test_a_set_made_of_values_is_checked_like_a_text() -> None:
    """Rows from the database take this way."""
    with pytest.raises(RuleProblems):
        Rule("role:a", "*", "svc:a/**", "GET", "*", "*", "*", "*", "perhaps")
    rule = RuleSet.parse(GOOD).rules[0]
    with pytest.raises(RuleProblems):
        RuleSet((rule, rule))
    with pytest.raises(RuleProblems):
        RuleSet((), (("cat:a", "unit:b"),))


def test_two_rules_with_one_id_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that means two rules would make evidence ambiguous."""
    monkeypatch.setattr("policies.rule._ID_DIGITS", 0)
    assert problems(f"{GOOD}\n{GOOD.replace('clerk', 'other')}") == [
        (0, "two rules share the id r-")
    ]


def test_sets_are_joined_without_repetition() -> None:
    """The baseline and an office's grants may overlap."""
    left = RuleSet.parse(f"{GOOD}\ng3, cat:b, cat:a")
    right = RuleSet.parse(f"{GOOD}\ng3, cat:c, cat:a\n{GOOD.replace('clerk', 'other')}")
    both = left.plus(right)
    assert (len(both.rules), len(both.categories)) == (2, 2)
    assert both == right.plus(left)
