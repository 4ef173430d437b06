"""The desk's part about sealed accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from gateway.identity.break_glass import Entered
from gateway.identity.break_glass_views import AccountView, Act, OpeningView

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class BreakGlassDesk(Protocol):
    """What the pages of sealed accounts call."""

    def sealed_accounts(self, *, now: datetime) -> Sequence[AccountView]:
        """Every sealed account and its state."""

    def openings(self, *, now: datetime) -> Sequence[OpeningView]:
        """The newest openings and proposals."""

    def opening(self, opening_id: UUID, *, now: datetime) -> tuple[OpeningView, Sequence[Act]]:
        """One, with what the log holds under it."""

    def propose_opening(
        self,
        person: SignedIn,
        account_id: UUID,
        *,
        login: str,
        minutes: int,
        reason: str,
        visit: Visit,
    ) -> UUID:
        """Propose to open an account for the person of a login name."""

    def confirm_opening(self, person: SignedIn, opening_id: UUID, *, visit: Visit) -> str:
        """Confirm as the second officer; the code for the person named."""

    def refuse_opening(self, person: SignedIn, opening_id: UUID, *, visit: Visit) -> None:
        """Refuse a proposal, or take one's own back."""

    def close_opening(self, person: SignedIn, opening_id: UUID, *, visit: Visit) -> None:
        """End it at once."""

    def review_opening(
        self, person: SignedIn, opening_id: UUID, finding: str, *, visit: Visit
    ) -> None:
        """Write the finding."""

    def enter_opening(self, person: SignedIn, code: str, *, visit: Visit) -> Entered:
        """Exchange one's own session for one of the account."""

    def leave_opening(self, person: SignedIn, *, visit: Visit) -> None:
        """Close the opening from inside."""

    def glass_disable(self, person: SignedIn, login: str, *, reason: str, visit: Visit) -> str:
        """Shut somebody out; their name."""

    def glass_end_sessions(self, person: SignedIn, login: str, *, visit: Visit) -> str:
        """End somebody's sessions; their name."""

    def glass_invite(self, person: SignedIn, login: str, *, visit: Visit) -> tuple[str, str]:
        """A new enrolment link for somebody: their name and the link's token."""

    def glass_shut(self, person: SignedIn, slug: str, *, visit: Visit) -> None:
        """Close a service."""
