"""The reference engine: pycasbin behind a wall.

Nothing else in the house touches the enforcer. It is built once, filled once, asked by many
threads and never changed: a new version of the rules is a new engine.
"""

from __future__ import annotations

import ast
import logging
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Self

from casbin import Enforcer
from casbin.model import FunctionMap, Model
from casbin.util import SimpleEval

from policies.adapter import RowsAdapter
from policies.decision import Decision, Outcome, Reason, Request
from policies.explain import Explainer, Matches
from policies.functions import FUNCTIONS
from policies.memberships import Memberships
from policies.rules import RuleSet
from policies.vocabulary import STRENGTHS, WRITES, ZONES

MODEL = resources.files("policies").joinpath("model.conf").read_text(encoding="utf-8")

_NO_RULE_NAMES_IT = "cat:*"
"""Stands for every category no rule speaks of; not a category by our grammar."""


class _Silent(logging.Logger):
    """A logger that writes nothing and belongs to no logger tree.

    pycasbin logs rules, roles and each refused request with its person; no configuration of
    logging, now or later, shall be able to turn that on.
    """

    def __init__(self) -> None:
        super().__init__("policies.silent", level=logging.CRITICAL + 1)

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # pycasbin copies its whole model when it loads


class EngineDisagreesError(RuntimeError):
    """pycasbin and the explanation of its answer differ: a defect, so nobody passes."""


class CasbinEngine:
    """Decides by one rule set under one state of memberships. Immutable, thread-safe.

    Args:
        rules: a checked rule set.
        memberships: refused unless they pass `Memberships.check`.
        no_write_down: also demand that who writes is not cleared above what he writes to
            (Bell and LaPadula's *-property), against carrying secrets down. Its price:
            a person with high clearance can fill in no form of a lower service, so it suits
            services that exchange data, not ordinary web applications.

    Raises:
        MembershipProblems: the memberships break a rule no policy can lift.
    """

    __slots__ = ("_categories", "_enforcer", "_explainer", "_no_write_down", "version")

    def __init__(
        self, rules: RuleSet, memberships: Memberships, *, no_write_down: bool = False
    ) -> None:
        memberships.check()
        self.version = rules.version
        self._no_write_down = no_write_down
        self._explainer = Explainer.of(rules, memberships)
        self._categories = frozenset(name for link in rules.categories for name in link) | {
            rule.obj for rule in rules.rules
        }
        self._enforcer = _enforcer(rules, memberships)
        self._settle()

    def decide(self, request: Request) -> Decision:
        """Return the decision with its reason and rules; refuses whatever is not understood.

        Raises:
            EngineDisagreesError: pycasbin's answer is not the one its rules explain.
        """
        if (not_understood := self._not_understood(request)) is not None:
            return self._denied(not_understood)
        matches = self._explainer.matches(request)
        if self._ask(request) != matches.gives_access:
            raise EngineDisagreesError(f"{request} under {self.version}: {matches}")
        if matches.denies:
            return self._denied(Reason.DENIED_BY_RULE, matches.denies)
        if not matches.gives_access:
            return self._what_is_missing(request)
        if self._writes_down(request):
            return self._denied(Reason.WRITE_DOWN, matches.allows)
        return Decision(
            outcome=Outcome.ALLOW,
            reason=Reason.ALLOWED,
            rules=matches.allows,
            version=self.version,
        )

    def _not_understood(self, request: Request) -> Reason | None:
        """Return why this request is never put to pycasbin, if so."""
        if request.zone not in ZONES:
            return Reason.UNKNOWN_ZONE
        if request.subject not in self._explainer.people:
            return Reason.UNKNOWN_SUBJECT
        return None if request.is_well_formed else Reason.MALFORMED

    def _what_is_missing(self, request: Request) -> Decision:
        """No rule matched; find out whether one single thing stands in the way."""
        if request.classification > request.clearance:
            cleared = self._explainer.matches(replace(request, clearance=request.classification))
            if cleared.gives_access:
                return self._denied(Reason.CLEARANCE, cleared.allows)
            return self._denied(Reason.NO_RULE)
        for strength in range(request.strength + 1, STRENGTHS.stop):
            stronger = self._explainer.matches(replace(request, strength=strength))
            if stronger.gives_access:
                return self._step_up(request, strength, stronger)
        return self._denied(Reason.NO_RULE)

    def _step_up(self, request: Request, strength: int, stronger: Matches) -> Decision:
        if self._writes_down(request):
            return self._denied(Reason.WRITE_DOWN, stronger.allows)
        return Decision(
            outcome=Outcome.STEP_UP,
            reason=Reason.STRONGER_SIGN_IN,
            rules=stronger.allows,
            version=self.version,
            strength_needed=strength,
        )

    def _writes_down(self, request: Request) -> bool:
        return (
            self._no_write_down
            and request.action in WRITES
            and request.clearance > request.classification
        )

    def _denied(self, reason: Reason, rules: tuple[str, ...] = ()) -> Decision:
        return Decision(outcome=Outcome.DENY, reason=reason, rules=rules, version=self.version)

    def _ask(self, request: Request) -> bool:
        category = request.category if request.category in self._categories else _NO_RULE_NAMES_IT
        return bool(
            self._enforcer.enforce(
                request.subject,
                request.zone,
                request.object,
                category,
                request.action,
                request.classification,
                request.clearance,
                request.network,
                request.strength,
                request.now,
            )
        )

    def _settle(self) -> None:
        """Name everything pycasbin can be asked about, once, before any thread asks.

        Its role managers remember each name they meet, on a read: unknown names would grow
        memory without end and change shared state. After this nothing is new to them.
        """
        groups = [rule.sub for rule in self._explainer.rules]
        people = [*self._explainer.people, *groups]
        roles, units, categories = (self._enforcer.rm_map[kind] for kind in ("g", "g2", "g3"))
        for name in people:
            units.has_link(name, name)
            for zone in ZONES:
                roles.has_link(name, name, zone)
        for name in (*self._categories, _NO_RULE_NAMES_IT):
            categories.has_link(name, name)
        nobody = "person:nobody"
        units.has_link(nobody, nobody)
        for zone in ZONES:
            roles.has_link(nobody, nobody, zone)
            self._enforcer.enforce(nobody, zone, "", _NO_RULE_NAMES_IT, "", 0, 0, "", 1, 0)


