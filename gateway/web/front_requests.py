"""The desk's requests for access, from the access room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from gateway.access import request_views
from gateway.access.request_refusals import EndRefused, RequestUnknown
from gateway.access.request_views import RequestView
from gateway.access.requests import SECURITY_ADMIN, Requests, Terms, Wish
from gateway.web.desk_requests import AskedFor
from gateway.web.desk_values import ServiceCard, SignedIn, Visit
from gateway.web.front_people import actor_of
from gateway.web.front_services import ServiceDesk
from gateway.web.i18n import either


@dataclass(frozen=True, kw_only=True)
class RequestsFront(ServiceDesk):
    """Fulfils `gateway.web.desk_requests.RequestsDesk`."""

    @property
    def _requests(self) -> Requests:
        terms = self.settings.requests
        return Requests(registry=self.registry, catalogue=self.catalogue, terms=terms)

    def request_terms(self) -> Terms:
        """How long a grant may last."""
        return self.settings.requests

    def service_to_ask_for(self, slug: str, *, now: datetime) -> ServiceCard:
        """A service, described."""
        return self.card(self.any_service(slug), now=now)

    def my_requests(self, person: SignedIn) -> Sequence[AskedFor]:
        """One's own."""
        return self._named(request_views.mine(self.registry, person.current.person_id))

    def ask_for(
        self, person: SignedIn, slug: str, *, writes: bool, reason: str, until: date, visit: Visit
    ) -> int:
        """Ask."""
        wish = Wish(writes=writes, reason=reason, until=self._end_of(until))
        own, actor = person.current.person_id, actor_of(person, visit)
        return self._requests.ask(own, slug, wish, actor=actor, now=visit.now).owners

    def withdraw_request(self, person: SignedIn, request_id: UUID, *, visit: Visit) -> None:
        """Take it back."""
        own, actor = person.current.person_id, actor_of(person, visit)
        self._requests.withdraw(request_id, by=own, actor=actor, now=visit.now)

    def requests_to_decide(self, person: SignedIn) -> Sequence[AskedFor]:
        """The open ones."""
        return self._named(request_views.waiting_for(self.registry, person.current.person_id))

    def request_to_decide(self, person: SignedIn, request_id: UUID) -> AskedFor:
        """One of them. Raises RequestUnknown."""
        for each in self.requests_to_decide(person):
            if each.request.id == request_id:
                return each
        raise RequestUnknown(request_id)

    def approve_request(
        self, person: SignedIn, request_id: UUID, *, until: date, visit: Visit
    ) -> None:
        """Grant it; the day asked for means the very end asked for."""
        by, actor = person.current.person_id, actor_of(person, visit)
        asked = request_views.one(self.registry, request_id).asked_until
        end = self._end_of(until)
        if end.date() == asked.date() and until == self._day_of(asked):
            end = asked
        self._requests.approve(request_id, until=end, by=by, actor=actor, now=visit.now)

    def refuse_request(
        self, person: SignedIn, request_id: UUID, *, reason: str, visit: Visit
    ) -> None:
        """Say no."""
        by, actor = person.current.person_id, actor_of(person, visit)
        self._requests.refuse(request_id, reason=reason, by=by, actor=actor, now=visit.now)

    def grants(self, person: SignedIn, *, now: datetime) -> Sequence[AskedFor]:
        """Those one answers for."""
        sees_all = SECURITY_ADMIN in person.current.roles
        whose = None if sees_all else person.current.person_id
        return self._named(request_views.granted(self.registry, whose, now=now))

    def ownerless_requests(self, person: SignedIn) -> Sequence[AskedFor]:
        """Those that nobody may decide on."""
        if SECURITY_ADMIN not in person.current.roles:
            return ()
        return self._named(request_views.ownerless(self.registry))

    def revoke_grant(
        self, person: SignedIn, request_id: UUID, *, reason: str, visit: Visit
    ) -> None:
        """End it."""
        by, actor = person.current.person_id, actor_of(person, visit)
        self._requests.revoke(request_id, reason=reason, by=by, actor=actor, now=visit.now)

    def _named(self, found: Iterable[RequestView]) -> Sequence[AskedFor]:
        return [self._one(each) for each in found]

    def _one(self, request: RequestView) -> AskedFor:
        service = self.catalogue.by_slug(request.service)
        return AskedFor(
            request=request,
            service=either(service.name_zh, service.name_en) if service else request.service,
            unit=self.units.name(request.unit),
            in_charge=self.units.name(service.in_charge) if service else "",
        )

    def _end_of(self, day: date) -> datetime:
        """The last second of a day in the zone's time zone. Raises EndRefused."""
        zone = ZoneInfo(self.settings.timezone)
        try:
            return datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(seconds=1)
        except OverflowError:  # the calendar's last day
            raise EndRefused from None

    def _day_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.settings.timezone)).date()
