"""The one door to decisions: build an engine, ask it.

Two engines give the same answers: the compiled one decides, the reference says what is right.

engine = build(RuleSet.parse(text), Memberships(roles=..., units=...))
decision = engine.decide(Request(subject=..., zone="intranet", object="svc:ledger/", ...))
"""

from __future__ import annotations

from typing import Protocol

from policies.casbin_engine import CasbinEngine, EngineDisagreesError
from policies.compiled import CompiledEngine
from policies.decision import Decision, Outcome, Reason, Request
from policies.memberships import MembershipProblems, Memberships
from policies.rules import RuleSet

__all__ = [
    "CompiledEngine",
    "Decision",
    "Engine",
    "EngineDisagreesError",
    "MembershipProblems",
    "Memberships",
    "Outcome",
    "Reason",
    "Request",
    "build",
    "reference",
]


class Engine(Protocol):
    """Decides by one version of the rules; immutable, safe to ask from many threads."""

    @property
    def version(self) -> str:
        """The rule set's name, 16 hexadecimal digits."""

    def decide(self, request: Request) -> Decision:
        """Return the decision on one request."""


def build(
    rules: RuleSet, memberships: Memberships, *, no_write_down: bool = False
) -> CompiledEngine:
    """Return the engine of these rules and memberships: the compiled one, which decides.

    Build a new one when either changes and put it in the old one's place by one assignment.
    `no_write_down` is explained, with its price, at `CasbinEngine`.

    Raises:
        MembershipProblems: ids outside the grammar, circles, more than 9 levels, or a
            person who would be two officers.
    """
    return CompiledEngine(rules, memberships, no_write_down=no_write_down)


def reference(
    rules: RuleSet, memberships: Memberships, *, no_write_down: bool = False
) -> CasbinEngine:
    """Return pycasbin's engine of the same: what the rules mean, at 36 µs for each of them.

    Raises:
        MembershipProblems: as `build`.
    """
    return CasbinEngine(rules, memberships, no_write_down=no_write_down)
