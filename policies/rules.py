"""A set of rules: read strictly, written in one canonical form, named by its content."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from policies.cases import Case
from policies.duties import RECORD, Duty
from policies.hierarchy import Link, faulty_links
from policies.problems import Faulty, Problem, RuleProblems, refuse
from policies.reading import Reader, Row
from policies.rows import Fault, category_faults
from policies.rule import Rule

__all__ = ["Problem", "Rule", "RuleProblems", "RuleSet"]


@dataclass(frozen=True)
class RuleSet:
    """Rules and the tree of data categories, sorted, without repetitions.

    With them, and under the same name, the tests the rules must pass and the duties that no one
    person may unite. Neither takes part in decisions.

    Raises:
        RuleProblems: a repetition, a circle or too many levels among the categories.
    """

    rules: tuple[Rule, ...] = ()
    categories: tuple[Link, ...] = ()
    tests: tuple[Case, ...] = ()
    duties: tuple[Duty, ...] = ()

    def __post_init__(self) -> None:
        for name in ("rules", "categories", "tests", "duties"):
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))
        for link in self.categories:
            refuse(category_faults(link))
        lines: Counter[Row] = Counter([*self.rules, *self.categories, *self.tests, *self.duties])
        twice = [Fault(f"{row} stands twice", "remove one") for row, n in lines.items() if n > 1]
        ids = Counter(rule.id for rule in set(self.rules))
        twice += [
            Fault(f"two rules share the id {name}", "split one of them in two")
            for name, count in ids.items()
            if count > 1
        ]
        trees = [
            Fault(what, "take a g3 row out", link=link)
            for link, what in faulty_links(self.categories)
        ]
        refuse(twice + trees)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read rules, one a line: `p` with nine columns, `g3` with child and parent category.

        `t` is a test case (`policies.cases`), `s` a separation of duties (`policies.duties`).
        Values stand between commas, with or without spaces; there is no quoting. Lines that
        begin with `#` are comments, and empty lines are skipped.

        Raises:
            RuleProblems: names every bad line, what is wrong with it, and what to write.
        """
        reader = Reader()
        for number, line in enumerate(text.split("\n"), start=1):
            reader.read(number, line.removesuffix("\r"))
        if reader.problems:
            raise RuleProblems(reader.problems)
        try:
            return cls.of(reader.rows)
        except Faulty as found:
            raise RuleProblems(reader.placed(found)) from None

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """Return the set of these rows, of whatever kinds. Raises RuleProblems."""
        given = tuple(rows)
        return cls(
            rules=tuple(row for row in given if isinstance(row, Rule)),
            categories=tuple(row for row in given if isinstance(row, tuple)),
            tests=tuple(row for row in given if isinstance(row, Case)),
            duties=tuple(row for row in given if isinstance(row, Duty)),
        )

    def text(self) -> str:
        """Return the one text of this set: sorted lines, each ended by a line feed."""
        categories = [", ".join(("g3", *link)) for link in self.categories]
        rules = [rule.line for rule in self.rules]
        return "".join(f"{line}\n" for line in (*categories, *rules, *self.beside))

    @property
    def beside(self) -> tuple[str, ...]:
        """The lines of what stands beside the rules: duties and tests."""
        return (*(duty.line for duty in self.duties), *(case.line for case in self.tests))

    @cached_property
    def duties_on_records(self) -> tuple[Duty, ...]:
        """The duties that bar acts by what the same person did to the same record."""
        return tuple(duty for duty in self.duties if duty.way == RECORD)

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
            tuple({*self.rules, *other.rules}),
            tuple({*self.categories, *other.categories}),
            tuple({*self.tests, *other.tests}),
            tuple({*self.duties, *other.duties}),
        )
