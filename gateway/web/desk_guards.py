"""The desk's part about guards: one's own password and sign-ins, lanes, reports, sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from gateway.identity.attempts import AttemptView
from gateway.identity.lanes import LaneView
from gateway.identity.profiles import Deviation, Profile
from gateway.identity.reports import Decision, ReportView

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


class GuardsDesk(Protocol):
    """What the pages of passwords, sign-ins, lanes and reports call."""

    def password_profile(self) -> tuple[Profile, Sequence[Deviation]]:
        """The profile in force, and what it gives up with the zone's settings."""

    def password_due(self, person: SignedIn) -> bool:
        """Whether the profile wants a new password before anything else."""

    def change_password(
        self, person: SignedIn, *, current: str, new: str, keep_others: bool, visit: Visit
    ) -> None:
        """Replace one's own password. Refuses a wrong present one, which counts."""

    def attempts(self, person: SignedIn) -> Sequence[AttemptView]:
        """The newest attempts to sign in under the person's name."""

    def attempt(self, person: SignedIn, attempt_id: UUID) -> AttemptView:
        """One of the person's own attempts. Refuses anybody else's as unknown."""

    def last_sign_in(self, token: str, *, now: datetime) -> tuple[AttemptView | None, int]:
        """The sign-in before the one that opened this session, and the failures since."""

    def disown(self, person: SignedIn, attempt_id: UUID, *, visit: Visit) -> bool:
        """Lock one's own account for a sign-in that was not one's own; whether it is locked."""

    def end_all_sessions(self, person: SignedIn, *, visit: Visit) -> int:
        """End all of one's own sessions, this one included."""

    def end_sessions_of(self, person: SignedIn, subject: UUID, *, visit: Visit) -> int:
        """End all sessions of one person, as an officer; how many there were."""

    def sessions_open(self) -> tuple[int, int]:
        """How many people are signed in, and in how many sessions."""

    def end_everybodys_sessions(self, person: SignedIn, *, visit: Visit) -> int:
        """End everybody's sessions but this one, as an officer; how many there were."""

    def lanes(self, *, now: datetime) -> Sequence[LaneView]:
        """The lanes that are slow or closed."""

    def open_lane(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Let a lane take attempts again. Refuses one that is no more."""

    def reports(self) -> Sequence[ReportView]:
        """The reports that wait for a decision, oldest first."""

    def reports_decided(self) -> Sequence[ReportView]:
        """The newest decisions."""

    def report(self, report_id: UUID) -> ReportView:
        """One report. Refuses an unknown one."""

    def close_report(
        self,
        person: SignedIn,
        report_id: UUID,
        decision: Decision,
        *,
        reason: str,
        visit: Visit,
    ) -> str | None:
        """Decide a report; the token of a new enrolment link if that was decided."""
