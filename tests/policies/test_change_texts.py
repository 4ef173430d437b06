"""CSV, TOML and sentences are three forms of one draft; bad text is a list of what is wrong."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import CATEGORIES, PEOPLE, rule

from policies.cases import Case
from policies.change.completion import complete
from policies.change.drafts import read_sentences, sentences_of
from policies.change.lexicon import FIXED, Language, Lexicon
from policies.change.phrasing import write
from policies.change.sentences import MOST_WRONG, Wrong, scan
from policies.change.sentences import read as read_sentence
from policies.change.texts import MAX_BYTES, MAX_ROWS, Document, Form, read, rows_of
from policies.duties import Duty
from policies.rules import Rule, RuleSet

ANNA, BORIS, _ = PEOPLE
OFFICE = {
    "unit:finance": "财务处",
    "unit:x": "信息中心",
    "role:clerk": "科员",
    "role:finance-clerk": "财务处的出纳",
    "role:cashier": "出纳",
    "role:a": "可",  # a name that means something else
    "role:b": "Mayor May",
    "svc:budget": "预算",
    "svc:s": "读取",
    "svc:t": "台账 系统",
    ANNA: "张伟",
    BORIS: "张伟",
    "cat:a": "个人信息",
}
WORKING = "week:1-5@08:30-12:00+08:00|week:1-5@13:30-17:30+08:00"
ZH = Lexicon(
    names=OFFICE, windows={"工作时间": WORKING}, paths={"budget": ("文件/**", "文件/月报")}
)
EN = Lexicon(
    language=Language.EN,
    names={**OFFICE, "unit:finance": "Finance Division", "svc:budget": "budget"},
    windows={"working hours": WORKING, "term": "10~20|30~40"},
)


def document(luck: Random) -> Document:
    rules = RuleSet(
        tuple({rule(luck) for _ in range(luck.randrange(6))}),
        tuple(link for link in CATEGORIES if luck.randrange(2)),
        (Case("allow", "unit:x", "intranet", "svc:s/", "cat:none", "GET", *"00", "lan", "2", "*"),),
        (Duty("held", "*", "role:a", "role:b|unit:x"),),
    )
    words = ("为什么", "", "  indented", "# twice", "p, not a rule")
    comments = {
        row: tuple(luck.choice(words) for _ in range(luck.randint(1, 2)))
        for row in rows_of(rules)
        if luck.randrange(2)
    }
    return Document(rules, comments, ("一号文", "second line") if luck.randrange(2) else ())


@settings(max_examples=80, deadline=None)
@given(luck=st.randoms(use_true_random=False), form=st.sampled_from(Form))
def test_a_draft_written_and_read_again_is_the_same_draft_with_its_comments(
    luck: Random, form: Form
) -> None:
    draft = document(luck)
    again = read(draft.text(form), form).required()
    assert again == draft
    assert again.rules.hash == draft.rules.hash
    assert again.text(form) == draft.text(form)


@settings(max_examples=80, deadline=None)
@given(luck=st.randoms(use_true_random=False), lexicon=st.sampled_from((ZH, EN)))
def test_a_draft_as_sentences_is_the_same_draft(luck: Random, lexicon: Lexicon) -> None:
    draft = document(luck)
    assert read_sentences(sentences_of(draft, lexicon), lexicon).required() == draft


NO_DAY = "2026-02-30 08:00 至 2026-03-01 09:00"
NAMES = st.text("财务处科员可读取A may/，的 1", min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    luck=st.randoms(use_true_random=False),
    names=st.dictionaries(st.sampled_from(sorted(OFFICE)), NAMES, max_size=6),
    language=st.sampled_from(Language),
)
def test_whatever_things_are_called_a_sentence_says_its_own_rule(
    luck: Random, names: dict[str, str], language: Language
) -> None:
    """Names may be keywords, prefixes of each other, or anything else."""
    lexicon = Lexicon(language=language, names=names)
    written = rule(luck)
    assert read_sentence(write(written, lexicon), lexicon).rule == written


def test_the_sentence_of_the_issue_is_read_with_and_without_spaces() -> None:
    wanted = Rule(
        *("unit:finance&role:clerk", "*", "svc:budget/~e6~96~87~e4~bb~b6/**", "GET|HEAD"),
        *("*", "*", "2", WORKING, "allow"),
    )
    for text in (
        "财务处 的 科员 可在 工作时间 读取 预算/文件/**，需双因素",
        "财务处的科员可在工作时间读取预算/文件/**，需双因素。",
        "需双因素：财务处的科员 可 读取 预算/文件/** 在 工作时间",
        "财务处科员 可 读取 预算/文件/**，周一至周五 08:30-12:00、周一至周五 13:30-17:30，双因素",
        f"unit:finance&role:clerk 可 {WORKING.replace('|', '、')} 读取 预算/文件/** 双因素",
    ):
        assert read_sentence(text, ZH).rule == wanted
    assert write(wanted, ZH) == "财务处的科员 可 在 工作时间 读取 预算/文件/**，需双因素"


def test_a_name_that_is_said_whole_goes_before_both() -> None:
    """An office that calls a role 财务处的出纳 means that role, and both by their ids."""
    role, pair = (
        Rule(sub, *("*", "svc:budget/**", "GET|HEAD"), *"****", "allow")
        for sub in ("role:finance-clerk", "unit:finance&role:cashier")
    )
    assert write(role, ZH) == "财务处的出纳 可 读取 预算/**"
    assert write(pair, ZH).startswith("unit:finance&role:cashier 可 ")
    for each in (role, pair):
        assert read_sentence(write(each, ZH), ZH).rule == each


@pytest.mark.parametrize(
    "text",
    [
        "clerk of Finance Division may read budget/**",
        "clerk in the Finance Division may read budget/**",
        "Finance Division clerk may read budget/**",
    ],
)
def test_a_units_role_in_english(text: str) -> None:
    lexicon = replace(EN, names={**EN.names, "role:clerk": "clerk"})
    found = read_sentence(text, lexicon).rule
    assert found is not None
    assert found.sub == "unit:finance&role:clerk"
    assert write(found, lexicon) == "clerk of Finance Division may read budget/**"


@pytest.mark.parametrize(
    "text",
    [
        "财务处 和 科员 可 读取 预算/**",
        "财务处、科员 可 读取 预算/**",
        "财务处，科员 不得 读取 预算/**",
        "科员 财务处 可 读取 预算/**",
        "财务处 信息中心 可 读取 预算/**",
        "财务处 信息中心 科员 可 读取 预算/**",
        "财务处 科员 出纳 可 读取 预算/**",
    ],
)
def test_attack_a_list_of_two_is_never_read_as_both(text: str) -> None:
    """A deny to two would become a deny to the few who are both."""
    found = read_sentence(text, ZH)
    assert found.rule is None
    assert "second" in {each.code for each in found.wrong}


@pytest.mark.parametrize(
    "text",
    [
        "财务处 可 在 周一至周五 08:30-17:30 2026-11-01 00:00 至 2026-12-01 00:00 读取 预算/**",
        "财务处 可 在 2026-11-01 00:00 至 2026-12-01 00:00 的 周一 08:30-17:30 读取 预算/**",
        "财务处 可 在 周一 08:30-17:30 读取 预算/** 在 2026-11-01 00:00 至 2026-12-01 00:00",
    ],
)
def test_attack_hours_of_certain_days_are_never_read_as_either(text: str) -> None:
    """Read by people the access ends; as a union it would last for ever, and all day long."""
    found = read_sentence(text, ZH)
    assert found.rule is None
    assert [each.code for each in found.wrong] == ["second"]


def test_times_with_or_between_them_are_either() -> None:
    said = "财务处 可 在 周一 08:30-17:30 或 周三 08:30-17:30 读取 预算/**"
    found = read_sentence(said, ZH).rule
    assert found is not None
    assert found.win == "week:1@08:30-17:30+08:00|week:3@08:30-17:30+08:00"
    assert read_sentence(write(found, ZH), ZH).rule == found


@pytest.mark.parametrize(
    ("zh", "en", "win"),
    [
        ("周一至周五 08:30-17:30", "Monday to Friday 08:30-17:30", "1-5@08:30-17:30"),
        ("周六 09:00-24:00", "Saturday 09:00-24:00", "6@09:00-24:00"),
        ("周六至周日 00:00-06:05", "Saturday to Sunday 00:00-06:05", "6-7@00:00-06:05"),
    ],
)
def test_hours_of_a_week_are_read_and_written_in_words(zh: str, en: str, win: str) -> None:
    for text, lexicon in (
        (f"财务处 可 在 {zh} 读取 预算/**", ZH),
        (f"Finance Division may read budget/** during {en}", EN),
    ):
        found = read_sentence(text, lexicon).rule
        assert found is not None
        assert found.win == f"week:{win}+08:00"
        assert write(found, lexicon) == text
        far = replace(found, win=f"week:{win}-05:30")
        assert f"week:{win}-05:30" in write(far, lexicon)
        assert read_sentence(write(far, lexicon), lexicon).rule == far


@pytest.mark.parametrize(
    "said", ["每周一 8:30至9:00", "星期一 08:30-09:00", "周一08:30 到 09:00", "周一 08：30～09：00"]
)
def test_hours_are_understood_as_people_write_them(said: str) -> None:
    found = read_sentence(f"财务处 可 {said} 读取 预算/**", ZH).rule
    assert found is not None
    assert found.win == "week:1@08:30-09:00+08:00"


@pytest.mark.parametrize(
    ("text", "lexicon"),
    [
        ("财务处 不得 导出 预算/files/** ，仅对双因素登录", ZH),
        ("Finance Division may not export budget/files/** when signed in with two factors", EN),
    ],
)
def test_a_denial_says_whom_it_meets_and_asks_for_no_sign_in(text: str, lexicon: Lexicon) -> None:
    found = read_sentence(text, lexicon).rule
    assert found is not None
    assert (found.eft, found.auth) == ("deny", "2")
    assert write(found, lexicon) == text.replace(" ，", "，")


def test_hours_over_midnight_are_two_times_as_the_remedy_says() -> None:
    text = "财务处 可 在 周一 22:00-24:00 或 周二 00:00-06:00 读取 预算/**"
    found = read_sentence(text, ZH).rule
    assert found is not None
    assert found.win == "week:1@22:00-24:00+08:00|week:2@00:00-06:00+08:00"


def test_a_clock_with_summer_time_tells_no_weekly_hours() -> None:
    """They would mean one thing in January and another in July."""
    lexicon = replace(EN, zone=ZoneInfo("America/New_York"))
    text = "Finance Division may read budget/** during Monday 08:30-09:00"
    assert {each.code for each in read_sentence(text, lexicon).wrong} == {"no_time"}


def test_english_sentences_say_the_same() -> None:
    text = "Finance  Division may not export budget/files/** during working hours, with two factors"
    found = read_sentence(text, EN).rule
    assert found is not None
    assert found.columns == (
        *("unit:finance", "*", "svc:budget/files/**", "export", "*", "*", "2", WORKING, "deny"),
    )
    assert read_sentence(write(found, EN), EN).rule == found


@pytest.mark.parametrize(
    ("text", "code", "said", "start"),
    [
        ("财务处 可 读取 预算", "no_path", "预算", 9),
        ("张伟 可 读取 预算/**", "ambiguous", f"{ANNA} or {BORIS}", 0),
        ("财务处 和 科员 可 读取 预算/**", "second", "sub", 6),
        ("财务处 可 周五至周一 08:30-09:00 读取 预算/**", "no_time", "周五至周一 08:30-09:00", 6),
        ("财务处 可 周一 22:00-06:00 读取 预算/**", "overnight", "周一 22:00-06:00", 6),
        ("财务处 可 周一 25:00-26:00 读取 预算/**", "no_hour", "周一 25:00-26:00", 6),
        ("财务处 可 在 18:00-09:00 读取 预算/**", "overnight", "18:00-09:00", 8),
        ("财务处 可 在 25:00-26:00 读取 预算/**", "no_hour", "25:00-26:00", 8),
        ("财务处 可 在 08:60 至 09:00 读取 预算/**", "no_hour", "08:60 至 09:00", 8),
        ("财务处 可 在 09:00-18:00 读取 预算/**", "no_day", "09:00-18:00", 8),
        ("财务处 可 在 9:00 读取 预算/**", "no_day", "9:00", 8),
        ("财务处 可 读曲 预算/**", "no_word", "读曲", 6),
        (f"财务处 可 读取 预算/** {NO_DAY}", "no_time", NO_DAY, 15),
        ("财务处 可 读取", "missing", "obj", 8),
        ("财务处 读取 预算/**", "missing", "eft", 12),
        ("", "empty", "", 0),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_sentence_is_named_at_its_letters(
    text: str, code: str, said: str, start: int
) -> None:
    wrong = read_sentence(text, ZH).wrong
    assert (code, said, start) in {(each.code, each.said, each.start) for each in wrong}
    assert all(each.what and each.fix for each in wrong)


def test_dates_are_read_in_the_offices_time_and_written_back() -> None:
    text = "财务处 可 在 2026-12-01 08:00 至 2026-12-05 18:00 读取 预算/**"
    found = read_sentence(text, ZH).rule
    assert found is not None
    assert found.win == "1796083200~1796464800"
    assert write(found, ZH) == text


@settings(max_examples=300, deadline=None)
@given(text=st.text("财务处可读取预算/**，的 p,svc:unit:/~0123-:\n\x00\u202e至", max_size=60))
def test_no_text_makes_a_reader_fail_otherwise_than_by_naming_problems(text: str) -> None:
    for lexicon in (ZH, EN):
        found = read_sentence(text, lexicon)
        assert (found.rule is None) == bool(found.wrong)
        assert all(0 <= each.start <= each.end <= len(text) for each in found.wrong)
        assert all(each.start <= len(text) for each in complete(text, len(text) // 2, lexicon))
    for reading in (read(text), read(text, Form.TOML), read_sentences(text, ZH)):
        assert (reading.document is None) == bool(reading.problems)


@pytest.mark.parametrize("words", ["周七 ", "2026-01-01 ", "x y ", "9:99 - "])
def test_attack_words_without_end_are_not_each_looked_up(words: str) -> None:
    """A few milliseconds each in an office of 3,000 names: an address full of them took 15 s."""
    text = words * 9000
    wrong = [piece for piece in scan(text, ZH) if isinstance(piece, Wrong)]
    assert len(wrong) == MOST_WRONG + 1
    assert wrong[-1].end == len(text)
    assert len(wrong[-1].said) < 100
    assert read_sentence(text, ZH).rule is None
    complete(text, len(text), ZH)


@settings(max_examples=200, deadline=None)
@given(text=st.text("[]rule=\"#\n.'{}\\ sub", max_size=80))
def test_no_toml_makes_the_reader_fail(text: str) -> None:
    reading = read(text, Form.TOML)
    assert (reading.document is None) == bool(reading.problems)


ATTACKS = {
    "quotes": 'p, "unit:a", *, svc:s/**, *, *, *, *, *, allow',
    "a comma inside quotes": 'p, unit:a, *, "svc:s/a,b", *, *, *, *, *, allow',
    "a formula": "p, =cmd|calc, *, svc:s/**, *, *, *, *, *, allow",
    "a comment behind a value": "p, unit:a, *, svc:s/**, *, *, *, *, *, allow # deny",
    "NUL": "p, unit:a\x00, *, svc:s/**, *, *, *, *, *, allow",
    "text turned round": "p, unit:a, *, svc:s/**, *, *, *, *, *, \u202ewolla",
    "a line inside a line": "p, unit:a, *, svc:s/**\u2028p, *, *, *, *, *, allow",
    "the way up": "p, unit:a, *, svc:s/../t/**, *, *, *, *, *, allow",
    "a star inside": "p, unit:a, *, svc:s/*/b, *, *, *, *, *, allow",
    "zero width": "p, unit:a\u200b, *, svc:s/**, *, *, *, *, *, allow",
    "a hundred thousand columns": "p" + ", *" * 1000,
    "one huge line": "p, " + "x" * 100_000,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_text_attack_is_named_with_its_line(attack: str) -> None:
    reading = read(f"# first\n{attack}\n")
    assert reading.document is None
    assert {problem.line for problem in reading.problems} == {2}


TOML_ATTACKS = {
    "nested tables": "[[rule]]\n" + "a.b.c = 1\n",
    "deep nesting": "x = " + "[" * 3000 + "]" * 3000,
    "a text over several lines": '[[rule]]\nsub = """a\nb"""\n',
    "a number": "[[rule]]\nsub = 1\n",
    "an unknown table": "[[grant]]\n",
    "no table": "[rule]\nsub = 'x'\n",
    "a missing column": '[[rule]]\nsub = "*"\n',
}


@pytest.mark.parametrize("attack", TOML_ATTACKS.values(), ids=TOML_ATTACKS)
def test_toml_attack_is_named(attack: str) -> None:
    reading = read(attack, Form.TOML)
    assert reading.document is None
    assert reading.problems


def test_too_much_is_refused_at_once() -> None:
    large = read("#" * (MAX_BYTES[Form.CSV] + 1))
    assert [problem.what for problem in large.problems] == ["more than 10 MiB"]
    rows = "".join(f"g3, cat:x{number}, cat:y\n" for number in range(MAX_ROWS + 2))
    many = read(rows)
    assert [problem.line for problem in many.problems] == [MAX_ROWS + 1]


def test_a_toml_problem_is_at_its_own_line() -> None:
    draft = Document(RuleSet((Rule(*("*", "*", "svc:s/**"), *("*",) * 5, "allow"),)))
    text = draft.text(Form.TOML).replace('act = "*"', 'act = "GTE"')
    (problem,) = read(text, Form.TOML).problems
    assert text.split("\n")[problem.line - 1] == 'act = "GTE"'
    assert problem.column == len('act = "') + 1 - 1


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("财", "财务处"),
        ("财务处 可 读", "读取"),
        ("财务处 可 读取 预", "预算/"),
        ("财务处 可 读取 预算/文", "预算/文件/**"),
        ("财务处 的 科", "科员"),
        ("财务处 的 ", "出纳"),
        ("财务处 可 在 工", "工作时间"),
        ("财务处 可", "读取"),
        ("财务处 可 读取", "预算/"),
        ("财务处 可 读取 预算/**，", "工作时间"),
    ],
)
def test_the_next_words_are_offered_at_the_cursor(text: str, first: str) -> None:
    found = complete(text, len(text), ZH)
    assert found[0].text == first
    assert text[: found[0].start] + found[0].text == text[: found[0].start] + first


def test_what_is_said_is_not_offered_again() -> None:
    text = "财务处 可 "
    assert {"sub", "eft"}.isdisjoint(each.column for each in complete(text, len(text), ZH))
    text = "财务处 可 读取"
    found = {each.text for each in complete(text, len(text), ZH, at_most=100)}
    assert "查看" in found, "there may be more of these"
    assert "读取" not in found


def test_of_words_for_one_thing_the_usual_one_is_offered_until_another_is_begun() -> None:
    found = {each.text for each in complete("财务处 ", 4, ZH)}
    assert {"可", "不得"} <= found
    assert found.isdisjoint({"可以", "允许", "准许", "禁止"})
    assert complete("财务处 允", 5, ZH)[0].text == "允许"


def test_no_fixed_word_of_a_language_means_two_things() -> None:
    for language in Language:
        meanings: dict[str, set[tuple[str, str]]] = {}
        for text, column, value in FIXED[language]:
            meanings.setdefault(text.lower(), set()).add((column, value))
        assert all(len(each) == 1 for each in meanings.values()), meanings


TOURISM = Lexicon(
    language=Language.EN,
    names={
        "unit:tourism": "Tourism division",
        "unit:finance": "Finance",
        "svc:ledger": "Finance ledger",
        "role:clerk": "clerk",
        "person:zhao": "Zhao Min",
    },
    paths={"ledger": ("files/**",)},
)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Tourism division may", "Tourism division may read"),
        ("Tourism division may", "Tourism division may not"),
        ("Tourism div", "Tourism division"),
        ("tourism", "Tourism division"),
        ("Tourism division may read Finance led", "Tourism division may read Finance ledger/"),
        ("Tourism division may read Finance ledger", "Tourism division may read Finance ledger/"),
        (
            "Tourism division may read Finance ledger/f",
            "Tourism division may read Finance ledger/files/**",
        ),
        ("Tourism division may read svc:led", "Tourism division may read svc:ledger/"),
        ("unit:tou", "unit:tourism"),
        ("Tourism division may read svc:ledger/", "Tourism division may read svc:ledger/**"),
    ],
)
def test_what_is_offered_reads_as_a_whole_sentence(text: str, whole: str) -> None:
    found = [text[: each.start] + each.text for each in complete(text, len(text), TOURISM)]
    assert whole in found


@given(st.text("TourismdvnayrFcelgZhaoM/:.* ", max_size=30))
def test_no_offer_runs_two_words_into_one(text: str) -> None:
    for each in complete(text, len(text), TOURISM):
        before = text[: each.start]
        if each.column in {"eft", "act"} and before:
            assert not before[-1].isalnum() or each.text[0] == " "


def test_a_name_taken_up_in_its_midst_is_not_said_twice() -> None:
    text = "Finance le"
    wholes = {text[: each.start] + each.text for each in complete(text, len(text), TOURISM)}
    assert "Finance ledger/" in wholes
    assert not any(each.count("Finance") > 1 for each in wholes)


def test_a_chain_of_offers_ends_in_a_rule() -> None:
    """Whoever takes an offer each time gets a sentence that the reader understands."""
    text = ""
    for wanted in ("Tourism division", "may", "read", "Finance ledger/", "Finance ledger/**"):
        offers = {each.text.strip(): each for each in complete(text, len(text), TOURISM)}
        text = text[: offers[wanted].start] + offers[wanted].text
    assert text == "Tourism division may read Finance ledger/**"
    assert read_sentence(text, TOURISM).rule is not None
