"""The office of the page tests behind its real door: pages, gate, proxy, and a real service."""

from __future__ import annotations

import html
import http.client
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from echo_upstream import echo_service
from nginx_front import free_port, served
from sqlalchemy import select, update
from web_office import GRANTS, Office, open_office

from audit.record import Actor
from audit.tables import audit_event
from gateway.access.catalogue import Evaluation
from gateway.access.channel import Channel
from gateway.access.forms import Forms
from gateway.access.forward_auth import ForwardAuth
from gateway.access.gate import Gate
from gateway.access.proxy import ReverseProxy
from gateway.access.service import PathRule, Service
from gateway.access.slots import Slots
from gateway.door import Door, denied_page, refuse
from gateway.identity import epoch, sessions, tickets
from gateway.identity.tables import Session
from policies import baseline, versions
from policies.rules import RuleSet

AUTHOR = Actor(subject="person:00000000-0000-4000-8000-000000000002")
SYSTEM = Actor(subject="system:test")
RULES = """
p, unit:caiwu, intranet, svc:forms/**, GET|POST, *, *, 2, *, allow
p, unit:caiwu, intranet, svc:down/**, GET|POST, *, *, 2, *, allow
p, unit:caiwu, intranet, svc:vault/**, GET|POST, *, *, 3, *, allow
"""


def now() -> datetime:
    """The clock of the office: the machine's own."""
    return datetime.now(UTC)


def door_of_office(office: Office, channel: Channel | None = None) -> Door:
    """The whole gateway of an office."""
    desk, registry = office.desk, office.registry
    pages = office.app()
    channel = channel or Channel()
    origin = office.settings.public_url
    find = partial(sessions.present, registry)
    forms = Forms(registry=registry, gateway_origin=origin)
    gate = Gate(
        access=desk.access,
        find_session=find,
        peek_session=partial(sessions.find, registry),
        forms=forms,
        signer=desk.signer,
        proxy=ReverseProxy(failure_page=partial(refuse, pages)),
        zone=registry.zone,
        gateway_origin=origin,
        clock=now,
        slots=Slots(12, each=6),
    )
    return Door(
        pages=pages,
        forward_auth=ForwardAuth(
            channel=channel,
            catalogue=desk.catalogue,
            access=desk.access,
            find_session=find,
            peek_session=partial(sessions.find, registry),
            signer=desk.signer,
            zone=registry.zone,
            gateway_origin=origin,
            clock=now,
            denied_page=partial(denied_page, pages),
        ),
        gate=gate,
        forms=forms,
        catalogue=desk.catalogue,
        channel=channel,
        ledger=registry.ledger,
        scheme="http",
        gateway_host=office.settings.host.partition(":")[0],
        clock=now,
    )


def open_forms(office: Office, upstream: int) -> None:
    """Put services behind the gate: one that answers, one that does not, one for passkeys."""
    for slug, port in (("forms", upstream), ("down", free_port()), ("vault", upstream)):
        service = Service(
            slug=slug,
            zone=office.registry.zone,
            host=f"{slug}.intranet.localhost",
            name_zh="表单服务",
            name_en="Forms",
            in_charge="unit:caiwu",
            operator="unit:xinxi",
            upstream=f"http://127.0.0.1:{port}",
            path_rules=(PathRule(pattern="/pay/**", fresh_minutes=5),),
        )
        added = office.desk.catalogue.add(service, actor=AUTHOR, now=now())
        evaluation = Evaluation(
            at=now() - timedelta(days=1), by="测评中心", valid_until=now() + timedelta(days=9)
        )
        office.desk.catalogue.approve(
            slug, evaluation, actor=SYSTEM, now=now(), version=added.row_version
        )
    rules = RuleSet.parse(baseline.load().text() + GRANTS + RULES)
    with office.registry.ledger.begin() as tx:
        versions.publish(tx, rules, actor=SYSTEM, now=now(), note="test")
        epoch.bump(tx)


@contextmanager
def whole_office(template: tuple[Path, dict[str, str]], folder: Path) -> Iterator[Office]:
    """A copy of the template office on a port, the built-in proxy carrying its services."""
    directory, port = folder / "office", free_port()
    shutil.copytree(template[0], directory)
    office = open_office(directory, port=port)
    office.secrets = dict(template[1])
    with echo_service() as upstream:
        open_forms(office, upstream)
        door = door_of_office(office)
        with served(door, f"127.0.0.1:{port}"):
            yield office
        door.gate.proxy.close()
    office.store.close()


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def location(self) -> str:
        """Where it leads."""
        return next((value for name, value in self.headers if name.lower() == "location"), "")

    @property
    def text(self) -> str:
        """The page, its entities read."""
        return html.unescape(self.body.decode())

    @property
    def shown(self) -> dict[str, Any]:
        """What the service saw."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Tabs:
    """A browser by hand: real requests, one jar of cookies for each host, no redirect followed."""

    office: Office
    jars: dict[str, dict[str, str]] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        address: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        page: bool = True,
    ) -> Answer:
        """Ask as a page of the very host would, or (not `page`) as a script of it."""
        parts = urlsplit(address)
        host = parts.hostname or "intranet.localhost"
        jar = self.jars.setdefault(host, {})
        mode = ("navigate", "document") if page else ("cors", "empty")
        sent = {
            "Host": f"{host}:{self.office.port}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": mode[0],
            "Sec-Fetch-Dest": mode[1],
            "Accept": "text/html" if page else "application/json",
        } | dict(headers or {})
        wire = http.client.HTTPConnection("127.0.0.1", self.office.port, timeout=20)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        wire.request(method, target, body=body or None, headers=sent)
        answer = wire.getresponse()
        seen = Answer(answer.status, answer.getheaders(), answer.read())
        wire.close()
        for name, line in seen.headers:
            if name.lower() == "set-cookie":
                cookie, _, value = line.partition(";")[0].partition("=")
                jar.pop(cookie, None) if not value else jar.update({cookie: value})
        return seen

    def go(self, address: str, *, at: str = "intranet.localhost") -> Answer:
        """Follow redirects as a browser does, to the first page that is one."""
        for _ in range(9):
            if address.startswith("/"):
                address = f"http://{at}:{self.office.port}{address}"
            at = urlsplit(address).hostname or at
            seen = self.ask("GET", address)
            if not seen.location:
                return seen
            address = seen.location
        raise AssertionError("round and round")

    def sign_in(self, login: str, *, ago: timedelta) -> str:
        """Open a session, and hold its cookie."""
        token = self.office.session(login, ago=ago)
        self.jars.setdefault("intranet.localhost", {})["__Host-hangu-intranet"] = token
        return token

    def enter(self, slug: str, token: str) -> None:
        """Open a service from a session, and hold its cookie."""
        registry = self.office.registry
        ticket = tickets.issue(registry, token, slug, now=now())
        child = tickets.redeem(registry, ticket, slug, now=now())
        self.jars.setdefault(f"{slug}.intranet.localhost", {})["__Host-hangu-intranet-svc"] = child


def let_expire(office: Office) -> None:
    """Let all sessions have been silent for too long."""
    with office.registry.ledger.begin(unaudited_because="a test lets time pass") as tx:
        tx.session.execute(update(Session).values(last_seen=now() - timedelta(hours=2)))


def events(office: Office) -> list[dict[str, Any]]:
    """What is on record, oldest first."""
    with office.store.reading() as session:
        bodies = session.execute(select(audit_event.c.body).order_by(audit_event.c.id)).scalars()
        return [json.loads(body) for body in bodies]
