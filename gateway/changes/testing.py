"""Tests that live in a draft: listed with their results, made of words or of a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from policies.cases import CASE_COLUMNS, Case, case_faults
from policies.change import trials
from policies.change.lasting import Foreseen, dated, foreseen
from policies.change.lexicon import Lexicon
from policies.change.sentences import Wrong, scan
from policies.change.texts import read as read_text
from policies.memberships import Memberships
from policies.pairs import parts
from policies.problems import RuleProblems
from policies.rules import RuleSet
from policies.vocabulary import ANY, NO_CATEGORY, USE, is_page, is_person

Label: TypeAlias = Callable[[str, str], tuple[str, int]]
"""The category and level of an object under an action. Raises KeyError for an unknown service."""
_SUBTREE: Final = "/**"


class CaseProblem(Exception):
    """What is wrong with one field of a test in words; `wrong` names the letters, if any do."""

    def __init__(self, field: str, code: str, wrong: Wrong | None = None) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code
        self.wrong = wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A test, what came of it and what will; `is_new` if the rules in force have it not."""

    foreseen: Foreseen
    is_new: bool

    @property
    def result(self) -> trials.Result:
        """What came of it."""
        return self.foreseen.result

    @property
    def case(self) -> Case:
        """The test itself."""
        return self.result.case


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A test as somebody writes it down.

    `clearance` may be empty: a person's own, or else just enough. `now` are seconds since 1970
    UTC, or `*` for the moment of the test.
    """

    expect: str
    who: str
    place: str
    action: str
    network: str
    strength: str
    clearance: str = ""
    now: str = ANY


def tried(rules: RuleSet, base: RuleSet, members: Memberships, *, now: int) -> list[Tried]:
    """Return every test of some rules with its result: those that fail first, then new ones."""
    before = frozenset(base.tests)
    found = [
        Tried(foreseen=each, is_new=each.result.case not in before)
        for each in foreseen(rules, base, members, now=now)
    ]
    return sorted(found, key=lambda each: (each.result.passed, not each.is_new, each.case))


def case_of(
    asked: Asked, lexicon: Lexicon, *, zone: str, label: Label, clearance: Callable[[str], int]
) -> Case:
    """Return the test that these words mean.

    The place's category and level are those of the catalogue as it is now.

    Raises:
        CaseProblem: a field that cannot be understood, with its letters.
    """
    who = "|".join(_subjects(asked.who, lexicon))
    place = _place(asked.place, lexicon)
    action = USE if is_page(place) else asked.action
    try:
        category, level = (NO_CATEGORY, 0) if is_page(place) else label(place, action)
    except KeyError:
        raise CaseProblem("place", "no_service") from None
    cleared = str(clearance(who) if is_person(who) else level)
    columns = (
        asked.expect, who, zone, place, category, action, str(level),
        asked.clearance or cleared, asked.network, asked.strength, asked.now,
    )  # fmt: skip
    return checked(columns)


def checked(columns: Sequence[str]) -> Case:
    """Return the test of these eleven columns. Raises CaseProblem with the first bad one."""
    for fault in case_faults(columns):
        raise CaseProblem(_FIELDS.get(CASE_COLUMNS[fault.place], "place"), "value")
    return Case(*columns)


def with_case(
    text: str, case: Case, members: Memberships, *, now: int, instead: str = ""
) -> str | None:
    """Return a draft with one more test, or in another one's place; None if it is unreadable.

    A test without a time that stands on a rule that ends gets one at which the rule holds.
    """

    def changed(rules: RuleSet) -> tuple[Case, ...]:
        kept = tuple(each for each in rules.tests if each.id != instead)
        more = dated(rules, members, case, now=now)
        return kept if more in kept else (*kept, more)

    return _changed(text, changed)


def without_case(text: str, case_id: str) -> str | None:
    """Return a draft without a test; None if it is unreadable."""
    return _changed(text, lambda rules: tuple(each for each in rules.tests if each.id != case_id))


def case_of_line(line: str) -> Case:
    """Return the test that a line of the rules' text holds. Raises CaseProblem."""
    try:
        (case,) = RuleSet.parse(line).tests
    except (RuleProblems, ValueError):
        raise CaseProblem("line", "value") from None
    return case


def _changed(text: str, change: Callable[[RuleSet], tuple[Case, ...]]) -> str | None:
    document = read_text(text).document
    if document is None:
        return None
    rules = replace(document.rules, tests=change(document.rules))
    kept = frozenset(rules.tests)
    comments = {
        row: said
        for row, said in document.comments.items()
        if not isinstance(row, Case) or row in kept
    }
    return replace(document, rules=rules, comments=comments).text()


def _subjects(text: str, lexicon: Lexicon) -> list[str]:
    """Whom it asks about: one person, or all the roles and units that somebody holds."""
    found = [part for each in _values("who", "sub", text, lexicon) for part in parts(each)]
    people = [each for each in found if is_person(each)]
    if not found:
        raise CaseProblem("who", "missing")
    if ANY in found:
        raise CaseProblem("who", "anybody")
    if people and len(set(found)) > 1:
        raise CaseProblem("who", "one_person")
    return sorted(set(found))


def _place(text: str, lexicon: Lexicon) -> str:
    found = _values("place", "obj", text, lexicon)
    if not found:
        raise CaseProblem("place", "missing")
    if len(found) > 1 or found[0].endswith(_SUBTREE) or found[0].startswith("cat:"):
        raise CaseProblem("place", "one_place")
    return found[0]


def _values(field: str, column: str, text: str, lexicon: Lexicon) -> list[str]:
    return list(_found(field, column, text.strip(), lexicon))


def _found(field: str, column: str, text: str, lexicon: Lexicon) -> Iterator[str]:
    for piece in scan(text, lexicon):
        if isinstance(piece, Wrong):
            raise CaseProblem(field, piece.code, piece)
        if piece.column == column:
            yield piece.value
        elif piece.column:
            raise CaseProblem(field, "other")


_FIELDS: Final[Mapping[str, str]] = {
    "sub": "who", "obj": "place", "act": "action", "net": "network", "auth": "strength",
    "clr": "clearance", "now": "at", "expect": "expect",
}  # fmt: skip
"""The field of the form in which each column is given."""
