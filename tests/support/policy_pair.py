"""Both engines as one: whatever a test asks, both are asked, and both must say the same."""

from __future__ import annotations

from dataclasses import dataclass

from policies.engine import Decision, Engine, Memberships, Request, build, reference
from policies.rules import RuleSet


@dataclass(frozen=True)
class Pair:
    """An engine whose every answer is a comparison."""

    compiled: Engine
    reference: Engine

    @property
    def version(self) -> str:
        """The one version both name."""
        assert self.compiled.version == self.reference.version
        return self.compiled.version

    def decide(self, request: Request) -> Decision:
        """Return the one decision both make."""
        decided = self.compiled.decide(request)
        assert decided == self.reference.decide(request), request
        return decided


def both(rules: RuleSet, memberships: Memberships, *, no_write_down: bool = False) -> Pair:
    """Return the compiled engine and the reference of the same rules and memberships."""
    return Pair(
        build(rules, memberships, no_write_down=no_write_down),
        reference(rules, memberships, no_write_down=no_write_down),
    )
