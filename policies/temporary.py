"""Temporary grants: rules for one person and one service that end by themselves.

They lie beside the published rules and not among them: a grant to one person must not make
100,000 rules anew. An engine takes both together and decides as pycasbin would by their union.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from policies.compiled_rules import Entry, entry
from policies.functions import window_bounds
from policies.rules import Rule, RuleSet
from policies.vocabulary import ANY, ZONES, is_person

READS: Final = "GET|HEAD"
"""What looks and changes nothing."""
READS_AND_WRITES: Final = "DELETE|GET|HEAD|PATCH|POST|PUT"
LEAST_STRENGTH: Final = "2"
"""Password and one-time code, as the baseline asks of every page."""

Granted: TypeAlias = Mapping[str, tuple[tuple[str, Entry], ...]]
"""For each person the object patterns granted, each with its compiled rule."""


class NotTemporary(ValueError):
    """A rule that is not for one person, not about a service, or has no end."""


def grant(person: str, service: str, *, zone: str, writes: bool, opens: int, closes: int) -> Rule:
    """Return the rule that lets `person:<uuid>` use a service from `opens` until before `closes`.

    Times are seconds since 1970 UTC; `service` is a slug. Labels, denies and zones hold as for
    every rule: clearance is compared by the model itself.

    Raises:
        NotTemporary: the times do not make a window.
        RuleProblems: person, zone or service is not what it should be.
    """
    if not 0 <= opens < closes:
        raise NotTemporary(f"from {opens} to {closes}")
    actions = READS_AND_WRITES if writes else READS
    window = f"{opens}~{closes}"
    rule = Rule(
        person, zone, f"svc:{service}/**", actions, ANY, ANY, LEAST_STRENGTH, window, "allow"
    )
    check(rule)
    return rule


def check(rule: Rule) -> None:
    """Refuse what gives more than one person one service for a time. Raises NotTemporary."""
    is_one = is_person(rule.sub) and rule.zone in ZONES and rule.obj.startswith("svc:")
    if not (is_one and rule.allows and window_bounds(rule.win) is not None):
        raise NotTemporary(rule.line)


def compiled(grants: RuleSet, *, beside: RuleSet) -> Granted:
    """Return the grants by person; those that stand among the rules already are left out.

    Raises:
        NotTemporary: one is no temporary grant.
    """
    found: dict[str, list[tuple[str, Entry]]] = {}
    for rule in grants.rules:
        check(rule)
        if not beside.holds(rule):
            found.setdefault(rule.sub, []).append((rule.obj, entry(rule)))
    return {person: tuple(given) for person, given in found.items()}
