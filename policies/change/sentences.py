"""Rules as sentences, the same content as their text.

    财务处的科员 可 在 工作时间 读取 预算/文件/**，需双因素

Here 财务处的科员 are those of the unit who hold the role, unless something is called just so.

`read` gives the rule of a sentence, with what is wrong at which letters; `phrasing.write` the
sentence of a rule. Order and spaces do not matter to the reader. A name that would be understood
otherwise is not written: its id stands there instead, which always can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from policies.change.days import Time, dated_at, day_at, fault_at, is_like_a_time
from policies.change.lexicon import Lexicon, key_of
from policies.change.likeness import is_foreign, named
from policies.change.spelling import PATH, coded
from policies.problems import RuleProblems
from policies.rows import RULE_COLUMNS
from policies.rules import Rule
from policies.vocabulary import AND, ANY, METHODS, is_role, is_unit

MOST_WRONG: Final = 12
"""Wrong pieces of one sentence that are told each by itself."""
_FARTHEST: Final = 80
"""Letters within which something known is looked for in an unknown word."""
_UNREAD: Final = frozenset({"no_word", "lookalike", "no_path", "ambiguous"})
_SHOWN: Final = 40
"""Letters that are shown of what was not read."""
_JOINED: Final = frozenset({"act", "cls", "net", "win"})
_UNITS_ROLE: Final = frozenset({"", "的"})
_ROLE_OF_UNIT: Final = frozenset({"of", "ofthe", "in", "inthe"})
_REQUIRED: Final = ("sub", "eft", "act", "obj")
_SKIPPED: Final = re.compile(r"[\s,，、。;；:：.“”「」『』《》()（）]+")
_OR: Final = re.compile("[,、或和与及]|or|and")
_WORD: Final = re.compile(r"[^\s,，、。;；“”「」『』《》()（）]+")
_RAW: Final = re.compile(
    r"unit:[a-z0-9-]+&role:[a-z0-9_-]+|(?:person|role|unit):[a-z0-9_-]+|cat:[a-z0-9-]+|app:(?:\*\*|[a-z_]+\.[a-z_]+)"
    r"|svc:[a-z0-9-]+/[A-Za-z0-9_.~*/-]*|\d+~\d+"
    r"|week:[0-9-]+@[0-9:-]+[+-]\d\d:\d\d"
)
_METHOD: Final = re.compile(
    "(?:" + "|".join(sorted(METHODS, key=len, reverse=True)) + r")(?![A-Za-z])"
)
_TIMES: Final = {
    "no_time": ("is no time", "write a day and time that exist, days of a week in their order"),
    "backwards": ("does not end after it begins", "write the earlier first"),
    "no_end": (
        "is a moment",
        "write from when to when, as 2026-12-01 08:00 to 2026-12-04 18:00",
    ),
    "no_hours": (
        "names no hours",
        "write both, as Monday to Friday 08:30-17:30; whole days are 00:00-24:00",
    ),
    "no_when": (
        "is no time that is understood",
        "write today, until Friday, 2026-12-01, 2026-12-01 to 2026-12-04, or Monday 08:30-17:30",
    ),
    "no_hour": ("is no hour of a day", "write hours from 00:00 to 24:00"),
    "overnight": (
        "ends no later than it begins",
        "over midnight write two times: Monday 22:00-24:00 or Tuesday 00:00-06:00",
    ),
    "no_day": ("names no days", "write both, as Monday to Friday 08:30-17:30"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a sentence, from one letter to before another, counted from 0.

    `code` is one of `no_word`, `lookalike`, `no_time`, `backwards`, `no_hour`, `overnight`,
    `no_day`, `no_hours`, `no_end`, `no_when`, `no_path`, `ambiguous`, `second`, `missing`,
    `empty`, `value` and, of `tongues`, `language`; the pages turn it into
    words, with `said`: the letters, id or column meant, `meant`: the known word that was probably
    meant, and `letter`: the Unicode name of the first letter that no word is written with.
    """

    start: int
    end: int
    code: str
    said: str
    what: str
    fix: str
    meant: str = ""
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some letters of a sentence, and what they say."""

    start: int
    end: int
    column: str
    value: str


@dataclass(frozen=True)
class Sentence:
    """What came of reading a sentence: its rule, or what keeps it from being one."""

    rule: Rule | None
    wrong: tuple[Wrong, ...] = ()
    pieces: tuple[Piece, ...] = field(default=())


def read(text: str, lexicon: Lexicon) -> Sentence:
    """Read one sentence, or one line of the rules' text; nothing is guessed."""
    if text.lstrip().startswith("p,"):
        return _read_line(text)
    pieces, wrong = [], []
    for piece in scan(text, lexicon):
        if isinstance(piece, Wrong):
            wrong.append(piece)
        elif piece.column:
            pieces.append(piece)
    pieces = _paired(text, pieces)
    wrong += _unjoined(text, pieces)
    values = _gathered(pieces, wrong)
    wrong += _missing(text, values, unread=sum(each.code in _UNREAD for each in wrong))
    if wrong:
        return Sentence(None, tuple(sorted(wrong, key=lambda each: each.start)), tuple(pieces))
    columns = [values.get(name, ANY) for name in RULE_COLUMNS]
    return _made(columns, text, tuple(pieces))


