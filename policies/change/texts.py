"""The same rules as text for people and for version control: CSV or TOML, both in one order.

Comments right above a row belong to it and move with it; those at the top stay at the top.
They are no part of the version: its name covers rules, categories, tests and duties alone.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from policies.problems import Faulty, Problem, RuleProblems
from policies.reading import KINDS, Reader, Row
from policies.rules import RuleSet

MAX_ROWS: Final = 200_000
MAX_LINE: Final = 4096
"""Characters of a line; the longest row has some 2,200."""
_MAX_PAIR: Final = 512
"""Characters of a line of TOML that is no comment: a longer key or list, taken apart dot by dot
or bracket by bracket, would cost the square of its length."""
_TABLES: Final = {"category": "g3", "rule": "p", "duty": "s", "test": "t"}
_HEADERS: Final = ", ".join(f"[[{name}]]" for name in _TABLES)
_HEADER = re.compile(r"\s*\[\[\s*([A-Za-z]+)\s*\]\]\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z]+)\s*=\s*")


class Form(StrEnum):
    """How the rules are written down."""

    CSV = "csv"
    TOML = "toml"


MAX_BYTES: Final = {Form.CSV: 10 * 1024**2, Form.TOML: 40 * 1024**2}
"""The names of the columns stand in every row of TOML, so the same rules take more of it."""


@dataclass(frozen=True)
class Document:
    """Rules as somebody wrote them down, with their comments.

    `comments` are the lines above each row, without `#`; `head` those at the top.
    """

    rules: RuleSet = field(default_factory=RuleSet)
    comments: Mapping[Row, tuple[str, ...]] = field(default_factory=dict)
    head: tuple[str, ...] = ()

    def text(self, form: Form = Form.CSV) -> str:
        """Return the one text of this document in a form; reading it gives the document again."""
        return self.written(_WRITERS[form])

    def written(self, lines_of: Callable[[Row], list[str]]) -> str:
        """Return the rows, each written as some lines, in order and below their comments."""
        blocks = [[f"# {line}".rstrip() for line in self.head] + [""]] if self.head else []
        for row in rows_of(self.rules):
            lines = [f"# {line}".rstrip() for line in self.comments.get(row, ())]
            blocks.append([*lines, *lines_of(row)])
        return "".join(f"{line}\n" for block in blocks for line in block)


@dataclass(frozen=True)
class Reading:
    """What came of reading a text: the document if it can be used, and what is wrong if not.

    `lines` tells where each good row stands, from 1, even in a text with problems.
    """

    document: Document | None
    problems: tuple[Problem, ...]
    lines: Mapping[Row, int]

    def required(self) -> Document:
        """Return the document. Raises RuleProblems with everything that is wrong."""
        if self.document is None:
            raise RuleProblems(self.problems)
        return self.document


def rows_of(rules: RuleSet) -> tuple[Row, ...]:
    """Return every row of a set, in the order of its text."""
    return (*rules.categories, *rules.rules, *rules.duties, *rules.tests)


def line_of(row: Row) -> str:
    """Return a row as a line of the canonical text."""
    return ", ".join(("g3", *row)) if isinstance(row, tuple) else row.line


def read(text: str, form: Form = Form.CSV) -> Reading:
    """Read a text strictly; nothing in it makes this fail otherwise than by naming problems."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES[form]:
        what = f"more than {MAX_BYTES[form] // 1024**2} MiB"
        return Reading(
            None, (Problem(0, what, "split the office's rules, or ask who wrote it"),), {}
        )
    if form is Form.CSV:
        return read_lines(text, _Commented.read)
    reader = _Commented()
    _read_toml(text, reader)
    return _finished(reader)


def read_lines(text: str, take: Callable[[Reader, int, str], None]) -> Reading:
    """Read a text line by line; `take` adds the row that a line holds, or its problems."""
    reader = _Commented()
    _read_lines(text, reader, take)
    return _finished(reader)


def _finished(reader: _Commented) -> Reading:
    reader.gap()
    problems = list(reader.problems)
    rules = RuleSet()
    try:
        rules = RuleSet.of(reader.rows)
    except Faulty as found:
        problems += reader.placed(found)
    if problems:
        return Reading(None, tuple(problems), reader.rows)
    return Reading(Document(rules, reader.comments, reader.head), (), reader.rows)


class _Commented(Reader):
    """Reads rows and keeps the comments above each."""

    def __init__(self) -> None:
        super().__init__()
        self.comments: dict[Row, tuple[str, ...]] = {}
        self.head: tuple[str, ...] = ()
        self.waiting: list[str] = []

    def comment(self, line: str) -> None:
        """Keep a comment for the row that follows."""
        self.waiting.append(line.lstrip().removeprefix("#").removeprefix(" ").rstrip())

    def gap(self) -> None:
        """An empty line: comments before any row belong to the whole text."""
        if self.waiting and not self.rows:
            self.head += tuple(self.waiting)
        self.waiting = []

    def settle(self, before: int) -> None:
        """Give what waits to the row that was just read, if one was."""
        if len(self.rows) > before and self.waiting:
            self.comments[next(reversed(self.rows))] = tuple(self.waiting)
        self.waiting = []

    def is_full(self, number: int) -> bool:
        """Whether no more rows may follow; says so once."""
        if len(self.rows) < MAX_ROWS:
            return False
        self.problems.append(Problem(number, f"more than {MAX_ROWS:,} rows", "split them"))
        return True


