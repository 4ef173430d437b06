"""What is wrong with a rule set: each problem with its place, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.rows import Fault


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a rule set.

    `line` and `column` count from 1 in the text that was read; 0 means the whole of it, or of
    the line.
    """

    line: int
    what: str
    fix: str
    column: int = 0

    def at(self, file: object) -> str:
        """Return it as editors and CI read it: `file:line:column: error: …`."""
        return f"{placed(file, self.line, self.column)}: error: {self.what}; {self.fix}"

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else ""
        place += f", column {self.column}" if self.column else ""
        return f"{place}: {self.what}; {self.fix}" if place else f"{self.what}; {self.fix}"


def placed(file: object, line: int, column: int) -> str:
    """Return a place of a file as compilers write it; what is 0 is left out."""
    return ":".join(map(str, (file, *(each for each in (line, column) if each))))


class RuleProblems(Exception):
    """A rule set that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Faulty(RuleProblems):
    """One row that cannot be used; `faults` say which of its columns are wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        super().__init__(Problem(0, fault.what, fault.fix) for fault in faults)


def refuse(faults: Sequence[Fault]) -> None:
    """Raise Faulty if there are any faults."""
    if faults:
        raise Faulty(faults)
