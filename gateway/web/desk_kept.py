"""The desk's part about forms that were kept, and about tokens that are known but open nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from gateway.access.kept import Offer
from gateway.access.kept_content import Posted
from gateway.access.tables_kept import KeptForm

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class KeptDesk(Protocol):
    """Keeping what could not be sent, and giving it out to the same person."""

    def keep_form(
        self,
        posted: Posted,
        *,
        person: SignedIn | None,
        token: str | None,
        is_of: Callable[[str], bool],
        browser: str,
        visit: Visit,
    ) -> UUID | None:
        """Keep a form of the gateway's own pages; None if it is nobody's whom we know.

        `token` is the session cookie's, live or dead; `is_of` tells whether the form was made
        for a session.
        """

    def kept_forms(self, person: SignedIn, *, now: datetime) -> Sequence[KeptForm]:
        """The person's own forms that wait, oldest first; what they say stays sealed."""

    def kept_form(
        self,
        person: SignedIn,
        form_id: UUID,
        *,
        service: str | None,
        browser: str | None,
        visit: Visit,
    ) -> Offer:
        """A form that was kept for this person in this browser, on this host."""

    def discard_form(
        self,
        person: SignedIn,
        form_id: UUID,
        *,
        service: str | None,
        browser: str | None,
        visit: Visit,
    ) -> None:
        """Forget it."""

    def target_of_form(self, person: SignedIn, form_id: UUID, *, service: str, visit: Visit) -> str:
        """Where a kept form of a service was to go, for deciding on it."""

    def was_replaced(self, token: str, *, now: datetime) -> bool:
        """Whether a live session had this token until seconds ago."""
