"""Times as people say them, what is wrong with them, and sentences of the other language."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.change.lexicon import CHINA, Language, Lexicon
from policies.change.likeness import Nearest
from policies.change.phrasing import write
from policies.change.sentences import read
from policies.change.tongues import read_here

SATURDAY = date(2026, 11, 28)
NAMES = {"unit:culture": "文化科", "svc:ledger": "财政台账"}
ZH = Lexicon(names=NAMES, today=SATURDAY)
EN = Lexicon(
    language=Language.EN,
    names={"unit:culture": "Culture", "unit:finance": "Finance", "svc:ledger": "Finance ledger"},
    today=SATURDAY,
)


def window(first: str, end: str) -> str:
    """From the beginning of a day, or a moment, to another."""
    times = (datetime.fromisoformat(each).replace(tzinfo=CHINA) for each in (first, end))
    return "~".join(str(int(each.timestamp())) for each in times)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("今天", ("2026-11-28", "2026-11-29")),
        ("明天", ("2026-11-29", "2026-11-30")),
        ("至星期五", ("2026-11-28", "2026-12-05")),
        ("到周五", ("2026-11-28", "2026-12-05")),
        ("今天至星期五", ("2026-11-28", "2026-12-05")),
        ("明天至周五", ("2026-11-29", "2026-12-05")),
        ("至星期六", ("2026-11-28", "2026-11-29")),
        ("至星期五 18:00", ("2026-11-28", "2026-12-04 18:00")),
        ("至2026-12-04", ("2026-11-28", "2026-12-05")),
        ("2026-12-01", ("2026-12-01", "2026-12-02")),
        ("2026-12-01至2026-12-04", ("2026-12-01", "2026-12-05")),
        ("2026-12-01 至 2026-12-01", ("2026-12-01", "2026-12-02")),
        ("2026-12-01 08:00 至 2026-12-04", ("2026-12-01 08:00", "2026-12-05")),
        ("2026-12-01至2026-12-04 18:00", ("2026-12-01", "2026-12-04 18:00")),
        ("2026-12-01至星期五", ("2026-12-01", "2026-12-05")),
        ("2026-12-01 8:30-17:30", ("2026-12-01 08:30", "2026-12-01 17:30")),
    ],
)
def test_days_are_understood_as_people_say_them_and_written_as_dates(
    said: str, wanted: tuple[str, str]
) -> None:
    for text in (f"文化科{said}可读取财政台账/**", f"文化科 可 在 {said} 读取 财政台账/**"):
        found = read(text, ZH).rule
        assert found is not None, read(text, ZH).wrong
        assert found.win == window(*wanted)
        assert read(write(found, ZH), ZH).rule == found


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("today", ("2026-11-28", "2026-11-29")),
        ("tomorrow", ("2026-11-29", "2026-11-30")),
        ("until Friday", ("2026-11-28", "2026-12-05")),
        ("today to Friday", ("2026-11-28", "2026-12-05")),
        ("until 2026-12-04", ("2026-11-28", "2026-12-05")),
        ("on 2026-12-01", ("2026-12-01", "2026-12-02")),
        ("2026-12-01 to 2026-12-04", ("2026-12-01", "2026-12-05")),
    ],
)
def test_the_same_in_english(said: str, wanted: tuple[str, str]) -> None:
    found = read(f"Culture may {said} read Finance ledger/**", EN).rule
    assert found is not None
    assert found.win == window(*wanted)


@settings(max_examples=150, deadline=None)
@given(
    first=st.dates(date(1971, 1, 1), date(9000, 1, 1)), days=st.integers(0, 4000),
    lexicon=st.sampled_from((ZH, EN)),
)  # fmt: skip
def test_whole_days_are_those_of_the_calendar_the_last_among_them(
    first: date, days: int, lexicon: Lexicon
) -> None:
    last = first + timedelta(days=days)
    is_zh = lexicon.language is Language.ZH
    text = "文化科 可 {} 至 {} 读取 财政台账/**" if is_zh else (
        "Culture may {} to {} read Finance ledger/**")  # fmt: skip
    found = read(text.format(first, last), lexicon).rule
    assert found is not None
    assert found.win == window(str(first), str(last + timedelta(days=1)))
    assert read(write(found, lexicon), lexicon).rule == found


@pytest.mark.parametrize(
    ("said", "code", "letters"),
    [
        ("2026-12-05至2026-12-01", "backwards", "2026-12-05至2026-12-01"),
        ("2026-12-05 08:00 至 2026-12-01 08:00", "backwards",
         "2026-12-05 08:00 至 2026-12-01 08:00"),
        ("2026-02-30", "no_time", "2026-02-30"),
        ("2026-12-01 08:00", "no_end", "2026-12-01 08:00"),
        ("2026-12-01 18:00-08:00", "overnight", "2026-12-01 18:00-08:00"),
        ("周一至周五", "no_hours", "周一至周五"),
        ("下周", "no_when", "下周"),
        ("月底前", "no_when", "月底前"),
    ],
)  # fmt: skip
def test_one_bad_time_is_one_error_of_its_own(said: str, code: str, letters: str) -> None:
    (wrong,) = read(f"文化科{said}可读取财政台账/**", ZH).wrong
    assert (wrong.code, wrong.said) == (code, letters)
    assert wrong.fix


@pytest.mark.parametrize(
    "text",
    ["文化课可读取财政台账/**", "文化科暂可读取财政台账/**", "文化科可览阅财政台账/**",
     "文化科可读取未知系统/read/**"],
)  # fmt: skip
def test_one_bad_word_is_one_error(text: str) -> None:
    assert [each.code for each in read(text, ZH).wrong] == ["no_word"]


def test_days_counted_from_today_say_nothing_without_one() -> None:
    lexicon = Lexicon(names=NAMES)
    assert [each.code for each in read("文化科明天可读取财政台账/**", lexicon).wrong] == ["no_when"]


def test_a_sentence_of_the_other_language_is_recognised() -> None:
    text = "Culture may read Finance ledger/** with two factors"
    found = read_here(text, ZH, lambda: EN)
    (wrong,) = found.wrong
    assert (found.rule, wrong.code, wrong.said) == (None, "language", "en")
    assert wrong.meant == "文化科 可 读取 财政台账/** ，需双因素".replace(" ，", "，")
    (back,) = read_here(wrong.meant, EN, lambda: ZH).wrong
    assert (back.said, read(back.meant, EN).rule) == ("zh", read(text, EN).rule)
    faulty = read_here("Culture may reed Finance ledger/**", ZH, lambda: EN)
    assert [each.code for each in faulty.wrong] == ["language", "no_word"]
    own = read_here("文化课可读取财政台账/**", ZH, lambda: EN)
    assert "language" not in {each.code for each in own.wrong}


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("dance", ("Finance", "read"), None),
        ("FETCH", ("PATCH", "GET"), None),
        ("raed", ("read", "write"), "read"),
        ("unit:nowhere", ("unit:it-centre", "role:nowhere"), None),
        ("unit:finence", ("unit:finance", "role:finence"), "unit:finance"),
        ("财政台帐", ("财政台账",), "财政台账"),
    ],
)
def test_only_what_is_really_near_is_guessed(
    word: str, known: tuple[str, ...], near: str | None
) -> None:
    assert Nearest(known).to(word) == near


def test_what_is_read_today_is_the_same_tomorrow() -> None:
    """A rule holds dates: who reads it later reads the days that were meant."""
    found = read("文化科至星期五可读取财政台账/**", ZH).rule
    assert found is not None
    said = write(found, Lexicon(names=NAMES, today=SATURDAY + timedelta(days=3)))
    assert "2026-11-28 至 2026-12-04" in said
    assert datetime.fromtimestamp(int(found.win.partition("~")[0]), UTC).hour == 16
