"""What a change of somebody's rights would open and close, by the rules in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.access.canonical import Canonical, policy_object
from gateway.access.catalogue import Catalogue
from gateway.access.policy_point import PolicyPoint
from gateway.access.service import Service
from policies.decision import Outcome, Request
from policies.engine import CompiledEngine, Memberships, build
from policies.permissions import Permission
from policies.vocabulary import NO_CATEGORY, USE

_USUAL = 2
"""Strength of a sign-in by password and code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Somebody as the rules see them: `person:<uuid>`, a unit's slug, roles without prefix."""

    subject: str
    unit: str
    roles: frozenset[str]
    clearance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Pages of the gateway and services that open or close."""

    pages_gained: Sequence[Permission]
    pages_lost: Sequence[Permission]
    services_gained: Sequence[Service]
    services_lost: Sequence[Service]


def effect(
    point: PolicyPoint,
    catalogue: Catalogue,
    *,
    before: Standing,
    after: Standing,
    zone: str,
    now: datetime,
) -> Effect:
    """Compare what two standings of one person open, by the rules the gateway decides by.

    Raises PolicyUnavailable.
    """
    engine = point.now()
    assert isinstance(engine, CompiledEngine)
    return between(engine, catalogue, before=before, after=after, zone=zone, now=now)


def between(
    engine: CompiledEngine,
    catalogue: Catalogue,
    *,
    before: Standing,
    after: Standing,
    zone: str,
    now: datetime,
) -> Effect:
    """Compare what two standings of one person open, with the usual sign-in and in the office.

    A service counts if its first page opens.
    """
    was = _opened(engine, catalogue, before, zone, now)
    will = _opened(engine, catalogue, after, zone, now)
    return Effect(
        pages_gained=[each for each in will[0] if each not in was[0]],
        pages_lost=[each for each in was[0] if each not in will[0]],
        services_gained=[each for each in will[1] if each not in was[1]],
        services_lost=[each for each in was[1] if each not in will[1]],
    )


def _opened(
    engine: CompiledEngine, catalogue: Catalogue, who: Standing, zone: str, now: datetime
) -> tuple[Sequence[Permission], Sequence[Service]]:
    asked = build(engine.rules, _alone(engine.memberships, who, zone))

    def opens(request: Request) -> bool:
        return asked.decide(request).outcome is Outcome.ALLOW

    pages = [page for page in Permission if opens(_request(who, zone, now, page.object, USE))]
    services = [
        service
        for service, request in _homes(catalogue, who, zone, now)
        if service.zone == zone and opens(request)
    ]
    return pages, services


def _alone(members: Memberships, who: Standing, zone: str) -> Memberships:
    """This one person among the units; what anybody else holds decides nothing about them."""
    return Memberships(
        roles=tuple((who.subject, f"role:{role}", zone) for role in sorted(who.roles)),
        units=(
            (who.subject, f"unit:{who.unit}"),
            *(link for link in members.units if link[0].startswith("unit:")),
        ),
    )


def _homes(
    catalogue: Catalogue, who: Standing, zone: str, now: datetime
) -> Iterator[tuple[Service, Request]]:
    for service in catalogue.all():
        home = Canonical(
            method="GET", scheme="https", host=service.host, port=443, path="/", segments=()
        )
        label = service.label("GET", "/")
        yield (
            service,
            _request(
                who,
                zone,
                now,
                policy_object(service.slug, home),
                "GET",
                classification=label.classification,
                category=label.category,
            ),
        )


def _request(
    who: Standing,
    zone: str,
    now: datetime,
    wanted: str,
    action: str,
    *,
    classification: int = 0,
    category: str = NO_CATEGORY,
) -> Request:
    return Request(
        subject=who.subject,
        zone=zone,
        object=wanted,
        action=action,
        strength=_USUAL,
        now=int(now.timestamp()),
        clearance=who.clearance,
        classification=classification,
        category=category,
    )
