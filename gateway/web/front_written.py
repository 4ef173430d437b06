"""The desk's written rules, from the identity room."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.identity.registry import Registry
from gateway.identity.written import Written, written


@dataclass(frozen=True, kw_only=True)
class WrittenDesk:
    """The part of `Desk` that says by which rules people sign in."""

    registry: Registry

    def written_rules(self) -> Written:
        """What is in force."""
        return written(self.registry.limits)
