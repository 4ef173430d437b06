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
