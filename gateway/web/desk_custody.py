"""The desk's part about keeping the log: the checkpoint, retention, erasure, receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from audit.paper import Paper
from gateway.custody.asked import Asked
from gateway.custody.receipts import Act
from gateway.custody.views import Status

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


@dataclass(frozen=True, slots=True)
class Named:
    """A request with the names of its people."""

    asked: Asked
    about: str
    proposed_by: str
    decided_by: str


class CustodyDesk(Protocol):
    """What the pages about keeping the log call."""

    def first_key(self) -> str | None:
        """The log's first key as it stands beside the log; None before the first seal."""

    def paper(self) -> Paper | None:
        """The newest checkpoint for paper; None before the first."""

    def keeping(self, *, now: datetime) -> Status:
        """How the log is kept."""

    def keeping_requests(self, status: Status) -> Sequence[Named]:
        """The requests of a status, with names."""

    def named(self, subject: str) -> str:
        """The name of who acted, for people to read."""

    def propose_pruning(self, person: SignedIn, *, reason: str, visit: Visit) -> None:
        """Propose to prune what may go."""

    def propose_lift(self, person: SignedIn, hold: str, *, reason: str, visit: Visit) -> None:
        """Propose to lift a hold."""

    def propose_erasure(
        self, person: SignedIn, *, login: str, entry: str, reason: str, visit: Visit
    ) -> None:
        """Propose to erase the personal values of a person (by sign-in name) or of an entry."""

    def place_hold(
        self, person: SignedIn, *, case: str, since: date, reason: str, visit: Visit
    ) -> None:
        """Keep everything from a day on."""

    def approve_keeping(self, person: SignedIn, request: str, *, visit: Visit) -> Asked:
        """Approve as the second officer."""

    def refuse_keeping(self, person: SignedIn, request: str, *, visit: Visit) -> None:
        """Refuse, or take one's own back."""

    def receipts(self, person: SignedIn) -> Sequence[Act]:
        """One's own acts that have receipts."""

    def receipt(self, person: SignedIn, index: int, *, visit: Visit) -> bytes:
        """The receipt of one's own act, as a file."""
