"""Fresh proofs, as the pages ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.identity import fresh
from gateway.identity.registry import Registry
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of


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
