"""The desk's guards, from the identity room: passwords, sign-ins, lanes, reports, sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.identity import attempts, lanes, own_password, people, profiles, reports, sessions
from gateway.identity.attempts import AttemptView
from gateway.identity.lanes import LaneView
from gateway.identity.own_password import Keeping
from gateway.identity.profiles import Deviation, Profile
from gateway.identity.registry import Registry
from gateway.identity.reports import AttemptUnknown, Decision, ReportView
from gateway.identity.roles import PersonUnknown
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of


@dataclass(frozen=True, kw_only=True)
class GuardsFront:
    """Fulfils `gateway.web.desk_guards.GuardsDesk`."""

    registry: Registry

    def password_profile(self) -> tuple[Profile, Sequence[Deviation]]:
        """The profile in force, and what it gives up."""
        limits = self.registry.limits
        found = profiles.PROFILES[limits.password_profile]
        return found, profiles.deviations(found.name, minimum=limits.password_min)

    def password_due(self, person: SignedIn) -> bool:
        """Whether a new password is wanted first."""
        return own_password.is_due(self.registry, person.current)

    def change_password(
        self, person: SignedIn, *, current: str, new: str, keep_others: bool, visit: Visit
    ) -> None:
        """Replace one's own password."""
        own_password.change(
            self.registry,
            person.current,
            current=current,
            new=new,
            keeping=Keeping(token=person.token, device=visit.device, others=keep_others),
            actor=actor_of(person, visit),
            now=visit.now,
        )

    def attempts(self, person: SignedIn) -> Sequence[AttemptView]:
        """The newest attempts under one's name."""
        return attempts.of_person(self.registry, person.current.person_id)

    def attempt(self, person: SignedIn, attempt_id: UUID) -> AttemptView:
        """One of one's own. Raises AttemptUnknown."""
        found = attempts.one(self.registry, person.current.person_id, attempt_id)
        if found is None:
            raise AttemptUnknown(attempt_id)
        return found

    def last_sign_in(self, token: str, *, now: datetime) -> tuple[AttemptView | None, int]:
        """The sign-in before this one."""
        current = sessions.find(self.registry, token, now=now)
        if current is None:
            return None, 0
        return attempts.last_before(self.registry, current.person_id, current.session_ref)

    def disown(self, person: SignedIn, attempt_id: UUID, *, visit: Visit) -> bool:
        """Lock one's own account."""
        own, actor = person.current.person_id, actor_of(person, visit)
        return reports.disown(self.registry, own, attempt_id, actor=actor, now=visit.now)

    def end_all_sessions(self, person: SignedIn, *, visit: Visit) -> int:
        """End all of one's own."""
        own, actor = person.current.person_id, actor_of(person, visit)
        return sessions.end_all(self.registry, own, actor=actor, now=visit.now)

    def end_sessions_of(self, person: SignedIn, subject: UUID, *, visit: Visit) -> int:
        """End those of one person. Raises PersonUnknown."""
        if people.by_id(self.registry, subject) is None:
            raise PersonUnknown(subject)
        actor = actor_of(person, visit)
        return sessions.end_all(self.registry, subject, actor=actor, now=visit.now)

    def sessions_open(self) -> tuple[int, int]:
        """People and sessions."""
        return sessions.open_now(self.registry)

    def end_everybodys_sessions(self, person: SignedIn, *, visit: Visit) -> int:
        """End those of everybody."""
        return sessions.end_everybodys(
            self.registry,
            actor=actor_of(person, visit),
            now=visit.now,
            except_token=person.token,
        )

    def lanes(self, *, now: datetime) -> Sequence[LaneView]:
        """The slow and the closed ones."""
        return lanes.slowed(self.registry, now=now)

    def open_lane(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Open one."""
        lanes.open_lane(self.registry, ref, actor=actor_of(person, visit), now=visit.now)

    def reports(self) -> Sequence[ReportView]:
        """Those that wait."""
        return reports.waiting(self.registry)

    def reports_decided(self) -> Sequence[ReportView]:
        """Those that were decided last."""
        return reports.decided(self.registry)

    def report(self, report_id: UUID) -> ReportView:
        """One."""
        return reports.one(self.registry, report_id)

    def close_report(
        self,
        person: SignedIn,
        report_id: UUID,
        decision: Decision,
        *,
        reason: str,
        visit: Visit,
    ) -> str | None:
        """Decide one."""
        return reports.close(
            self.registry,
            report_id,
            decision,
            reason=reason,
            actor=actor_of(person, visit),
            now=visit.now,
        )
