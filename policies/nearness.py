"""How near a rule comes to a request: each condition on its own, and which of them fail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policies.decision import Request
from policies.functions import act_in, auth_ge, cls_in, in_win, net_in, path_in
from policies.hierarchy import closure, parents_of
from policies.memberships import Memberships
from policies.pairs import lacking
from policies.rules import Rule, RuleSet
from policies.vocabulary import ANY


class Condition(StrEnum):
    """What can keep a rule from matching. Stable codes; the pages turn them into words."""

    ACTION = "action"
    CLASSIFICATION = "classification"
    """The service's classification is none the rule speaks of."""
    CLEARANCE = "clearance"
    """The person's clearance is below the classification: no rule lifts that."""
    NETWORK = "network"
    OBJECT = "object"
    STRENGTH = "strength"
    SUBJECT = "subject"
    TIME = "time"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class Failed:
    """A condition a request does not meet: what it has, and what the rule wants."""

    condition: Condition
    has: str
    needs: str


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that does not match, with everything that keeps it from matching."""

    rule: Rule
    failed: tuple[Failed, ...]

    @property
    def conditions(self) -> frozenset[Condition]:
        """The failed conditions alone."""
        return frozenset(each.condition for each in self.failed)


@dataclass(frozen=True, slots=True)
class Seen:
    """A request with the groups its person counts as and the categories its object is in."""

    request: Request
    subjects: frozenset[str]
    categories: frozenset[str]

    def failed(self, rule: Rule) -> tuple[Failed, ...]:
        """Return every condition of a rule this request does not meet.

        Of a subject that is both, each part the person lacks is one.
        """
        asked = self.request
        is_here = rule.obj in self.categories or path_in(asked.object, rule.obj)
        is_level = cls_in(asked.classification, rule.cls)
        is_cleared = asked.classification <= asked.clearance
        is_strong = auth_ge(asked.strength, rule.auth)
        checks = (
            *(
                (False, Condition.SUBJECT, asked.subject, part)
                for part in lacking(self.subjects, rule.sub)
            ),
            (is_here, Condition.OBJECT, asked.object, rule.obj),
            (rule.zone in (ANY, asked.zone), Condition.ZONE, asked.zone, rule.zone),
            (act_in(asked.action, rule.act), Condition.ACTION, asked.action, rule.act),
            (is_level, Condition.CLASSIFICATION, asked.classification, rule.cls),
            (net_in(asked.network, rule.net), Condition.NETWORK, asked.network, rule.net),
            (is_strong, Condition.STRENGTH, asked.strength, rule.auth),
            (in_win(asked.now, rule.win), Condition.TIME, asked.now, rule.win),
            (is_cleared, Condition.CLEARANCE, asked.clearance, asked.classification),
        )
        return tuple(
            Failed(condition, str(has), str(needs))
            for holds, condition, has, needs in checks
            if not holds
        )


def see(request: Request, rules: RuleSet, memberships: Memberships) -> Seen:
    """Return a request as the rules see it."""
    roles = memberships.role_parents.get(request.zone, {})
    held = closure(request.subject, roles) | closure(request.subject, memberships.unit_parents)
    categories = closure(request.category, parents_of(rules.categories))
    return Seen(request, held | {ANY}, categories)
