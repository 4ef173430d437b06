"""Everything that is wrong with a draft, at once: line, column, what, and the fix.

    found = validate(text, Form.CSV, known=known, now=now)
    if found.document is not None and not found.errors: …

First the text is read as strictly as ever; then its rules are held against what there is
(people, units, services) and against each other, beside rows that cannot be read those that
can: whoever mends a draft is told everything at once. O(n log n) in the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.change.findings import Code, Finding, Severity
from policies.change.likeness import Nearest, mended, named, stranger, suggestion
from policies.change.members import Members
from policies.change.overlap import Overlap, Overlaps
from policies.change.places import key_of
from policies.change.texts import Document, Form, Reading, line_of, read
from policies.collector import collector_paused
from policies.compiled_rules import is_over, windows_of
from policies.hierarchy import faults
from policies.memberships import Memberships
from policies.pairs import parts
from policies.permissions import Permission
from policies.problems import Problem
from policies.reading import Row, column_of
from policies.rows import RULE_COLUMNS
from policies.rules import Rule, RuleSet
from policies.vocabulary import (
    ACTIONS,
    ANY,
    EFFECTS,
    NETWORKS,
    ZONES,
    is_person,
    is_role,
    is_unit,
    tokens,
)

_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "zone": ZONES,
    "act": ACTIONS,
    "net": NETWORKS,
    "eft": EFFECTS,
    "obj": frozenset(each.object for each in Permission),
}
_SUGGESTIONS: Final = 200
"""Unknown words that are compared with the known ones; whoever has more has another problem."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What there is: ids as rules name them. None is not looked at.

    `memberships` say who belongs to what; `clearance` a person's level.
    """

    units: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    people: frozenset[str] | None = None
    services: frozenset[str] | None = None
    """Slugs."""
    memberships: Memberships | None = None
    clearance: Callable[[str], int] | None = None


@dataclass(frozen=True)
class Validated:
    """A draft with everything found in it; `lines` tells where each row stands."""

    document: Document | None
    findings: tuple[Finding, ...]
    lines: Mapping[Row, int] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that keep the draft from going on."""
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)


def validate(
    text: str, form: Form = Form.CSV, *, known: Known | None = None, now: int
) -> Validated:
    """Read a draft and return everything found in it, by line. `now` in seconds since 1970."""
    with collector_paused():
        reading = read(text, form)
        findings = [_of_problem(each, text.split("\n")) for each in reading.problems]
        rules = _readable(reading) if reading.document is None else reading.document.rules
        findings += _Checks(reading, text, known or Known(), now).all(rules)
    findings.sort(key=lambda each: (each.line, each.column, each.severity, each.what))
    return Validated(reading.document, tuple(findings), reading.lines)


def _readable(reading: Reading) -> RuleSet:
    """Return what could be read of a text that cannot be used; a circle counts as no tree."""
    links = tuple(row for row in reading.lines if isinstance(row, tuple))
    by_id = {row.id: row for row in reading.lines if isinstance(row, Rule)}
    return RuleSet(tuple(by_id.values()), () if faults(links) else links)


def _of_problem(problem: Problem, lines: list[str]) -> Finding:
    """Tell a problem of reading, and what was probably meant."""
    line = lines[problem.line - 1] if 0 < problem.line <= len(lines) else ""
    code, column, what, fix = Code.VALUE, problem.column, problem.what, problem.fix
    cell = line[column - 1 :].partition(",")[0].strip(' \t\r"') if column else line
    odd = stranger(cell)
    if odd is not None and (plain := mended(cell)).isascii():
        code = Code.LOOKALIKE
        what = f"{named(cell[odd])} in {cell[:80]!r}"
        fix = f"write {plain.strip()[:80]}"
        column = (line.find(cell) + odd + 1) if cell in line else column
    elif column and problem.what.startswith(RULE_COLUMNS):
        name = problem.what.partition(" ")[0]
        fix += "".join(
            suggestion(token, _WORDS[name])
            for token in tokens(cell)
            if name in _WORDS and token not in _WORDS[name]
        )
    return Finding(
        severity=Severity.ERROR,
        code=code,
        line=problem.line,
        column=column,
        what=what,
        fix=fix,
        values={"what": what, "fix": fix},
    )


