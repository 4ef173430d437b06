"""The words sentences are made of, in Chinese and English: fixed ones, and an office's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import cached_property
from typing import Final

from policies.change.likeness import Nearest
from policies.rows import canonical
from policies.vocabulary import ANY

CHINA: Final = timezone(timedelta(hours=8))


class Language(StrEnum):
    """What a sentence is written in."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some words, and what they say in which column of a rule; no column is mere grammar."""

    text: str
    column: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """An office's words.

    Attributes:
        names: what units, roles, people, categories, pages and services (`svc:<slug>`) are
            called; two of one name are told apart by their ids, which may always be written.
        windows: named times, e.g. 工作时间, each as a rule's `win`.
        passing: times named by the day of the reader, e.g. 今天. They may be written, and are
            written down as dates: tomorrow they would say another time.
        zone: for dates and hours; these can only be told in a zone without summer time.
        today: the day that 今天 and until Friday are counted from; without one, they say nothing.
        paths: for autocomplete, the paths of services that are worth offering.
    """

    language: Language = Language.ZH
    names: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, str] = field(default_factory=dict)
    passing: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = CHINA
    today: date | None = None
    paths: Mapping[str, Iterable[str]] = field(default_factory=dict)

    @cached_property
    def phrases(self) -> Mapping[str, tuple[Phrase, ...]]:
        """Every phrase by its words without spaces, in lower case; some say more than one thing.

        The fixed words keep their meaning, whatever an office calls its units.
        """
        fixed = {key_of(text) for text, _, _ in FIXED[self.language]}
        found: dict[str, list[Phrase]] = {}
        for phrase in self._fixed():
            found.setdefault(key_of(phrase.text), []).append(phrase)
        for phrase in (*_times(self.passing), *self._own()):
            if key_of(phrase.text) not in fixed:
                found.setdefault(key_of(phrase.text), []).append(phrase)
        return {key: tuple(dict.fromkeys(phrases)) for key, phrases in found.items() if key}

    def longest(self, text: str, at: int) -> int | None:
        """Return where the longest phrase at a place ends; spaces in it do not matter.

        A word of letters ends where the letters end: "may" is not the beginning of "mayor".
        """
        key, end = "", None
        for place in range(at, len(text)):
            char = text[place]
            if char.isspace() and key:
                continue
            key += char.lower()
            if len(key) > self._longest_key:
                break
            if key in self.phrases and not (
                _is_letter(char) and _is_letter(text[place + 1 : place + 2])
            ):
                end = place + 1
        return end

    @cached_property
    def _longest_key(self) -> int:
        return max(map(len, self.phrases), default=0)

    @cached_property
    def nearest(self) -> Nearest:
        """Finds the phrase that a word was probably meant to be."""
        found = (each for phrases in self.phrases.values() for each in phrases)
        return Nearest(each.text for each in found if each.column)

    @cached_property
    def called(self) -> Mapping[tuple[str, str], str]:
        """The first name of each value of each column, if nothing else is called so."""
        found: dict[tuple[str, str], str] = {}
        for phrase in (*self._fixed(), *self._own()):
            if self.phrases.get(key_of(phrase.text)) == (phrase,):
                found.setdefault((phrase.column, phrase.value), phrase.text)
        return found

    def _fixed(self) -> Iterator[Phrase]:
        return (Phrase(*each) for each in FIXED[self.language])

    def _own(self) -> Iterator[Phrase]:
        yield from _times(self.windows)
        for value, name in sorted(self.names.items()):
            kind = value.partition(":")[0]
            if kind in ("unit", "role", "person"):
                yield Phrase(name, "sub", value)
            elif kind == "cat":
                yield Phrase(_CATEGORY[self.language].format(name), "obj", value)
            elif kind == "app":
                yield Phrase(name, "obj", value)
            else:
                yield Phrase(name, "svc", value)


def _times(named: Mapping[str, str]) -> Iterator[Phrase]:
    return (Phrase(name, "win", canonical_windows(win)) for name, win in named.items())


def by_name(named: Iterable[tuple[str, str, str]], language: Language) -> dict[str, str]:
    """Return the named times of a zone's settings, (Chinese, English, windows), for `windows`."""
    place = 0 if language is Language.ZH else 1
    return {each[place]: each[2] for each in named}


def key_of(text: str) -> str:
    """Return a text without its spaces, in lower case."""
    return "".join(text.split()).lower()


