"""The desk's accounts, from the identity room: people, staff lists, stale accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.identity import (
    links,
    people,
    reports,
    returning,
    roll_search,
    sessions,
    staff,
    staff_import,
    stale,
    units,
)
from gateway.identity.current import OFFICER_ROLES
from gateway.identity.people import PersonUnknown
from gateway.identity.registry import Registry
from gateway.identity.roll import Entry, Roll
from gateway.identity.roll_search import Found, Wanted
from gateway.identity.staff_import import Imported, Slip
from gateway.identity.staff_plan import Plan
from gateway.identity.stale import Stale
from gateway.web.desk_accounts import Account, NewAccount
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import SessionUnknown, actor_of


@dataclass(frozen=True, kw_only=True)
class AccountsFront:
    """Fulfils the people of `gateway.web.desk_accounts.AccountsDesk`."""

    registry: Registry
    roll: Roll = field(repr=False)

    def people_found(self, wanted: Wanted, *, now: datetime) -> Found:
        """One page."""
        entries = self.roll.entries()
        idle = stale.report(self.registry, entries, now=now) if wanted.stale else ()
        return roll_search.search(
            entries,
            wanted,
            tree=units.tree(self.registry),
            stale={each.entry.id for each in idle},
        )

    def account(self, person_id: UUID, *, now: datetime) -> Account:
        """One. Raises PersonUnknown."""
        entry = self._entry(person_id)
        officer = bool(entry.roles & OFFICER_ROLES)
        idle, life = self.registry.limits.of(officer=officer)
        return Account(
            entry=entry,
            factors=people.factors(self.registry, person_id),
            sessions=[
                each
                for each in sessions.of_person(self.registry, person_id)
                if each.ended_at is None and now < min(each.last_seen + idle, each.created + life)
            ],
            last_sign_in=stale.last_sign_in(self.registry, person_id),
            link_until=stale.live_link(self.registry, person_id, now=now),
            locked=reports.is_locked(self.registry, person_id),
            is_officer=officer,
        )

    def create_account(self, person: SignedIn, new: NewAccount, *, visit: Visit) -> Slip:
        """Invite."""
        person_id, token = people.create(
            self.registry,
            login=new.login,
            name=new.name,
            unit=new.unit,
            roles=(),
            clearance=staff_import.CLEARANCE,
            staff_number=new.staff_number or None,
            actor=actor_of(person, visit),
            now=visit.now,
        )
        return self._slip(person_id, token, visit=visit)

    def change_account(
        self, person: SignedIn, subject: UUID, new: NewAccount, *, visit: Visit
    ) -> bool:
        """Change what differs, all or nothing of it."""
        return staff.change(
            self.registry,
            subject,
            name=new.name,
            unit=new.unit,
            staff_number=new.staff_number,
            actor=actor_of(person, visit),
            now=visit.now,
        )

    def disable_account(
        self, person: SignedIn, subject: UUID, *, reason: str, visit: Visit
    ) -> None:
        """Shut out."""
        actor = actor_of(person, visit)
        people.disable(self.registry, subject, reason=reason, actor=actor, now=visit.now)

    def restore_account(self, person: SignedIn, subject: UUID, *, visit: Visit) -> Slip:
        """Invite again, without rights."""
        actor = actor_of(person, visit)
        token = returning.restore(self.registry, subject, actor=actor, now=visit.now)
        return self._slip(subject, token, visit=visit)

    def invite_again(self, person: SignedIn, subject: UUID, *, visit: Visit) -> Slip:
        """A new link."""
        actor = actor_of(person, visit)
        token = returning.invite_again(self.registry, subject, actor=actor, now=visit.now)
        return self._slip(subject, token, visit=visit)

    def end_session_of(self, person: SignedIn, subject: UUID, ref: str, *, visit: Visit) -> None:
        """End one. Raises SessionUnknown."""
        actor = actor_of(person, visit)
        if not sessions.end_by_ref(self.registry, subject, ref, actor=actor, now=visit.now):
            raise SessionUnknown(ref)

    def stale_accounts(self, *, now: datetime) -> Sequence[Stale]:
        """The report."""
        return stale.report(self.registry, self.roll.entries(), now=now)

    def stale_days(self) -> int:
        """From the settings."""
        return self.registry.limits.stale_after.days

    def keep_staff_list(
        self, person: SignedIn, content: bytes, *, disable_missing: bool, visit: Visit
    ) -> UUID:
        """Keep."""
        return staff_import.keep(
            self.registry,
            content,
            disable_missing=disable_missing,
            owner=person.current.person_id,
            now=visit.now,
        )

    def staff_plan(self, person: SignedIn, draft: UUID, *, now: datetime) -> tuple[Plan, bool]:
        """Preview. Raises DraftUnknown."""
        content, missing = self._draft(person, draft, now)
        return staff_import.preview(self.registry, content, disable_missing=missing), missing

    def import_staff_list(
        self, person: SignedIn, draft: UUID, *, seal: str, visit: Visit
    ) -> Imported:
        """Import. Raises DraftUnknown, ListFaulty, ListOutdated."""
        content, missing = self._draft(person, draft, visit.now)
        return staff_import.carry_out(
            self.registry,
            content,
            disable_missing=missing,
            seal=seal,
            draft=draft,
            actor=actor_of(person, visit),
            now=visit.now,
        )

    def _draft(self, person: SignedIn, draft: UUID, now: datetime) -> tuple[bytes, bool]:
        owner = person.current.person_id
        return staff_import.kept(self.registry, draft, owner=owner, now=now)

    def _entry(self, person_id: UUID) -> Entry:
        found = next((each for each in self.roll.entries() if each.id == person_id), None)
        if found is None:
            raise PersonUnknown(person_id)
        return found

    def _slip(self, person_id: UUID, token: str, *, visit: Visit) -> Slip:
        entry = self._entry(person_id)
        return Slip(
            name=entry.name,
            login=entry.login,
            unit=entry.unit,
            expires=visit.now + min(self.registry.limits.enrolment_life, links.LONGEST),
            token=token,
        )