class _Checks:
    """Holds good rules against what there is and against each other."""

    def __init__(self, reading: Reading, text: str, known: Known, now: int) -> None:
        self._lines = reading.lines
        self._text = text.split("\n")
        self._known = known
        self._now = now
        self._nearest: dict[str, Nearest] = {}
        self._left = _SUGGESTIONS

    def all(self, rules: RuleSet) -> Iterator[Finding]:
        """Return every finding, in no order."""
        members = Members(self._known.memberships, self._known.clearance)
        for rule in rules.rules:
            yield from self._unknown(rule)
            yield from self._past(rule)
            yield from self._unreachable(rule, members)
        for pair in Overlaps(rules, self._known.memberships or Memberships()).all():
            yield self._of_pair(pair.overlap, pair.rule, pair.other)

    def _unknown(self, rule: Rule) -> Iterator[Finding]:
        known = self._known
        for kind, is_one, words in (
            ("unit", is_unit, known.units),
            ("role", is_role, known.roles),
            ("person", is_person, known.people),
        ):
            for subject in parts(rule.sub):
                if words is not None and is_one(subject) and subject not in words:
                    yield self._unknown_word(rule, "sub", kind, subject, words)
        key = key_of(rule.obj)
        is_service = rule.obj.startswith("svc:")
        if known.services is not None and is_service and key not in known.services:
            yield self._unknown_word(rule, "obj", "service", str(key), known.services)

    def _unknown_word(
        self, rule: Rule, name: str, kind: str, word: str, words: frozenset[str]
    ) -> Finding:
        near = None
        if self._left > 0:
            self._left -= 1
            near = self._nearest.setdefault(kind, Nearest(words)).to(word)
        fix = f"write {near}" if near else "add it first, or take the rule out"
        return self._finding(
            rule, Severity.ERROR, Code.UNKNOWN, f"there is no {kind} {word}", fix,
            column=name, kind=kind, word=word, near=near or "",
        )  # fmt: skip

    def _past(self, rule: Rule) -> Iterator[Finding]:
        if is_over(windows_of(rule.win), self._now):
            yield self._finding(
                rule, Severity.WARNING, Code.PAST, "its last window is over",
                "give it a later one, or take it out", column="win",
            )  # fmt: skip

    def _unreachable(self, rule: Rule, members: Members) -> Iterator[Finding]:
        if members.are_unknown:
            return
        if not members.any_of(rule.sub, rule.zone):
            yield self._finding(
                rule, Severity.WARNING, Code.NO_MEMBER, f"nobody is {rule.sub} in {rule.zone}",
                "give somebody the role or unit, or take the rule out",
                column="sub", subject=rule.sub, zone=rule.zone,
            )  # fmt: skip
            return
        least = 0 if rule.cls == ANY else min(map(int, tokens(rule.cls)))
        highest = members.highest(rule.sub, rule.zone)
        if rule.allows and highest is not None and least > highest:
            yield self._finding(
                rule, Severity.WARNING, Code.ABOVE_CLEARANCE,
                f"level {least} is above what anybody of {rule.sub} is cleared for ({highest})",
                "no rule lifts a clearance: clear the people first, or take the rule out",
                column="cls", subject=rule.sub, level=str(least), highest=str(highest),
            )  # fmt: skip

    def _of_pair(self, overlap: Overlap, rule: Rule, other: Rule) -> Finding:
        line = self._lines.get(other, 0)
        what, fix, code, severity = _OVERLAPS[overlap]
        there = f"line {line}" if line else other.id
        return self._finding(
            rule, severity, code, what.format(there), fix, others=(line,), other=line_of(other)
        )

    def _finding(
        self,
        rule: Rule,
        severity: Severity,
        code: Code,
        what: str,
        fix: str,
        *,
        column: str = "",
        others: tuple[int, ...] = (),
        **values: str,
    ) -> Finding:
        line = self._lines.get(rule, 0)
        at = 0
        if column and line:
            text = self._text[line - 1]
            is_row = text.lstrip().startswith("p")
            at = column_of(text, RULE_COLUMNS.index(column)) if is_row else 0
        return Finding(
            severity=severity,
            code=code,
            line=line,
            column=at,
            what=what,
            fix=fix,
            values={"rule": rule.line, **values},
            others=others,
        )


_OVERLAPS: Final[Mapping[Overlap, tuple[str, str, Code, Severity]]] = {
    Overlap.SHADOWED: (
        "all it allows is denied by {}",
        "take one of them out, or make the deny narrower",
        Code.SHADOWED,
        Severity.WARNING,
    ),
    Overlap.REDUNDANT: (
        "{} says the same and more",
        "take this one out",
        Code.REDUNDANT,
        Severity.WARNING,
    ),
    Overlap.CONTRADICTS: (
        "{} denies a part of it to the same people",
        "the deny wins; say in this rule only what is left",
        Code.CONTRADICTORY,
        Severity.WARNING,
    ),
}