class _Reference(Enforcer):  # type: ignore[misc] # pycasbin has no types
    """The plain enforcer, reading the model's condition once instead of at each request.

    Not for speed: `ast.parse` in two threads at once fails on CPython 3.11 with "AST
    constructor recursion depth mismatch" (python/cpython#106905), that is, by chance.
    """

    @staticmethod
    def _get_expression(expr: str, functions: dict[str, object] | None = None) -> SimpleEval:
        evaluator = SimpleEval("", functions)
        evaluator.ast_parsed_value = _parsed(expr)
        return evaluator


@cache
def _parsed(expr: str) -> ast.expr:
    tree: ast.expr = Enforcer._get_expression(expr).ast_parsed_value  # noqa: SLF001 - pycasbin's own reading
    return tree


def _enforcer(rules: RuleSet, memberships: Memberships) -> Enforcer:
    silent = _Silent()
    model = Model()
    model.load_model_from_text(MODEL)
    for part in (model, *(each for section in model.values() for each in section.values())):
        part.logger = silent
    enforcer = _Reference(model)
    for part in (enforcer, *enforcer.rm_map.values()):
        part.logger = silent
    # Only our six conditions: pycasbin's own are not total (keyMatch, ipMatch, regexMatch).
    enforcer.fm = FunctionMap()
    for name, function in FUNCTIONS.items():
        enforcer.fm.add_function(name, function)
    # Its default compares every name with every other while it fills a zone's roles: at
    # 11,000 rules 0.7 s instead of 7 ms.
    enforcer.rm_map["g"].add_matching_func(None)
    enforcer.set_adapter(RowsAdapter(rules, memberships))
    enforcer.load_policy()
    return enforcer
