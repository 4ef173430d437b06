"""The desk's part about requests for access and temporary grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from gateway.access.request_views import RequestView
from gateway.access.requests import Terms

if TYPE_CHECKING:
    from gateway.web.desk_values import ServiceCard, SignedIn, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """A request with the words that people read. `unit` is the person's, by its name."""

    request: RequestView
    service: str
    unit: str
    in_charge: str


class RequestsDesk(Protocol):
    """What the pages of requests and grants call."""

    def request_terms(self) -> Terms:
        """How long a grant may last."""

    def service_to_ask_for(self, slug: str, *, now: datetime) -> ServiceCard:
        """A service of this zone, for asking. Refuses a slug without one as unknown."""

    def my_requests(self, person: SignedIn) -> Sequence[AskedFor]:
        """The person's own, newest first."""

    def ask_for(
        self, person: SignedIn, slug: str, *, writes: bool, reason: str, until: date, visit: Visit
    ) -> int:
        """Ask for a service until the end of a day; how many people may decide."""

    def withdraw_request(self, person: SignedIn, request_id: UUID, *, visit: Visit) -> None:
        """Take one's own back."""

    def requests_to_decide(self, person: SignedIn) -> Sequence[AskedFor]:
        """The open ones that this person may decide on."""

    def request_to_decide(self, person: SignedIn, request_id: UUID) -> AskedFor:
        """One of these. Refuses any other as unknown."""

    def approve_request(
        self, person: SignedIn, request_id: UUID, *, until: date, visit: Visit
    ) -> None:
        """Grant it until the end of a day."""

    def refuse_request(
        self, person: SignedIn, request_id: UUID, *, reason: str, visit: Visit
    ) -> None:
        """Say no, and why."""

    def grants(self, person: SignedIn, *, now: datetime) -> Sequence[AskedFor]:
        """The grants in force that the person answers for; a security administrator sees all."""

    def ownerless_requests(self, person: SignedIn) -> Sequence[AskedFor]:
        """For a security administrator: the open requests that nobody may decide on."""

    def revoke_grant(
        self, person: SignedIn, request_id: UUID, *, reason: str, visit: Visit
    ) -> None:
        """End a grant before its time."""
