"""How long a test holds by itself: it stands on rules, and some rules end.

A test without a time is asked as of now. If only a rule "until Friday" lets it pass, it fails
from Saturday on, in every draft that carries it, though nobody changed anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from policies.cases import Case
from policies.change.places import key_of
from policies.change.spans import spans
from policies.change.trials import Result, engine_for, request_of, results
from policies.compiled import CompiledEngine
from policies.compiled_rules import is_over, windows_of
from policies.decision import Request
from policies.memberships import Memberships
from policies.nearness import Condition, see
from policies.rules import Rule, RuleSet
from policies.vocabulary import ANY

_BY_ITSELF = frozenset({Condition.TIME, Condition.STRENGTH})
"""What may keep a rule from matching now and yet let it decide another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A test with what came of it and what will.

    Attributes:
        fails_from: when a passing one begins to fail, seconds since 1970 UTC; None if never.
        stood_on: the rule that a failing one stood on, if it is over or was taken out.
        is_over: whether that rule's last window is over.
    """

    result: Result
    fails_from: int | None = None
    stood_on: Rule | None = None
    is_over: bool = False


def foreseen(
    rules: RuleSet,
    before: RuleSet,
    memberships: Memberships,
    *,
    now: int,
    no_write_down: bool = False,
) -> tuple[Foreseen, ...]:
    """Run the tests of a version and look ahead; `before` is what it began with."""
    cases = rules.tests
    field = _Field(engine_for(rules, memberships, cases, no_write_down=no_write_down))
    gone = frozenset(before.rules) - frozenset(rules.rules)
    old = engine_for(before, memberships, cases, no_write_down=no_write_down) if gone else None
    found = []
    for each in results(field.engine, cases, now=now):
        if each.passed:
            found.append(Foreseen(result=each, fails_from=field.fails_from(each.case, now)))
            continue
        lost = field.stood_on(each, field.past(each.request)) if each.decision else None
        if lost is None and old is not None and each.decision:
            lost = _Field(old).stood_on(each, gone)
        past = lost is not None and is_over(windows_of(lost.win), now)
        found.append(Foreseen(result=each, stood_on=lost, is_over=past))
    return tuple(found)


def dated(rules: RuleSet, memberships: Memberships, case: Case, *, now: int) -> Case:
    """Give a test without a time one at which the rule it stands on holds, if that rule ends.

    A test that stands on no rule, or holds at every time, stays as it is.
    """
    if case.now != ANY:
        return case
    field = _Field(engine_for(rules, memberships, (case,)))
    request = request_of(case, now=now)
    if field.stands(case, request):
        return case if field.fails_from(case, now) is None else replace(case, now=str(now))
    if field.engine.decide(request).outcome == case.expect:
        return case
    for moment in field.moments(request):
        if field.stands(case, replace(request, now=moment)):
            return replace(case, now=str(moment))
    return case


class _Field:
    """An engine, and those of its rules that do not hold always, by the places they speak of."""

    def __init__(self, engine: CompiledEngine) -> None:
        self.engine = engine
        self._by_key: dict[str | None, list[Rule]] = {}
        for rule in engine.rules.rules:
            if rule.win != ANY:
                self._by_key.setdefault(key_of(rule.obj), []).append(rule)

    def stands(self, case: Case, request: Request) -> bool:
        """Tell whether rules decide as the test says, and not their absence."""
        found = self.engine.decide(request)
        return found.outcome == case.expect and bool(found.rules)

    def fails_from(self, case: Case, now: int) -> int | None:
        """Return when a test that passes now, asked at every moment, first fails."""
        request = request_of(case, now=now)
        if case.now != ANY or not self.stands(case, request):
            return None
        windows = [windows_of(rule.win) for rule in self._near(request)]
        for span in spans(windows, since=now) if windows else ():
            decided = self.engine.decide(replace(request, now=span.start))
            if decided.outcome != case.expect:
                return span.start
        return None

    def moments(self, request: Request) -> Iterator[int]:
        """Return moments at which other rules hold: those that come, then those that were."""
        near = [windows_of(rule.win) for rule in self._near(request)]
        yield from (span.start for span in spans(near, since=request.now)) if near else ()
        yield from sorted(
            (end - 1 for each in near for _, end, every in each if not every and end > 0),
            reverse=True,
        )

    def past(self, request: Request) -> Iterator[Rule]:
        """Return the rules about a place that will never hold again."""
        return (rule for rule in self._near(request) if is_over(windows_of(rule.win), request.now))

    def stood_on(self, failing: Result, candidates: Iterable[Rule]) -> Rule | None:
        """Return the one of these rules by which a failing test passed once."""
        asked, expect = failing.request, failing.case.expect
        for rule in sorted(candidates):
            at = _last(rule) if is_over(windows_of(rule.win), asked.now) else asked.now
            found = self.engine.decide(replace(asked, now=at))
            if found.outcome == expect and rule.id in found.rules:
                return rule
        return None

    def _near(self, request: Request) -> Iterator[Rule]:
        """Return the rules that speak of this request at some time."""
        near = [
            rule for key in (key_of(request.object), None) for rule in self._by_key.get(key, ())
        ]
        if not near:
            return
        seen = see(request, self.engine.rules, self.engine.memberships)
        for rule in near:
            if {each.condition for each in seen.failed(rule)} <= _BY_ITSELF:
                yield rule


def _last(rule: Rule) -> int:
    return max(end for _, end, _ in windows_of(rule.win)) - 1
