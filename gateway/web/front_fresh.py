"""Fresh proofs, as the pages ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.identity import fresh, proofs
from gateway.identity.registry import Registry
from gateway.web.desk import WebSettings
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_factors import site_of
from gateway.web.front_people import actor_of


@dataclass(frozen=True, kw_only=True)
class FreshFront:
    """Fulfils `FreshDesk` from the identity room."""

    registry: Registry
    settings: WebSettings

    def is_fresh(self, person: SignedIn, act: str, *, now: datetime) -> bool:
        """Look."""
        return proofs.is_fresh(self.registry, person.current.session_id, act, now=now)

    def prove_fresh(self, person: SignedIn, *, act: str, code: str, visit: Visit) -> str:
        """Check the code."""
        actor = actor_of(person, visit)
        renewed = fresh.prove(
            self.registry, person.current, act=act, code=code, actor=actor, now=visit.now
        )
        return renewed.token

    def prove_fresh_with_passkey(
        self, person: SignedIn, *, act: str, answer: str, visit: Visit
    ) -> str:
        """Check the answer."""
        renewed = fresh.prove_with_passkey(
            self.registry,
            site_of(self.settings),
            person.current,
            act=act,
            answer=answer,
            actor=actor_of(person, visit),
            now=visit.now,
        )
        return renewed.token

    def fresh_passkey(self, person: SignedIn, *, act: str, visit: Visit) -> str:
        """Bound to session and act."""
        site = site_of(self.settings)
        return fresh.passkey_options(self.registry, site, person.current, act=act, now=visit.now)

    def fresh_ways(self, person: SignedIn) -> frozenset[str]:
        """Look."""
        return fresh.ways(self.registry, person.current)