def _made(columns: Sequence[str], text: str, pieces: tuple[Piece, ...]) -> Sentence:
    try:
        return Sentence(Rule(*columns), (), pieces)
    except RuleProblems as problems:
        found = (
            Wrong(0, len(text), "value", "", each.what, each.fix) for each in problems.problems
        )
        return Sentence(None, tuple(found), pieces)


def scan(text: str, lexicon: Lexicon) -> Iterator[Piece | Wrong]:
    """Cut a sentence into pieces, longest words first; what is no word is Wrong.

    Behind `MOST_WRONG` wrong ones the rest is one more, unread: to look for what each was meant
    to be takes milliseconds in a large office, and no sentence has as many.
    """
    at, left = 0, MOST_WRONG
    while at < len(text):
        if (gap := _SKIPPED.match(text, at)) is not None:
            at = gap.end()
            continue
        piece = _piece(text, at, lexicon) if left else _rest(text, at)
        yield piece
        at = piece.end
        left -= isinstance(piece, Wrong)


def _rest(text: str, at: int) -> Wrong:
    said = text[at : at + _SHOWN] + ("…" if len(text) > at + _SHOWN else "")
    what = f"{said!r} was not read: too much before it is no word of the rules"
    return Wrong(at, len(text), "no_word", said, what, "mend what stands before it")


def _piece(text: str, at: int, lexicon: Lexicon) -> Piece | Wrong:
    return _known(text, at, lexicon) or _unread(text, at, lexicon)


def _known(text: str, at: int, lexicon: Lexicon) -> Piece | Wrong | None:
    """Return what the letters here begin to say, right or wrong; None if it is no word."""
    if (time := dated_at(text, at, lexicon.zone)) is not None:
        return _timed(text, at, time)
    if (found := _RAW.match(text, at)) is not None:
        return Piece(at, found.end(), _column_of(found[0]), found[0])
    end = lexicon.longest(text, at)
    time = day_at(text, at, lexicon.zone, lexicon.today)
    if time is not None and (end is None or end < time.end):
        return _timed(text, at, time)
    if end is not None:
        return _named(text, at, end, lexicon)
    if (found := _METHOD.match(text, at)) is not None:
        return Piece(at, found.end(), "act", found[0])
    return None


def _unread(text: str, at: int, lexicon: Lexicon) -> Wrong:
    """Return what keeps the letters here from being a piece."""
    if (time := fault_at(text, at)) is not None:
        return _wrong_time(text, at, time.end, time.code)
    word = _WORD.match(text, at)
    end = _known_again(text, at, word.end(), lexicon) if word else at + 1
    said = text[at:end]
    if is_like_a_time(said):
        return _wrong_time(text, at, end, "no_when")
    return _no_word(at, said, lexicon)


def _known_again(text: str, at: int, end: int, lexicon: Lexicon) -> int:
    """Return where an unknown word ends: where something known begins, in Chinese within it.

    So one bad word is one: what follows it is read. Letters of one word are not taken apart, nor
    is what may be a path.
    """
    for place in range(at + 1, min(end, at + _FARTHEST)):
        if text[place] == "/":
            return end
        if _is_within(text, place):
            continue
        found = _known(text, place, lexicon)
        if isinstance(found, Piece) and found.column:
            return place
    return end


def _is_within(text: str, at: int) -> bool:
    """Tell whether a letter is in the midst of a word of letters or digits."""
    return all(each.isascii() and each.isalnum() for each in text[at - 1 : at + 1])


def _timed(text: str, at: int, time: Time) -> Piece | Wrong:
    if time.window is None:
        return _wrong_time(text, at, time.end, time.code)
    return Piece(at, time.end, "win", time.window)


def _wrong_time(text: str, at: int, end: int, code: str) -> Wrong:
    what, fix = _TIMES[code]
    return Wrong(at, end, code, text[at:end], f"{text[at:end]!r} {what}", fix)


def _no_word(at: int, said: str, lexicon: Lexicon) -> Wrong:
    """Tell what was probably meant, and which letter only looks like one of a word."""
    meant = lexicon.nearest.to(said.partition("/")[0]) or ""
    fix = f"write {meant}" if meant else "write a name the office knows, or an id as unit:finance"
    odd = next((char for char in said if is_foreign(char)), None)
    if odd is None:
        what = f"{said!r} is no word of the rules"
        return Wrong(at, at + len(said), "no_word", said, what, fix, meant)
    what = f"{named(odd)} in {said!r}"
    return Wrong(at, at + len(said), "lookalike", said, what, fix, meant, named(odd))


