"""The desk's services: what a person may use, whether it opens, and the pass to its host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.access.canonical import RawRequest, canonicalise
from gateway.access.catalogue import Catalogue
from gateway.access.decide import Access, Verdict
from gateway.access.policy_point import PolicyPoint
from gateway.access.refusals import ServiceUnknown
from gateway.access.service import Service
from gateway.identity import people, tickets
from gateway.identity.registry import Registry
from gateway.web.desk import WebSettings
from gateway.web.desk_values import ServiceCard, SignedIn, Visit
from gateway.web.front_people import actor_of
from gateway.web.front_units import UnitNames
from policies.decision import Outcome, Request
from policies.permissions import Permission
from policies.vocabulary import USE

_PERSON = "person:"


@dataclass(frozen=True, kw_only=True)
class ServiceDesk:
    """The half of `Desk` that is about services, and about who may see which page."""

    registry: Registry
    units: UnitNames
    catalogue: Catalogue
    policy: PolicyPoint
    access: Access
    settings: WebSettings

    def may(self, person: SignedIn, permission: Permission, *, now: datetime) -> bool:
        """Ask the engine; a stronger sign-in that is missing counts as no."""
        current = person.current
        request = Request(
            subject=current.subject,
            zone=self.registry.zone,
            object=permission.object,
            action=USE,
            strength=current.strength,
            now=int(now.timestamp()),
            clearance=current.clearance,
            network=self.access.network_of(person.address),
        )
        engine = self.policy.engine(at=current.epoch)
        decision = self.policy.decide(engine, request)
        return decision.outcome is Outcome.ALLOW

    def page_denied(self, person: SignedIn, permission: Permission, *, visit: Visit) -> None:
        """Record it; the caller refuses the page."""
        self.registry.ledger.append(
            "page.denied",
            actor=actor_of(person, visit),
            now=visit.now,
            object=permission.object,
            outcome="denied",
            reason="not_permitted",
        )

    def service_at(self, host: str) -> str | None:
        """The slug behind a host name."""
        found = self.catalogue.by_host(host)
        return None if found is None else found.slug

    def services_of(self, person: SignedIn, *, now: datetime) -> Sequence[ServiceCard]:
        """The ones whose first page this person may see, shut ones too."""
        visible = self._visible(person, now)
        return [self.card(each, now=now) for each in visible]

    def service(self, person: SignedIn, slug: str, *, now: datetime) -> ServiceCard:
        """One of these; who administers the catalogue sees every one. Raises ServiceUnknown."""
        found = self.any_service(slug)
        if not self.may(person, Permission.CATALOGUE_VIEW, now=now):
            visible = self._visible(person, now)
            if all(each.slug != slug for each in visible):
                raise ServiceUnknown(slug)
        return self.card(found, now=now)

    def _visible(self, person: SignedIn, now: datetime) -> Sequence[Service]:
        network = self.access.network_of(person.address)
        return self.access.visible(person.current, now, network=network, shut_too=True)

    def any_service(self, slug: str) -> Service:
        """Any service of the catalogue. Raises ServiceUnknown."""
        found = self.catalogue.by_slug(slug)
        if found is None:
            raise ServiceUnknown(slug)
        return found

    def card(self, service: Service, *, now: datetime) -> ServiceCard:
        """With the names that people read."""
        port = self.settings.host.partition(":")[2]
        authority = f"{service.host}:{port}" if port else service.host
        return ServiceCard(
            service=service,
            origin=f"{self.settings.scheme}://{authority}",
            in_charge=self.units.name(service.in_charge),
            operator=self.units.name(service.operator),
            user_units=tuple(self.units.name(unit) for unit in service.user_units),
            evaluated_by=self._person(service.evaluated_by),
            approved_by=self._person(service.approved_by),
            closed=service.closed(now),
        )

    def decide(
        self, person: SignedIn, service: Service, path: str, *, visit: Visit, method: str = "GET"
    ) -> Verdict:
        """Decide on a visit to `path`, which is canonical already."""
        target, _, query = path.partition("?")
        canonical = canonicalise(
            RawRequest(
                method=method,
                scheme=self.settings.scheme,
                host=service.host,
                target=target.encode(),
                query=query.encode(),
            )
        )
        return self.access.check(
            person.current, service, canonical, visit.now, address=visit.address
        )

    def issue_ticket(self, person: SignedIn, slug: str, *, visit: Visit) -> str:
        """A pass of one use and 60 seconds."""
        return tickets.issue(self.registry, person.token, slug, now=visit.now)

    def redeem_ticket(self, ticket: str, slug: str, *, visit: Visit) -> str:
        """Raises TicketRefused for any pass that is not fresh and for this service."""
        return tickets.redeem(self.registry, ticket, slug, now=visit.now, address=visit.address)

    def _person(self, who: str | None) -> str:
        """The name behind `person:<uuid>`; what is written out in words stays as it is."""
        if who is None or not who.startswith(_PERSON):
            return who or ""
        found = people.by_id(self.registry, UUID(who.removeprefix(_PERSON)))
        return who if found is None else found.name