def _read_lines(text: str, reader: _Commented, take: Callable[[Reader, int, str], None]) -> None:
    for number, line in enumerate(_lines(text), start=1):
        before = len(reader.rows)
        if len(line) > MAX_LINE:
            what = f"{len(line):,} characters in one line"
            reader.problems.append(Problem(number, what, f"at most {MAX_LINE:,}"))
        elif not line.strip():
            reader.gap()
        elif line.startswith("#") and line.replace("\t", " ").isprintable():
            reader.comment(line)
        elif reader.is_full(number):
            return
        else:
            take(reader, number, line)
            reader.settle(before)


def _read_toml(text: str, reader: _Commented) -> None:
    lines = list(_lines(text))
    tables = _tables(text, lines)
    if isinstance(tables, Problem):
        reader.problems.append(tables)
        return
    starts = [(at, match[1]) for at, line in enumerate(lines) if (match := _HEADER.fullmatch(line))]
    if (problem := _misshapen(tables, starts)) is not None:
        reader.problems.append(problem)
        return
    left: dict[str, Iterator[object]] = {name: iter(found) for name, found in tables.items()}
    ends = [at for at, _ in starts[1:]] + [len(lines)]
    _gather(lines[: starts[0][0] if starts else len(lines)], reader)
    for (start, name), end in zip(starts, ends, strict=False):
        if reader.is_full(start + 1):
            return
        before = len(reader.rows)
        entry = next(left[name])
        if isinstance(entry, dict):
            _take_entry(name, entry, start, lines[start:end], reader)
        reader.settle(before)
        _gather(lines[start + 1 : end], reader)


def _misshapen(tables: Mapping[str, object], starts: Sequence[tuple[int, str]]) -> Problem | None:
    """Say what keeps entries and their lines from being found one by one, if something does."""
    headers = Counter(name for _, name in starts)
    for name, found in tables.items():
        if name not in _TABLES:
            return Problem(1, f"an unknown table {name!r}", f"write {_HEADERS}")
        if not isinstance(found, list) or len(found) != headers[name]:
            fix = f"write [[{name}]] on a line of its own for each"
            return Problem(1, f"{name} otherwise than row by row", fix)
    return None


def _gather(lines: Sequence[str], reader: _Commented) -> None:
    """Gather the comments at the end of these lines: they belong to what follows."""
    for line in lines:
        if not line.strip():
            reader.gap()
        elif line.lstrip().startswith("#"):
            reader.comment(line)
        else:
            reader.waiting = []


def _take_entry(
    name: str, entry: Mapping[str, object], start: int, lines: Sequence[str], reader: Reader
) -> None:
    names = KINDS[_TABLES[name]][0]
    wrong = [f"{key} is missing" for key in names if key not in entry]
    wrong += [f"an unknown key {key!r}" for key in entry if key not in names]
    wrong += [f"{key} is no text" for key in names if not isinstance(entry.get(key, ""), str)]
    if wrong:
        fix = f"write exactly {', '.join(names)}, each in quotes"
        reader.problems += [Problem(start + 1, what, fix) for what in wrong]
        return
    where = {match[1]: at for at, line in enumerate(lines) if (match := _KEY.match(line))}
    inner = Reader()
    inner.take(_TABLES[name], [str(entry[key]) for key in names], start + 1, lambda place: place)
    for each in inner.problems:
        at = where.get(names[each.column], 0) if each.column >= 0 else 0
        match = _KEY.match(lines[at])
        column = match.end() + 1 if at and match else 0
        reader.problems.append(Problem(start + 1 + at, each.what, each.fix, column))
    for row in inner.rows:
        reader.add(row, start + 1)


def _tables(text: str, lines: Sequence[str]) -> dict[str, Any] | Problem:
    """Return what the text holds, or why it is no TOML of ours."""
    for number, line in enumerate(lines, start=1):
        most = MAX_LINE if line.lstrip().startswith("#") else _MAX_PAIR
        if len(line) > most:
            return Problem(number, f"{len(line):,} characters in one line", f"at most {most:,}")
        if '"""' in line or "'''" in line:
            return Problem(number, "a text over several lines", "write each value on one line")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+), column (\d+)", str(error))
        at, column = (int(place[1]), int(place[2])) if place else (len(lines), 0)
        return Problem(at, f"no TOML: {error}", "mend the line", column)
    except RecursionError:
        return Problem(1, "nested too deeply", "write one [[rule]] after the other")


def _lines(text: str) -> Iterator[str]:
    return (line.removesuffix("\r") for line in text.split("\n"))


def _toml(row: Row) -> list[str]:
    kind = "g3" if isinstance(row, tuple) else row.line.partition(",")[0]
    table = next(name for name, each in _TABLES.items() if each == kind)
    columns = row if isinstance(row, tuple) else row.columns
    pairs = zip(KINDS[kind][0], columns, strict=True)
    # No value holds a quote or a backslash, so each may stand as it is.
    return [f"[[{table}]]", *(f'{name} = "{value}"' for name, value in pairs), ""]


_WRITERS: Final = {Form.CSV: lambda row: [line_of(row)], Form.TOML: _toml}
