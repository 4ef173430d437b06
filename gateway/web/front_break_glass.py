"""The desk's sealed accounts, from the identity room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.access import shutting
from gateway.identity import break_glass, break_glass_acts, break_glass_views, people, sessions
from gateway.identity.break_glass import Entered, Proposal
from gateway.identity.break_glass_refusals import OpeningUnknown, UserRefused
from gateway.identity.break_glass_rules import End
from gateway.identity.break_glass_views import AccountView, Act, OpeningView
from gateway.identity.people import PersonView
from gateway.identity.registry import Registry
from gateway.identity.roles import PersonUnknown
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of


@dataclass(frozen=True, kw_only=True)
class BreakGlassFront:
    """Fulfils `gateway.web.desk_break_glass.BreakGlassDesk`."""

    registry: Registry

    def sealed_accounts(self, *, now: datetime) -> Sequence[AccountView]:
        """Every one."""
        return break_glass_views.accounts(self.registry, now=now)

    def openings(self, *, now: datetime) -> Sequence[OpeningView]:
        """The newest."""
        return break_glass_views.openings(self.registry, now=now)

    def opening(self, opening_id: UUID, *, now: datetime) -> tuple[OpeningView, Sequence[Act]]:
        """One, with its entries of the log."""
        found = break_glass_views.opening(self.registry, opening_id, now=now)
        return found, break_glass_views.acts(self.registry, opening_id)

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
        """Propose. Raises UserRefused for a login name nobody has."""
        user = people.by_login(self.registry, login)
        if user is None:
            raise UserRefused
        proposal = Proposal(account_id=account_id, user_id=user.id, minutes=minutes, reason=reason)
        by, actor = person.current.person_id, actor_of(person, visit)
        return break_glass.propose(self.registry, proposal, by=by, actor=actor, now=visit.now)

    def confirm_opening(self, person: SignedIn, opening_id: UUID, *, visit: Visit) -> str:
        """Confirm."""
        by, actor = person.current.person_id, actor_of(person, visit)
        return break_glass.confirm(self.registry, opening_id, by=by, actor=actor, now=visit.now)

    def refuse_opening(self, person: SignedIn, opening_id: UUID, *, visit: Visit) -> None:
        """Refuse."""
        by, actor = person.current.person_id, actor_of(person, visit)
        break_glass.refuse(self.registry, opening_id, by=by, actor=actor, now=visit.now)

    def close_opening(self, person: SignedIn, opening_id: UUID, *, visit: Visit) -> None:
        """End it."""
        actor = actor_of(person, visit)
        break_glass.close(self.registry, opening_id, actor=actor, now=visit.now)

    def review_opening(
        self, person: SignedIn, opening_id: UUID, finding: str, *, visit: Visit
    ) -> None:
        """Write the finding."""
        by, actor = person.current.person_id, actor_of(person, visit)
        break_glass.review(self.registry, opening_id, finding, by=by, actor=actor, now=visit.now)

    def enter_opening(self, person: SignedIn, code: str, *, visit: Visit) -> Entered:
        """Enter; the person's own session ends with it."""
        actor = actor_of(person, visit)
        entered = break_glass.enter(
            self.registry, code.strip(), by=person.current, actor=actor, now=visit.now
        )
        why = sessions.Why.REPLACED
        sessions.end(self.registry, person.token, actor=actor, now=visit.now, why=why)
        return entered

    def leave_opening(self, person: SignedIn, *, visit: Visit) -> None:
        """Close it from inside."""
        case = break_glass_acts.require_case(person.current)
        for each in self.openings(now=visit.now):
            if each.case == case:
                actor = actor_of(person, visit)
                break_glass.close(self.registry, each.id, actor=actor, now=visit.now, why=End.USER)
                return
        raise OpeningUnknown(case)

    def glass_disable(self, person: SignedIn, login: str, *, reason: str, visit: Visit) -> str:
        """Shut somebody out."""
        who, actor = self._known(login), actor_of(person, visit)
        break_glass_acts.disable(
            self.registry, who.id, reason=reason, by=person.current, actor=actor, now=visit.now
        )
        return who.name

    def glass_end_sessions(self, person: SignedIn, login: str, *, visit: Visit) -> str:
        """End somebody's sessions."""
        who, actor = self._known(login), actor_of(person, visit)
        break_glass_acts.end_sessions(
            self.registry, who.id, by=person.current, actor=actor, now=visit.now
        )
        return who.name

    def glass_invite(self, person: SignedIn, login: str, *, visit: Visit) -> tuple[str, str]:
        """Make a new link."""
        who, actor = self._known(login), actor_of(person, visit)
        token = break_glass_acts.invite(
            self.registry, who.id, by=person.current, actor=actor, now=visit.now
        )
        return who.name, token

    def glass_shut(self, person: SignedIn, slug: str, *, visit: Visit) -> None:
        """Close a service."""
        break_glass_acts.require_case(person.current)
        actor = actor_of(person, visit)
        shutting.shut(self.registry.ledger, slug, actor=actor, now=visit.now)

    def _known(self, login: str) -> PersonView:
        found = people.by_login(self.registry, login)
        if found is None:
            raise PersonUnknown(login)
        return found
