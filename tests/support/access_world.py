"""A small office with real rows: people, rules, services, sessions, and what decides on them."""
# ruff: noqa: ANN401 - each test changes any field

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from office_networks import OFFICE

from audit.ledger import Ledger
from audit.record import Actor
from gateway.access.assertion import SEED_PURPOSE, Signer
from gateway.access.canonical import Canonical, RawRequest, canonicalise
from gateway.access.catalogue import Catalogue, Evaluation, Service, Surroundings
from gateway.access.channel import Channel
from gateway.access.decide import Access
from gateway.access.forward_auth import ForwardAuth
from gateway.access.policy_point import PolicyPoint
from gateway.custody.room import voucher_of
from gateway.identity import epoch, tokens
from gateway.identity.current import Current, find_live
from gateway.identity.people import STAFF_COLUMN
from gateway.identity.registry import Limits
from gateway.identity.tables import Person, PersonRole, Session, State, Unit
from gateway.store.engines import Store, open_store
from gateway.vault import KeyFile, Vault, create_keyring, install
from policies import versions
from policies.rules import RuleSet

ZONE = "intranet"
GATEWAY_HOST = "gate.example.cn"
GATEWAY = f"https://{GATEWAY_HOST}"
KEY = b"a-proxy-key-of-more-than-32-bytes-for-tests"
AUTHOR = Actor(subject=f"person:{UUID(int=1)}")
APPROVER = Actor(subject=f"person:{UUID(int=2)}")
_WHY = "made up for a test"

RULES = """\
p, role:staff, intranet, svc:ledger/**, GET|POST, *, *, 2, *, allow
p, role:staff, intranet, svc:ledger/admin/**, *, *, *, *, *, deny
p, role:staff, intranet, svc:ledger/strong/**, GET, *, *, 3, *, allow
p, role:staff, intranet, svc:ledger/strong/**, GET, *, *, 2, *, deny
"""


def service(slug: str = "ledger", **values: Any) -> Service:
    """Return a valid entry."""
    usual: dict[str, Any] = {
        "slug": slug,
        "zone": ZONE,
        "host": f"{slug}.{GATEWAY_HOST}",
        "name_zh": "财政台账",
        "name_en": "Finance ledger",
        "in_charge": "unit:finance",
        "operator": "unit:it",
        "upstream": "http://127.0.0.1:9",
        "headers": MappingProxyType({"Remote-User": "login", "X-Ledger-Name": "name"}),
    }
    return Service(**(usual | values))


def canonical(
    path: str = "/", method: str = "GET", host: str = f"ledger.{GATEWAY_HOST}"
) -> Canonical:
    """Return a canonical request."""
    target, _, query = path.encode().partition(b"?")
    raw = RawRequest(method=method, scheme="https", host=host, target=target, query=query)
    return canonicalise(raw)


