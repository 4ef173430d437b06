"""Which rules match a request: the evidence beside the reference engine's bare answer.

pycasbin names one rule of a decision, or none. This module evaluates every rule with the
same six conditions and its own walk through roles, units and categories; the engine
compares both and refuses to answer when they differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from policies.decision import Request
from policies.functions import act_in, auth_ge, cls_in, in_win, net_in, path_in
from policies.hierarchy import Parents, closure, parents_of
from policies.memberships import Memberships
from policies.pairs import lacking
from policies.rules import Rule, RuleSet
from policies.vocabulary import ANY


@dataclass(frozen=True, slots=True)
class Matches:
    """The rules whose every condition a request meets."""

    allows: tuple[str, ...]
    denies: tuple[str, ...]

    @property
    def gives_access(self) -> bool:
        """Whether they allow: at least one allow and no deny."""
        return bool(self.allows) and not self.denies


@dataclass(frozen=True, slots=True)
class Explainer:
    """Finds all matching rules of one rule set under given memberships. Never changes."""

    rules: tuple[Rule, ...]
    people: frozenset[str]
    roles: dict[str, Parents]
    units: Parents
    categories: Parents

    @classmethod
    def of(cls, rules: RuleSet, memberships: Memberships) -> Self:
        """Return the explainer of checked rules and memberships."""
        return cls(
            rules=rules.rules,
            people=memberships.people,
            roles=dict(memberships.role_parents),
            units=memberships.unit_parents,
            categories=parents_of(rules.categories),
        )

    def matches(self, request: Request) -> Matches:
        """Return every rule that matches, by effect, their ids sorted."""
        if request.classification > request.clearance:  # on every rule, deny or allow
            return Matches((), ())
        subjects = {
            ANY,
            *closure(request.subject, self.roles.get(request.zone, {})),
            *closure(request.subject, self.units),
        }
        categories = closure(request.category, self.categories)
        found = [
            rule
            for rule in self.rules
            if not lacking(subjects, rule.sub)
            and (rule.obj in categories or path_in(request.object, rule.obj))
            and _conditions_hold(rule, request)
        ]
        return Matches(
            allows=tuple(sorted(rule.id for rule in found if rule.allows)),
            denies=tuple(sorted(rule.id for rule in found if not rule.allows)),
        )


def _conditions_hold(rule: Rule, request: Request) -> bool:
    return (
        rule.zone in (ANY, request.zone)
        and act_in(request.action, rule.act)
        and cls_in(request.classification, rule.cls)
        and net_in(request.network, rule.net)
        and auth_ge(request.strength, rule.auth)
        and in_win(request.now, rule.win)
    )
