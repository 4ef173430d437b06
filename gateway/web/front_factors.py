"""The desk's factors, from the identity room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from gateway.identity import (
    authenticator,
    factor_views,
    factors,
    passkey_making,
    passkey_sign_in,
    passkeys,
    pending_step,
    phishing,
    recovery,
    second_step,
)
from gateway.identity.factor_views import FactorView, Reminder
from gateway.identity.factors import Change
from gateway.identity.opening import Browser
from gateway.identity.passkeys import Site
from gateway.identity.pending_step import StepOver
from gateway.identity.phishing import Owed
from gateway.identity.registry import Registry
from gateway.identity.totp import TotpOffer
from gateway.web.desk import WebSettings
from gateway.web.desk_values import Opened, SignedIn, Visit
from gateway.web.front_people import actor_of


@dataclass(frozen=True, kw_only=True)
class FactorsFront:
    """Fulfils `FactorsDesk`."""

    registry: Registry
    settings: WebSettings

    def factors(self, person: SignedIn) -> Sequence[FactorView]:
        """All kinds."""
        return factor_views.factors(self.registry, person.current.person_id)

    def reminders(self, person: SignedIn, *, now: datetime) -> Sequence[Reminder]:
        """Those of today."""
        return factor_views.reminders(self.registry, person.current.person_id, now=now)

    def passkey_owed(self, person: SignedIn) -> Owed | None:
        """Look."""
        return phishing.owed(self.registry, person.current)

    def passkey_creation(self, person: SignedIn, *, visit: Visit) -> str:
        """Bound to the session."""
        return passkey_making.creation_options(
            self.registry, site_of(self.settings), person.current, now=visit.now
        )

    def add_passkey(self, person: SignedIn, *, name: str, answer: str, visit: Visit) -> None:
        """Add."""
        factors.add_passkey(
            self.registry,
            site_of(self.settings),
            person.current,
            name=name,
            answer=answer,
            change=_change(person, visit),
        )

    def rename_passkey(self, person: SignedIn, key: UUID, name: str, *, visit: Visit) -> None:
        """Rename."""
        own, actor = person.current.person_id, actor_of(person, visit)
        factors.rename_passkey(self.registry, own, key, name, actor=actor, now=visit.now)

    def remove_passkey(self, person: SignedIn, key: UUID, *, visit: Visit) -> None:
        """Remove."""
        own = person.current.person_id
        factors.remove_passkey(self.registry, own, key, change=_change(person, visit))

    def offer_authenticator(self, person: SignedIn, *, visit: Visit) -> TotpOffer:
        """Offer."""
        actor = actor_of(person, visit)
        return authenticator.offer(self.registry, person.current, actor=actor, now=visit.now)

    def replace_authenticator(self, person: SignedIn, code: str, *, visit: Visit) -> None:
        """Confirm."""
        change = _change(person, visit)
        authenticator.confirm(self.registry, person.current, code, change=change)

    def remove_authenticator(self, person: SignedIn, *, visit: Visit) -> None:
        """Remove."""
        own = person.current.person_id
        factors.remove_totp(self.registry, own, change=_change(person, visit))

    def make_recovery(self, person: SignedIn, *, visit: Visit) -> Sequence[str]:
        """Make; as a changed factor it ends the other sessions."""
        own, actor = person.current.person_id, actor_of(person, visit)
        return recovery.make(self.registry, own, actor=actor, now=visit.now, keep=person.token)

    def save_recovery(self, person: SignedIn, code: str, *, visit: Visit) -> None:
        """Save."""
        own, actor = person.current.person_id, actor_of(person, visit)
        recovery.save(self.registry, own, code, actor=actor, now=visit.now)

    def second_ways(self, step_token: str, *, now: datetime) -> frozenset[str]:
        """Look."""
        return pending_step.ways(self.registry, step_token, now=now)

    def second_passkey(self, step_token: str, *, now: datetime) -> str:
        """Bound to the step."""
        whose = pending_step.owner(self.registry, step_token, now=now)
        if whose is None:
            raise StepOver
        ceremony = pending_step.ceremony_of(step_token)
        return passkeys.request_options(
            self.registry, site_of(self.settings), ceremony, now=now, person_id=whose
        )

    def only_passkey(self, browser_token: str, *, now: datetime) -> str:
        """Bound to the browser."""
        return passkey_sign_in.options(
            self.registry, site_of(self.settings), browser_token, now=now
        )

    def check_recovery(
        self, *, step_token: str, code: str, previous: str | None, visit: Visit
    ) -> Opened:
        """Spend a code."""
        opened = second_step.check_recovery(
            self.registry,
            pending_token=step_token,
            code=code,
            browser=_browser(visit, previous),
            now=visit.now,
        )
        return Opened(opened.token, opened.device)

    def check_passkey(
        self, *, step_token: str, answer: str, previous: str | None, visit: Visit
    ) -> Opened:
        """Check the answer."""
        opened = second_step.check_passkey(
            self.registry,
            site_of(self.settings),
            pending_token=step_token,
            answer=answer,
            browser=_browser(visit, previous),
            now=visit.now,
        )
        return Opened(opened.token, opened.device)

    def check_passkey_only(
        self, *, browser_token: str, answer: str, previous: str | None, visit: Visit
    ) -> Opened:
        """Check the answer."""
        opened = passkey_sign_in.check(
            self.registry,
            site_of(self.settings),
            browser_token=browser_token,
            answer=answer,
            browser=_browser(visit, previous),
            now=visit.now,
        )
        return Opened(opened.token, opened.device)


def site_of(settings: WebSettings) -> Site:
    """The relying party: passkeys are bound to the gateway's host name."""
    host = urlsplit(settings.public_url).hostname or ""
    return Site(id=host, origin=settings.public_url, name=settings.office)


def _change(person: SignedIn, visit: Visit) -> Change:
    return Change(actor=actor_of(person, visit), now=visit.now, keep=person.token)


def _browser(visit: Visit, previous: str | None) -> Browser:
    return Browser(
        address=visit.address,
        user_agent=visit.user_agent,
        previous=previous,
        device=visit.device,
    )