@dataclass
class World:
    """An office. `clock` is what its gateway takes for the time."""

    store: Store
    ledger: Ledger
    vault: Vault
    clock: datetime
    catalogue: Catalogue
    policy: PolicyPoint
    access: Access
    signer: Signer
    limits: Limits
    gateway: str = GATEWAY
    people: dict[str, UUID] = field(default_factory=dict)

    def now(self) -> datetime:
        """Return the office's time."""
        return self.clock

    def find(self, token: str, *, service: str | None, now: datetime) -> Current | None:
        """Find a live session, as the gateway does."""
        with self.store.read.connect() as connection:
            return find_live(
                connection, token, service=service, limits=self.limits, vault=self.vault, now=now
            )

    def forward_auth(self, channel: Channel | None = None) -> ForwardAuth:
        """Return the decision endpoint."""
        return ForwardAuth(
            channel=channel or Channel(key=KEY),
            catalogue=self.catalogue,
            access=self.access,
            find_session=self.find,
            signer=self.signer,
            zone=ZONE,
            gateway_origin=self.gateway,
            clock=self.now,
        )

    def publish(self, rules: str) -> None:
        """Put rules in force."""
        with self.ledger.begin() as tx:
            versions.publish(tx, RuleSet.parse(rules), actor=APPROVER, now=self.clock, note="test")
            epoch.bump(tx)

    def open(self, entry: Service) -> Service:
        """Add and approve a service."""
        added = self.catalogue.add(entry, actor=AUTHOR, now=self.clock)
        return self.approve(added)

    def approve(self, entry: Service) -> Service:
        """Approve a service for a year."""
        evaluation = Evaluation(
            at=self.clock - timedelta(days=1),
            by="测评中心",
            valid_until=self.clock + timedelta(days=365),
        )
        return self.catalogue.approve(
            entry.slug, evaluation, actor=APPROVER, now=self.clock, version=entry.row_version
        )

    def person(
        self,
        login: str,
        *,
        roles: tuple[str, ...] = ("staff",),
        clearance: int = 2,
        name: str = "",
        staff_number: str | None = None,
    ) -> UUID:
        """Make a person of the finance unit."""
        identity = self.people[login] = uuid4()
        with self.ledger.begin(unaudited_because=_WHY) as tx:
            if tx.session.get(Unit, "finance") is None:
                tx.session.add(Unit(slug="finance", name_zh="财政处", name_en="Finance"))
                tx.session.flush()
            row = Person(
                id=identity,
                login_index=self.vault.blind("person.login", login),
                unit="finance",
                state=State.ACTIVE,
                clearance=clearance,
                created_at=self.clock,
            )
            row.login, row.name, row.staff_number = login, name or f"张{login}", staff_number
            if staff_number is not None:
                row.staff_index = self.vault.blind(STAFF_COLUMN, staff_number)
            tx.session.add(row)
            tx.session.flush()
            for role in roles:
                tx.session.add(PersonRole(person_id=identity, role=role, zone=ZONE))
            epoch.bump(tx)
        return identity

    def sign_in(self, login: str, slug: str | None = "ledger", *, strength: int = 2) -> str:
        """Open a session, and for a slug its child on the service's host; return the token."""
        parent = self._session(login, None, None, strength)
        return parent if slug is None else self._session(login, slug, parent, strength)

    def current(self, login: str, slug: str = "ledger", *, strength: int = 2) -> Current:
        """Return the live session of a new sign-in."""
        token = self.sign_in(login, slug, strength=strength)
        found = self.find(token, service=slug, now=self.clock)
        assert found is not None
        return found

    def change(self, login: str, *, state: str | None = None, drop_role: str | None = None) -> None:
        """Disable a person or take a role away, as an officer would."""
        with self.ledger.begin(unaudited_because=_WHY) as tx:
            if state is not None:
                tx.session.get_one(Person, self.people[login]).state = state
            if drop_role is not None:
                key = (self.people[login], drop_role, ZONE)
                tx.session.delete(tx.session.get_one(PersonRole, key))
            epoch.bump(tx)

    def _session(self, login: str, slug: str | None, parent: str | None, strength: int) -> str:
        token = tokens.new()
        with self.ledger.begin(unaudited_because=_WHY) as tx:
            tx.session.add(
                Session(
                    row_version=1,
                    token_hash=tokens.digest_of_new(token),
                    person_id=self.people[login],
                    parent_hash=None if parent is None else tokens.digest_of_new(parent),
                    service=slug,
                    created=self.clock,
                    last_seen=self.clock,
                    amr="pwd otp",
                    strength=strength,
                )
            )
        return token


def build_world(url: str, directory: Path, now: datetime, *, gateway: str = GATEWAY) -> World:
    """Return an office with a database at `url`, its keys in `directory`, rules, one clerk."""
    root = KeyFile(directory / "root")
    root.create()
    (directory / "keys").mkdir(mode=0o700)
    vault = create_keyring(directory / "keys", zone=ZONE, root=root)
    store = open_store(url, info={"vault": vault})
    ledger = Ledger(
        store.write,
        zone=ZONE,
        seal=lambda _eid, _field, value: value,
        info={"vault": vault},
        voucher=voucher_of(vault),
    )
    install(ledger.sessions)
    around = Surroundings(
        zone=ZONE, gateway_host=GATEWAY_HOST, own=frozenset({("127.0.0.1", 8100)})
    )
    catalogue = Catalogue(store=store, ledger=ledger, around=around)
    policy = PolicyPoint(store)
    world = World(
        store=store,
        ledger=ledger,
        vault=vault,
        clock=now,
        catalogue=catalogue,
        policy=policy,
        access=Access(
            networks=OFFICE, ledger=ledger, policy=policy, catalogue=catalogue, zone=ZONE
        ),
        signer=Signer(vault.derive(SEED_PURPOSE), issuer=gateway, zone=ZONE),
        gateway=gateway,
        limits=Limits(
            staff_idle=timedelta(hours=1),
            staff_life=timedelta(hours=12),
            officer_idle=timedelta(minutes=15),
            officer_life=timedelta(hours=8),
            enrolment_life=timedelta(hours=1),
            totp_back_steps=1,
            password_min=12,
            step_life=timedelta(minutes=5),
        ),
    )
    world.publish(RULES)
    world.person("zhang")
    return world
