"""Testing the tests: a test that nobody could fail proves nothing.

Each rule is taken out, and widened in each of its columns, its place to the whole service; the
score says which of these changes no test would notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from policies.cases import Case
from policies.change.places import PAGES, key_of
from policies.change.trials import request_of
from policies.decision import Outcome, Request
from policies.functions import auth_ge
from policies.hierarchy import Parents, closure, parents_of
from policies.memberships import Memberships
from policies.nearness import Condition, Seen
from policies.rules import Rule, RuleSet
from policies.vocabulary import ANY, STRENGTHS, is_person, tokens

_COLUMN_OF: Final = {
    Condition.SUBJECT: "sub",
    Condition.ZONE: "zone",
    Condition.OBJECT: "obj",
    Condition.ACTION: "act",
    Condition.CLASSIFICATION: "cls",
    Condition.NETWORK: "net",
    Condition.STRENGTH: "auth",
    Condition.TIME: "win",
}
DELETED: Final = "deleted"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule deleted, or one of its columns `widened`; the test that notices, if any does."""

    change: str
    noticed_by: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """What the tests would notice of one rule."""

    rule: Rule
    mutants: tuple[Mutant, ...]

    @property
    def noticed(self) -> int:
        """How many changes of it some test notices."""
        return sum(each.noticed_by is not None for each in self.mutants)

    @property
    def unnoticed(self) -> tuple[str, ...]:
        """The changes of it that no test notices."""
        return tuple(each.change for each in self.mutants if each.noticed_by is None)

    @property
    def is_needed(self) -> bool:
        """Whether some test fails without the rule."""
        return any(each.noticed_by for each in self.mutants if each.change == DELETED)


def scores(
    rules: RuleSet,
    memberships: Memberships,
    *,
    now: int,
    touched: Iterable[Rule] | None = None,
    progress: Callable[[int], None] = lambda _tests: None,
) -> tuple[Score, ...]:
    """Return for each rule which changes of it the tests would notice.

    `touched` names the rules to look at, e.g. those of a draft; without it all are. Each test
    looks only at rules of its own service and category, so thousands take about a second;
    `progress` is told how many tests are through.
    """
    wanted = tuple(rules.rules if touched is None else touched)
    noticed: dict[tuple[Rule, str], str] = {}
    field = _Field(rules, memberships)
    chosen = frozenset(wanted)
    for number, case in enumerate(rules.tests, start=1):
        progress(number)
        for rule, change in field.noticed(case, request_of(case, now=now), chosen):
            noticed.setdefault((rule, change), case.id)
    return tuple(
        Score(rule, tuple(Mutant(each, noticed.get((rule, each))) for each in _changes_of(rule)))
        for rule in wanted
    )


def widened(rule: Rule, column: str) -> Rule:
    """Return a rule that asks nothing any more in one column; of places, only for the service."""
    return replace(rule, **{column: _widest(rule, column)})


def judged(met: Sequence[Rule], request: Request) -> Outcome:
    """Return the outcome by rules that match but for the sign-in's strength."""
    if request.classification > request.clearance:
        return Outcome.DENY
    reached = [rule for rule in met if auth_ge(request.strength, rule.auth)]
    if reached:
        return Outcome.ALLOW if all(rule.allows for rule in reached) else Outcome.DENY
    for strength in range(request.strength + 1, STRENGTHS.stop):
        reached = [rule for rule in met if auth_ge(strength, rule.auth)]
        if reached and all(rule.allows for rule in reached):
            return Outcome.STEP_UP
    return Outcome.DENY


class _Field:
    """The rules by the places tests ask about."""

    def __init__(self, rules: RuleSet, memberships: Memberships) -> None:
        self._by_key: dict[str | None, list[Rule]] = {}
        for rule in rules.rules:
            self._by_key.setdefault(key_of(rule.obj), []).append(rule)
        self._categories = parents_of(rules.categories)
        self._memberships = memberships

    def noticed(
        self, case: Case, request: Request, chosen: frozenset[Rule]
    ) -> Iterator[tuple[Rule, str]]:
        """Return the changes of rules after which this test fails."""
        if is_person(case.sub) and case.sub not in self._memberships.people:
            return  # who is not there is denied whatever the rules say
        seen = self._seen(case, request)
        near = [
            (rule, frozenset(each.condition for each in seen.failed(rule)) - {Condition.CLEARANCE})
            for key in (key_of(request.object), None)
            for rule in self._by_key.get(key, ())
        ]
        met = [rule for rule, failed in near if failed <= {Condition.STRENGTH}]
        if judged(met, request) != case.expect:
            return
        for rule, failed in near:
            if rule in chosen:
                for change, after in _mutated(rule, failed, met):
                    if judged(after, request) != case.expect:
                        yield rule, change

    def _seen(self, case: Case, request: Request) -> Seen:
        roles: Parents = self._memberships.role_parents.get(request.zone, {})
        units = self._memberships.unit_parents
        held = (
            closure(each, roles) | closure(each, units)
            for each in ([case.sub] if is_person(case.sub) else tokens(case.sub))
        )
        subjects = frozenset({ANY, request.subject}).union(*held)
        return Seen(request, subjects, closure(request.category, self._categories))


def _mutated(
    rule: Rule, failed: frozenset[Condition], met: Sequence[Rule]
) -> Iterator[tuple[str, list[Rule]]]:
    """Return the changes of a rule that this test can notice, with the rules then met."""
    others = [each for each in met if each is not rule]
    if len(others) < len(met):
        yield DELETED, others
        if rule.auth != ANY:
            yield "auth", [*others, widened(rule, "auth")]
        return
    missing = failed - {Condition.STRENGTH}
    if len(missing) != 1 or (column := _COLUMN_OF.get(*missing)) is None:
        return
    if getattr(rule, column) != _widest(rule, column):
        # Widened in this one column the rule would match; its strength still counts.
        yield column, [*met, rule]


def _changes_of(rule: Rule) -> Iterator[str]:
    yield DELETED
    columns = _COLUMN_OF.values()
    yield from (name for name in columns if getattr(rule, name) != _widest(rule, name))


def _widest(rule: Rule, column: str) -> str:
    """Return what a column can be widened to: pages and categories are as wide as their name."""
    if column != "obj":
        return ANY
    key = key_of(rule.obj)
    return rule.obj if key in (PAGES, None) else f"svc:{key}/**"
