"""Reading rows of rules: one a line, values between commas, no quoting, nothing guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from policies.cases import CASE_COLUMNS, Case, case_faults
from policies.duties import DUTY_COLUMNS, Duty, duty_faults
from policies.hierarchy import Link
from policies.problems import Faulty, Problem
from policies.rows import CATEGORY_COLUMNS, RULE_COLUMNS, Fault, category_faults, rule_faults
from policies.rule import Rule
from policies.vocabulary import has_unseen

Row: TypeAlias = Rule | Link | Case | Duty

KINDS: Final[dict[str, tuple[tuple[str, ...], Callable[[Sequence[str]], list[Fault]]]]] = {
    "p": (RULE_COLUMNS, rule_faults),
    "g3": (CATEGORY_COLUMNS, category_faults),
    "s": (DUTY_COLUMNS, duty_faults),
    "t": (CASE_COLUMNS, case_faults),
}


class Reader:
    """Collects the rows of a text with their lines, and every problem on the way."""

    def __init__(self) -> None:
        self.rows: dict[Row, int] = {}
        self.problems: list[Problem] = []

    def read(self, number: int, line: str) -> None:
        """Take one line, without its end; `number` counts from 1."""
        plain = line.replace("\t", " ")
        if has_unseen(plain):
            # A hidden character could make a reader see another line than the program does.
            at = next(at for at, char in enumerate(plain, start=1) if has_unseen(char))
            what = f"an invisible character, U+{ord(plain[at - 1]):04X}"
            fix = "retype the line; save as UTF-8 without BOM"
            self.problems.append(Problem(number, what, fix, at))
            return
        if not line.strip() or line.startswith("#"):
            return
        kind, *columns = (value.strip(" \t") for value in line.split(","))
        if kind not in KINDS:
            known = ", ".join(
                f"{name} ({len(names)} columns)" for name, (names, _) in KINDS.items()
            )
            what = f"unknown kind {kind!r}"
            self.problems.append(Problem(number, what, f"begin with one of {known}", 1))
            return
        self.take(kind, columns, number, lambda place: column_of(line, place))

    def take(
        self, kind: str, columns: Sequence[str], number: int, column: Callable[[int], int]
    ) -> None:
        """Take the columns of one row; `column` tells where a place of it begins."""
        try:
            row = row_of(kind, columns)
        except Faulty as faulty:
            self.problems += [
                Problem(number, each.what, each.fix, column(each.place)) for each in faulty.faults
            ]
            return
        self.add(row, number)

    def placed(self, found: Faulty) -> Iterator[Problem]:
        """Return what is wrong with all rows together, each at the line of its link."""
        for each in found.faults:
            line = self.rows.get(each.link, 0) if each.link else 0
            yield Problem(line, each.what, each.fix)

    def add(self, row: Row, number: int) -> None:
        """Add a good row; one that stands here already is a problem."""
        first = self.rows.setdefault(row, number)
        if first != number:
            what = f"the same as line {first}"
            self.problems.append(Problem(number, what, "remove one of them"))


def column_of(line: str, place: int) -> int:
    """Return where a value of a line begins, from 1; the kind has the place -1."""
    start = 0
    for _ in range(place + 1):
        start = line.find(",", start) + 1
    return start + 1 + len(line[start:]) - len(line[start:].lstrip(" \t"))


def row_of(kind: str, columns: Sequence[str]) -> Row:
    """Return the row of a known kind (`p`, `g3`, `s`, `t`). Raises RuleProblems."""
    if kind == "p":
        if len(columns) != len(RULE_COLUMNS):
            raise Faulty(rule_faults(columns))
        return Rule(*columns)
    faults_of = KINDS[kind][1]
    if found := faults_of(columns):
        raise Faulty(found)
    if kind == "g3":
        return (columns[0], columns[1])
    return Case(*columns) if kind == "t" else Duty(*columns)
