"""The desk's part about fresh proofs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class FreshDesk(Protocol):
    """Confirming an act with a code."""

    def is_fresh(self, person: SignedIn, act: str, *, now: datetime) -> bool:
        """Whether the act was confirmed a short while ago in this session."""

    def prove_fresh(self, person: SignedIn, *, act: str, code: str, visit: Visit) -> str:
        """Confirm an act; returns the session's new token. Refuses a wrong code."""

    def prove_fresh_with_passkey(
        self, person: SignedIn, *, act: str, answer: str, visit: Visit
    ) -> str:
        """As `prove_fresh`, by a passkey's answer."""

    def fresh_passkey(self, person: SignedIn, *, act: str, visit: Visit) -> str:
        """Options, as JSON, for confirming an act with a passkey."""

    def fresh_ways(self, person: SignedIn) -> frozenset[str]:
        """What the person may confirm with: totp, recovery, passkey."""