def canonical_windows(win: str) -> str:
    """Return windows as a rule keeps them."""
    return canonical((ANY, ANY, ANY, ANY, ANY, ANY, ANY, win, "allow"))[7]


def _is_letter(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


_CATEGORY: Final = {Language.ZH: "{}类数据", Language.EN: "{} data"}
_WRITES: Final = "DELETE|PATCH|POST|PUT"

# fmt: off
FIXED: Final[Mapping[Language, tuple[tuple[str, str, str], ...]]] = {
    Language.ZH: (
        ("任何人", "sub", ANY), ("所有人", "sub", ANY),
        ("政务内网区", "zone", "intranet"), ("政务外网区", "zone", "extranet"),
        ("内网区", "zone", "intranet"), ("外网区", "zone", "extranet"),
        ("可", "eft", "allow"), ("可以", "eft", "allow"), ("允许", "eft", "allow"),
        ("准许", "eft", "allow"),
        ("不得", "eft", "deny"), ("不可", "eft", "deny"), ("不可以", "eft", "deny"),
        ("禁止", "eft", "deny"), ("不允许", "eft", "deny"),
        ("读取", "act", "GET|HEAD"), ("写入", "act", _WRITES),
        ("查看", "act", "GET"), ("探查", "act", "HEAD"), ("提交", "act", "POST"),
        ("覆盖", "act", "PUT"), ("修改", "act", "PATCH"), ("删除", "act", "DELETE"),
        ("询问", "act", "OPTIONS"), ("调阅", "act", "read"), ("导出", "act", "export"),
        ("打印", "act", "print"), ("使用", "act", "use"), ("任意操作", "act", ANY),
        ("全部页面", "obj", "app:**"),
        ("公开级", "cls", "0"), ("内部级", "cls", "1"), ("敏感级", "cls", "2"),
        ("重要级", "cls", "3"), ("核心级", "cls", "4"),
        ("局域网", "net", "lan"), ("虚拟专网", "net", "vpn"), ("政务外网", "net", "government"),
        ("互联网", "net", "internet"),
        ("需口令", "auth", "1"), ("需双因素", "auth", "2"), ("需通行密钥", "auth", "3"),
        ("双因素", "auth", "2"), ("口令", "auth", "1"), ("通行密钥", "auth", "3"),
        *((each, "", "") for each in (
            "的", "在", "从", "于", "经", "由", "对", "和", "与", "或", "及", "以及", "需", "须",
            "限", "仅", "期间", "内", "网络", "接入", "数据", "登录",
        )),
    ),
    Language.EN: (
        ("everyone", "sub", ANY), ("anyone", "sub", ANY),
        ("the intranet zone", "zone", "intranet"), ("the extranet zone", "zone", "extranet"),
        ("intranet zone", "zone", "intranet"), ("extranet zone", "zone", "extranet"),
        ("may", "eft", "allow"), ("can", "eft", "allow"),
        ("may not", "eft", "deny"), ("must not", "eft", "deny"), ("cannot", "eft", "deny"),
        ("read", "act", "GET|HEAD"), ("write", "act", _WRITES),
        ("view", "act", "GET"), ("probe", "act", "HEAD"), ("submit", "act", "POST"),
        ("replace", "act", "PUT"), ("amend", "act", "PATCH"), ("delete", "act", "DELETE"),
        ("query", "act", "OPTIONS"), ("consult", "act", "read"), ("export", "act", "export"),
        ("print", "act", "print"), ("use", "act", "use"), ("do anything with", "act", ANY),
        ("all pages", "obj", "app:**"),
        ("public level", "cls", "0"), ("internal level", "cls", "1"),
        ("sensitive level", "cls", "2"), ("important level", "cls", "3"),
        ("core level", "cls", "4"),
        ("the local network", "net", "lan"), ("the VPN", "net", "vpn"),
        ("the government network", "net", "government"), ("the internet", "net", "internet"),
        ("local network", "net", "lan"), ("VPN", "net", "vpn"), ("internet", "net", "internet"),
        ("with a password", "auth", "1"), ("with two factors", "auth", "2"),
        ("with a passkey", "auth", "3"), ("two factors", "auth", "2"),
        *((each, "", "") for each in (
            "in", "on", "at", "of", "from", "during", "and", "or", "to", "the", "with", "only",
            "when", "signed",
        )),
    ),
}
# fmt: on
