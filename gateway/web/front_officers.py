"""The desk's officers, from the identity and the access room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from audit.entry import Reader
from audit.search import Search
from gateway.access import effect as effects
from gateway.access.catalogue import Catalogue
from gateway.access.effect import Effect, Standing
from gateway.access.policy_point import PolicyPoint
from gateway.identity import officer_acts, officer_case_views, officer_cases, people, rights
from gateway.identity.current import BREAK_GLASS, OFFICER_ROLES
from gateway.identity.officer_acts import Acts
from gateway.identity.officer_case_views import CaseView
from gateway.identity.people import PersonUnknown
from gateway.identity.registry import Registry
from gateway.identity.rights import Rights
from gateway.identity.roll import Entry, Roll
from gateway.identity.staff_import import Slip
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of
from policies.engine import CompiledEngine
from policies.pairs import parts
from policies.vocabulary import is_role

OWN_ROLES = ("staff", "responder", "service_owner")
"""The business roles that the product knows; rules name others."""
_ROLE = "role:"


@dataclass(frozen=True, kw_only=True)
class OfficersFront:
    """Fulfils `gateway.web.desk_officers.OfficersDesk`."""

    registry: Registry
    catalogue: Catalogue
    policy: PolicyPoint
    roll: Roll = field(repr=False)

    def entry(self, person_id: UUID) -> Entry:
        """One. Raises PersonUnknown."""
        found = next((each for each in self.roll.entries() if each.id == person_id), None)
        if found is None:
            raise PersonUnknown(person_id)
        return found

    def business_roles(self) -> Sequence[str]:
        """By the rules in force."""
        engine = self.policy.now()
        assert isinstance(engine, CompiledEngine)
        subjects = {part for rule in engine.rules.rules for part in parts(rule.sub)}
        named = set(filter(is_role, subjects))
        others = {each.removeprefix(_ROLE) for each in named} - OFFICER_ROLES - {BREAK_GLASS}
        return [*OWN_ROLES, *sorted(others.difference(OWN_ROLES))]

    def rights_effect(self, person_id: UUID, rights: Rights, *, now: datetime) -> Effect:
        """Compare."""
        entry = self.entry(person_id)
        before, after = (
            Standing(subject=entry.subject, unit=entry.unit, roles=roles, clearance=clearance)
            for roles, clearance in (
                (entry.roles, entry.clearance),
                (rights.roles, rights.clearance),
            )
        )
        zone = self.registry.zone
        return effects.effect(
            self.policy, self.catalogue, before=before, after=after, zone=zone, now=now
        )

    def change_rights(
        self, person: SignedIn, subject: UUID, wanted: Rights, *, reason: str, visit: Visit
    ) -> bool:
        """Change."""
        return rights.change(
            self.registry,
            subject,
            wanted,
            reason=reason,
            by=person.current.person_id,
            actor=actor_of(person, visit),
            now=visit.now,
        )

    def propose_office(
        self, person: SignedIn, subject: UUID, office: str, *, reason: str, visit: Visit
    ) -> UUID:
        """Propose."""
        return officer_cases.propose_office(
            self.registry,
            subject,
            office,
            reason=reason,
            by=person.current.person_id,
            actor=actor_of(person, visit),
            now=visit.now,
        )

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
        """Open. Raises PersonUnknown."""
        found = people.by_login(self.registry, login)
        if found is None:
            raise PersonUnknown(login)
        return officer_cases.open_reset(
            self.registry,
            found.id,
            document=document,
            forget_password=forget_password,
            reason=reason,
            by=person.current.person_id,
            actor=actor_of(person, visit),
            now=visit.now,
        )

    def cases(self, *, now: datetime) -> Sequence[CaseView]:
        """The newest."""
        return officer_case_views.newest(self.registry, now=now)

    def case(self, case_id: UUID, *, now: datetime) -> CaseView:
        """One. Raises CaseUnknown."""
        return officer_case_views.one(self.registry, case_id, now=now)

    def may_confirm(self, person: SignedIn, case: CaseView) -> bool:
        """By office; the room asks again."""
        own = person.current.person_id
        concerned = own in {case.person_id, case.opened_by_id}
        return (
            case.state == "open" and not concerned and bool(case.confirmers & person.current.roles)
        )

    def confirm_case(self, person: SignedIn, case_id: UUID, *, visit: Visit) -> Slip | None:
        """Confirm."""
        done = officer_cases.confirm(
            self.registry,
            case_id,
            by=person.current.person_id,
            actor=actor_of(person, visit),
            now=visit.now,
        )
        if done.token is None or done.expires is None:
            return None
        entry = self.entry(done.person_id)
        return Slip(
            name=entry.name,
            login=entry.login,
            unit=entry.unit,
            expires=done.expires,
            token=done.token,
        )

    def end_case(self, person: SignedIn, case_id: UUID, *, visit: Visit) -> None:
        """End."""
        own, actor = person.current.person_id, actor_of(person, visit)
        officer_cases.end(self.registry, case_id, by=own, actor=actor, now=visit.now)

    def names(self) -> Mapping[str, str]:
        """From the roll."""
        return {each.subject: each.name for each in self.roll.entries()}

    def watched_officers(self, person: SignedIn) -> Sequence[Entry]:
        """By the offices' table."""
        return officer_acts.watched(self.roll.entries(), person.current.roles)

    def officer_acts(
        self,
        person: SignedIn,
        *,
        who: UUID | None,
        before: int | None,
        since: datetime | None,
        until: datetime | None,
    ) -> Acts:
        """Of one of them, or of all."""
        allowed = {each.id for each in self.watched_officers(person)}
        chosen = allowed if who is None else allowed & {who}
        read = self.registry.store.read
        search = Search(read, Reader(read))
        return officer_acts.acts(search, chosen, before=before, since=since, until=until)
