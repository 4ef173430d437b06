"""The desk's part about the officers: rights, what two of them decide, what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from gateway.access.effect import Effect
from gateway.identity.officer_acts import Acts
from gateway.identity.officer_case_views import CaseView
from gateway.identity.rights import Rights
from gateway.identity.roll import Entry
from gateway.identity.staff_import import Slip

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class OfficersDesk(Protocol):
    """What the officers' pages call."""

    def entry(self, person_id: UUID) -> Entry:
        """A person on the roll."""

    def business_roles(self) -> Sequence[str]:
        """The roles that may be given beside no office: the product's, and those of the rules."""

    def rights_effect(self, person_id: UUID, rights: Rights, *, now: datetime) -> Effect:
        """What these rights would open and close for somebody."""

    def change_rights(
        self, person: SignedIn, subject: UUID, rights: Rights, *, reason: str, visit: Visit
    ) -> bool:
        """Give somebody exactly these rights; whether anything differed."""

    def propose_office(
        self, person: SignedIn, subject: UUID, office: str, *, reason: str, visit: Visit
    ) -> UUID:
        """Propose somebody for an office; the case."""

    def open_reset(
        self,
        person: SignedIn,
        login: str,
        *,
        document: str,
        forget_password: bool,
        reason: str,
        visit: Visit,
    ) -> UUID:
        """Open a factor reset for the person of a login; the case."""

    def cases(self, *, now: datetime) -> Sequence[CaseView]:
        """The newest cases, open ones first."""

    def case(self, case_id: UUID, *, now: datetime) -> CaseView:
        """One case."""

    def may_confirm(self, person: SignedIn, case: CaseView) -> bool:
        """Whether this officer is the second one."""

    def confirm_case(self, person: SignedIn, case_id: UUID, *, visit: Visit) -> Slip | None:
        """Confirm; of a reset the slip with its link, shown this once."""

    def end_case(self, person: SignedIn, case_id: UUID, *, visit: Visit) -> None:
        """Refuse, or take one's own back."""

    def names(self) -> Mapping[str, str]:
        """Everybody's name by `person:<uuid>`."""

    def watched_officers(self, person: SignedIn) -> Sequence[Entry]:
        """Whose acts this person reads."""

    def officer_acts(
        self,
        person: SignedIn,
        *,
        who: UUID | None,
        before: int | None,
        since: datetime | None,
        until: datetime | None,
    ) -> Acts:
        """Their acts, newest first, one page."""
