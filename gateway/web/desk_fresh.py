"""The desk's part about fresh proofs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.identity import fresh
from gateway.identity.registry import Registry
from gateway.web.front_people import actor_of

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class FreshDesk(Protocol):
    """Confirming an act with a code."""

    def is_fresh(self, person: SignedIn, act: str, *, now: datetime) -> bool:
        """Whether the act was confirmed a short while ago in this session."""

    def prove_fresh(self, person: SignedIn, *, act: str, code: str, visit: Visit) -> str:
        """Confirm an act; returns the session's new token. Refuses a wrong code."""


@dataclass(frozen=True, kw_only=True)
class FreshFront:
    """Fulfils `FreshDesk` from the identity room."""

    registry: Registry

    def is_fresh(self, person: SignedIn, act: str, *, now: datetime) -> bool:
        """Look."""
        return fresh.is_fresh(self.registry, person.current, act, now=now)

    def prove_fresh(self, person: SignedIn, *, act: str, code: str, visit: Visit) -> str:
        """Check the code."""
        actor = actor_of(person, visit)
        renewed = fresh.prove(
            self.registry, person.current, act=act, code=code, actor=actor, now=visit.now
        )
        return renewed.token
