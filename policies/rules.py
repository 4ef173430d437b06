"""A set of rules: read strictly, written in one canonical form, named by its content."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Self

from policies.hierarchy import Link, faults
from policies.rows import (
    CATEGORY_COLUMNS,
    RULE_COLUMNS,
    Fault,
    canonical,
    category_faults,
    rule_faults,
)
from policies.vocabulary import has_unseen

_COLUMNS: Callable[[object], tuple[str, ...]] = attrgetter(*RULE_COLUMNS)
_ID_DIGITS = 12  # 48 bits: two of 100,000 rules share an id once in 50,000 such sets


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a rule set; `line` counts from 1, 0 means the whole."""

    line: int
    what: str
    fix: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.what}; {self.fix}"


class RuleProblems(Exception):
    """A rule set that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One rule: who, where, what, how, under which conditions, and to what effect.

    The columns are those of `model.conf`; `*` in a column means any. Bar-joined lists are
    brought into order. `id` is made from the content, so that it outlives every other
    change to the set: `r-` and the first 12 hexadecimal digits of the line's SHA-256.

    Raises:
        RuleProblems: a column does not say anything the model knows.
    """

    sub: str
    zone: str
    obj: str
    act: str
    cls: str
    net: str
    auth: str
    win: str
    eft: str
    id: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        given = self.columns
        _refuse_faults(rule_faults(given))
        for name, value in zip(RULE_COLUMNS, canonical(given), strict=True):
            object.__setattr__(self, name, value)
        digest = hashlib.sha256(self.line.encode()).hexdigest()
        object.__setattr__(self, "id", f"r-{digest[:_ID_DIGITS]}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The nine values, in the model's order."""
        return _COLUMNS(self)

    @property
    def line(self) -> str:
        """The rule as a line of the canonical text, without its end."""
        return ", ".join(("p", *self.columns))

    @property
    def allows(self) -> bool:
        """Whether this rule gives access; if not, it takes access away."""
        return self.eft == "allow"


@dataclass(frozen=True)
class RuleSet:
    """Rules and the tree of data categories, sorted, without repetitions.

    Raises:
        RuleProblems: a repetition, a circle or too many levels among the categories.
    """

    rules: tuple[Rule, ...] = ()
    categories: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(sorted(self.rules)))
        object.__setattr__(self, "categories", tuple(sorted(self.categories)))
        for link in self.categories:
            _refuse_faults(category_faults(link))
        lines = Counter([*self.rules, *self.categories])
        twice = [Fault(f"{row} stands twice", "remove one") for row, n in lines.items() if n > 1]
        ids = Counter(rule.id for rule in set(self.rules))
        twice += [
            Fault(f"two rules share the id {name}", "split one of them in two")
            for name, count in ids.items()
            if count > 1
        ]
        trees = [Fault(what, "take a g3 row out") for what in faults(self.categories)]
        _refuse_faults(twice + trees)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read rules, one a line: `p` with nine columns, `g3` with child and parent category.

        Values stand between commas, with or without spaces; there is no quoting. Lines that
        begin with `#` are comments, and empty lines are skipped.

        Raises:
            RuleProblems: names every bad line, what is wrong with it, and what to write.
        """
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), start=1):
            reader.read(number, line.removesuffix("\r"))
        if reader.problems:
            raise RuleProblems(reader.problems)
        return cls(tuple(reader.rules), tuple(reader.categories))

    def text(self) -> str:
        """Return the one text of this set: sorted lines, each ended by a line feed."""
        categories = [", ".join(("g3", *link)) for link in self.categories]
        return "".join(f"{line}\n" for line in [*categories, *(r.line for r in self.rules)])

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical text, 64 hexadecimal digits: the set's name."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    @property
    def version(self) -> str:
        """The first 16 digits of the hash, as decisions and records name the set."""
        return self.hash[:16]

    def holds(self, rule: Rule) -> bool:
        """Tell whether a rule stands in this set."""
        place = bisect_left(self.rules, rule)
        return place < len(self.rules) and self.rules[place] == rule

    def plus(self, other: RuleSet) -> RuleSet:
        """Return the union of both sets; what stands in both stands once."""
        return RuleSet(
            tuple({*self.rules, *other.rules}), tuple({*self.categories, *other.categories})
        )


class _Reader:
    """Collects the rows of a text, and every problem on the way."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.categories: list[Link] = []
        self.problems: list[Problem] = []
        self._seen: dict[Rule | Link, int] = {}

    def read(self, number: int, line: str) -> None:
        if has_unseen(line.replace("\t", " ")):
            # A hidden character could make a reader see another line than the program does.
            fault = Fault("an invisible character", "retype the line; save as UTF-8 without BOM")
            self._report(number, [fault])
            return
        if not line.strip() or line.startswith("#"):
            return
        kind, *columns = (value.strip(" \t") for value in line.split(","))
        if kind == "p":
            self._read_rule(number, columns)
        elif kind == "g3":
            self._read_category(number, columns)
        else:
            known = f"begin with p ({len(RULE_COLUMNS)} columns) or g3 ({len(CATEGORY_COLUMNS)})"
            self._report(number, [Fault(f"unknown kind {kind!r}", known)])

    def _read_rule(self, number: int, columns: list[str]) -> None:
        found = rule_faults(columns)
        self._report(number, found)
        if not found and self._is_new(rule := Rule(*columns), number):
            self.rules.append(rule)

    def _read_category(self, number: int, columns: list[str]) -> None:
        found = category_faults(columns)
        self._report(number, found)
        if not found and self._is_new(link := (columns[0], columns[1]), number):
            self.categories.append(link)

    def _is_new(self, row: Rule | Link, number: int) -> bool:
        first = self._seen.setdefault(row, number)
        if first != number:
            self._report(number, [Fault(f"the same as line {first}", "remove one of them")])
        return first == number

    def _report(self, number: int, found: Iterable[Fault]) -> None:
        self.problems += [Problem(number, fault.what, fault.fix) for fault in found]


def _refuse_faults(found: list[Fault]) -> None:
    if found:
        raise RuleProblems(Problem(0, fault.what, fault.fix) for fault in found)