def _named(text: str, at: int, end: int, lexicon: Lexicon) -> Piece | Wrong:
    said = text[at:end]
    meanings = lexicon.phrases[key_of(said)]
    path = PATH.match(text, end)
    services = [each for each in meanings if each.column == "svc"]
    if path is not None and len(services) == 1:
        return Piece(at, path.end(), "obj", services[0].value + coded(path[0]))
    others = [each for each in meanings if each.column != "svc"]
    if len(others) == 1 and path is None:
        return Piece(at, end, others[0].column, others[0].value)
    if services and not others and path is None:
        fix = f"write {said}/** for all of it, or a path as {said}/files/**"
        return Wrong(at, end, "no_path", said, f"{said!r} without a path", fix)
    ids = " or ".join(sorted(each.value for each in meanings))
    what = f"{said!r} may mean {ids}"
    end = path.end() if path else end
    return Wrong(at, end, "ambiguous", ids, what, "write the id that you mean")


def pair_of(first: str, between: str, second: str) -> str | None:
    """Return who is both, if two subjects with these words between them mean that.

    A unit's role is: 财务处的科员, Finance clerk, clerk of the Finance Division. Two subjects with
    a comma or 和 between them are two.
    """
    if is_unit(first) and is_role(second) and key_of(between) in _UNITS_ROLE:
        return f"{first}{AND}{second}"
    if is_role(first) and is_unit(second) and key_of(between) in _ROLE_OF_UNIT:
        return f"{second}{AND}{first}"
    return None


def _paired(text: str, pieces: Sequence[Piece]) -> list[Piece]:
    """Make one piece of a unit and a role that stand together."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        both = last and pair_of(last.value, text[last.end : piece.start], piece.value)
        if last and both:
            found[-1] = Piece(last.start, piece.end, "sub", both)
        else:
            found.append(piece)
    return found


def _unjoined(text: str, pieces: Sequence[Piece]) -> Iterator[Wrong]:
    """Return the times that stand beside others without a word between that says: or.

    Whoever reads 工作时间 今天 takes it for the hours of today; a rule would hold at either.
    """
    for last, piece in pairwise(pieces):
        if piece.column == last.column == "win":
            between = key_of(text[last.end : piece.start])
            if _OR.search(between) is None:
                yield _second(piece)
    times = [at for at, piece in enumerate(pieces) if piece.column == "win"]
    yield from (_second(pieces[at]) for one, at in pairwise(times) if at - one > 1)


def _second(piece: Piece) -> Wrong:
    what = f"{piece.value} beside another time"
    fix = "write or between times if either will do; hours within certain days are a rule of each"
    return Wrong(piece.start, piece.end, "second", piece.column, what, fix)


def _gathered(pieces: list[Piece], wrong: list[Wrong]) -> dict[str, str]:
    """Join what the pieces say, column by column; two of what can be only one are wrong."""
    values: dict[str, str] = {}
    first: dict[str, Piece] = {}
    for piece in pieces:
        held = values.get(piece.column)
        if held is None or held == piece.value:
            values[piece.column], first[piece.column] = piece.value, piece
        elif piece.column in _JOINED and ANY not in (held, piece.value):
            values[piece.column] = f"{held}|{piece.value}"
        else:
            what = f"{piece.value} beside {held}"
            fix = _ONE_ONLY[piece.column]
            wrong.append(Wrong(piece.start, piece.end, "second", piece.column, what, fix))
    return values


def _missing(text: str, values: Mapping[str, str], *, unread: int) -> list[Wrong]:
    """Return what is not said, unless the words that were not read may have said it."""
    if not text.strip():
        return [Wrong(0, 0, "empty", "", "nothing is said", "write a sentence")]
    at = len(text)
    missing = [name for name in _REQUIRED if name not in values]
    if len(missing) <= unread:
        return []
    return [Wrong(at, at, "missing", name, *_MISSING[name]) for name in missing]


def _read_line(text: str) -> Sentence:
    _, *columns = (value.strip() for value in text.split(","))
    if len(columns) != len(RULE_COLUMNS):
        what = f"{len(columns)} columns after 'p'"
        fix = f"write exactly {len(RULE_COLUMNS)}"
        return Sentence(None, (Wrong(0, len(text), "value", "", what, fix),))
    return _made(columns, text, ())


def _column_of(raw: str) -> str:
    if raw.startswith(("svc:", "cat:", "app:")):
        return "obj"
    return "win" if raw[0].isdigit() or raw.startswith("week:") else "sub"


_ONE_ONLY: Final = {
    "sub": "a rule speaks to one: write a rule for each; 财务处的科员 is who is both",
    "zone": "a rule holds in one zone or in all: write a rule for each",
    "obj": "a rule speaks of one place: write a rule for each",
    "auth": "write the least sign-in alone",
    "eft": "allow or deny, not both",
    "act": "any action says all; take the others out",
    "cls": "any level says all; take the others out",
    "net": "any network says all; take the others out",
    "win": "any time says all; take the others out",
}
_MISSING: Final = {
    "sub": ("it is not said who", "name a unit, a role or a person"),
    "eft": ("it is not said whether they may", "write may, or may not"),
    "act": ("it is not said what they may do", "name an action, e.g. read"),
    "obj": ("it is not said where", "name a service with a path, e.g. budget/files/**"),
}
