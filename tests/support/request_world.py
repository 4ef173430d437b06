"""An office with a service and its owners, for requests for access and what grants decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from identity_world import ADMIN, World, build_world

from audit.record import Actor
from gateway.access.catalogue import Catalogue, Evaluation, Service, Surroundings
from gateway.access.policy_point import PolicyPoint
from gateway.access.requests import Asked, Requests, Terms, Wish
from gateway.identity import epoch, people, units
from policies import baseline, versions
from policies.decision import Decision, Request

REASON = "季度审计需要核对三月份的支付记录"
FORTNIGHT = timedelta(days=14)


def actor(person_id: UUID) -> Actor:
    """A person, acting."""
    return Actor(subject=f"person:{person_id}")


@dataclass
class Bureau:
    """The office: `asker` has no way into the ledger, `owner` decides, `chief` sits above."""

    world: World
    catalogue: Catalogue
    requests: Requests
    policy: PolicyPoint
    asker: UUID
    owner: UUID
    chief: UUID
    stranger: UUID

    @property
    def now(self) -> datetime:
        """The office's clock."""
        return self.world.clock

    def person(self, login: str, unit: str, *roles: str) -> UUID:
        """Somebody active, who never needs to sign in here."""
        registry = self.world.registry
        found, link = people.create(
            registry,
            login=login,
            name="某人",
            unit=unit,
            roles=roles,
            clearance=2,
            actor=ADMIN,
            now=self.now,
        )
        self.world.finish(found, link, "zebra quartz violin 42", login=login)
        return found

    def ask(
        self, who: UUID | None = None, *, span: timedelta = FORTNIGHT, writes: bool = False
    ) -> Asked:
        """Ask for the ledger."""
        person = who or self.asker
        wish = Wish(writes=writes, reason=REASON, until=self.now + span)
        return self.requests.ask(person, "ledger", wish, actor=actor(person), now=self.now)

    def approve(self, request: UUID, by: UUID | None = None, *, days: float = 14) -> None:
        """Say yes."""
        decider = by or self.owner
        until = self.now + timedelta(days=days)
        self.requests.approve(request, until=until, by=decider, actor=actor(decider), now=self.now)

    def decide(self, who: UUID, *, action: str = "GET", now: datetime | None = None) -> Decision:
        """Ask the engine of this moment about the ledger."""
        moment = now or self.now
        request = Request(
            subject=f"person:{who}",
            zone="intranet",
            object="svc:ledger/",
            action=action,
            strength=2,
            now=int(moment.timestamp()),
            classification=1,
            clearance=2,
        )
        return self.policy.now().decide(request)

    def may(self, who: UUID, *, action: str = "GET", now: datetime | None = None) -> bool:
        """Whether it says yes."""
        return self.decide(who, action=action, now=now).is_allowed


def build_bureau(database_url: str, directory: Path, now: datetime) -> Bureau:
    """Build the office on an empty database."""
    world = build_world(database_url, directory, now)
    registry = world.registry
    for slug, parent in (("bureau", None), ("treasury", "bureau"), ("archives", "bureau")):
        units.create(
            registry, slug=slug, parent=parent, name_zh=slug, name_en=slug, actor=ADMIN, now=now
        )
    with registry.ledger.begin() as tx:
        versions.publish(tx, baseline.load(), actor=ADMIN, now=now, note="test")
        epoch.bump(tx)
    around = Surroundings(zone="intranet", gateway_host="gate.example.cn")
    catalogue = Catalogue(store=registry.store, ledger=registry.ledger, around=around)
    nobody = UUID(int=0)
    bureau = Bureau(
        world=world,
        catalogue=catalogue,
        requests=Requests(registry=registry, catalogue=catalogue, terms=Terms()),
        policy=PolicyPoint(registry.store),
        asker=nobody,
        owner=nobody,
        chief=nobody,
        stranger=nobody,
    )
    add_service(bureau)
    bureau.asker = bureau.person("zhang.wei", "archives", "staff")
    bureau.owner = bureau.person("he.qing", "treasury", "staff", "service_owner")
    bureau.chief = bureau.person("ma.li", "bureau", "staff", "service_owner")
    bureau.stranger = bureau.person("sun.bo", "archives", "staff", "service_owner")
    return bureau


def add_service(bureau: Bureau) -> None:
    """Open the ledger."""
    made = bureau.catalogue.add(
        Service(
            slug="ledger",
            zone="intranet",
            host="ledger.gate.example.cn",
            name_zh="台账",
            name_en="Ledger",
            in_charge="unit:treasury",
            operator="unit:treasury",
            upstream="http://127.0.0.1:9",
        ),
        actor=ADMIN,
        now=bureau.now,
    )
    evaluation = Evaluation(
        at=bureau.now - timedelta(days=1),
        by="某测评中心",
        valid_until=bureau.now + timedelta(days=365),
    )
    approver = Actor(subject="operator:another")
    bureau.catalogue.approve(
        "ledger", evaluation, actor=approver, now=bureau.now, version=made.row_version
    )
