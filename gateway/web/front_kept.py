"""The desk's kept forms, from the access room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.access import kept
from gateway.access.kept import Offer
from gateway.access.kept_content import Posted
from gateway.access.kept_rows import Claimant
from gateway.access.tables_kept import KeptForm
from gateway.identity import past
from gateway.identity.past import Owner
from gateway.identity.registry import Registry
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of


@dataclass(frozen=True, kw_only=True)
class KeptFront:
    """Fulfils `KeptDesk`."""

    registry: Registry

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
        """Only a form that was made for one of the person's own sessions."""
        owner = self._owner(person, token, visit.now)
        if owner is None:
            return None
        own = past.sessions_of(self.registry, owner.person_id, now=visit.now)
        if not any(is_of(each.hex) for each in own):
            return None
        return kept.keep(
            self.registry,
            posted,
            owner=owner,
            service=None,
            browser=browser,
            address=visit.address,
            now=visit.now,
        )

    def kept_forms(self, person: SignedIn, *, now: datetime) -> Sequence[KeptForm]:
        """Their places and times."""
        return kept.waiting(self.registry, now=now, person_id=person.current.person_id)

    def kept_form(
        self,
        person: SignedIn,
        form_id: UUID,
        *,
        service: str | None,
        browser: str | None,
        visit: Visit,
    ) -> Offer:
        """Show it."""
        who = _claimant(person, service, browser, visit)
        return kept.look(self.registry, form_id, who, now=visit.now)

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
        who = _claimant(person, service, browser, visit)
        kept.discard(self.registry, form_id, who, now=visit.now)

    def target_of_form(self, person: SignedIn, form_id: UUID, *, service: str, visit: Visit) -> str:
        """Its address."""
        who = _claimant(person, service, None, visit)
        return kept.target_of(self.registry, form_id, who, now=visit.now)

    def was_replaced(self, token: str, *, now: datetime) -> bool:
        """Look among the tokens that were."""
        return past.was_replaced(self.registry, token, now=now)

    def _owner(self, person: SignedIn | None, token: str | None, now: datetime) -> Owner | None:
        if person is not None:
            current = person.current
            return Owner(
                person_id=current.person_id, unit=current.unit, session_ref=current.session_ref
            )
        if token is None:
            return None
        return past.owner_of(self.registry, token, service=None, now=now)


def _claimant(person: SignedIn, service: str | None, browser: str | None, visit: Visit) -> Claimant:
    return Claimant(
        person_id=person.current.person_id,
        service=service,
        browser=browser,
        actor=actor_of(person, visit),
    )
