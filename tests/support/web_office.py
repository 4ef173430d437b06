"""A small real office behind the pages: units, people, rules, services, and a browser for it.

Nothing here is a stand-in: data base, vault, ledger, engine and rooms are those of production,
only the password hash is cheap. The data base is built once and copied for each test.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from office_networks import OFFICE
from sqlalchemy import update
from werkzeug.test import TestResponse

from audit.ledger import Ledger
from audit.record import Actor
from gateway.access.assertion import SEED_PURPOSE, Signer
from gateway.access.catalogue import Catalogue, Evaluation, Service, Surroundings
from gateway.access.decide import Access
from gateway.access.policy_point import PolicyPoint
from gateway.access.service import PathRule
from gateway.changes.room import Room
from gateway.custody.room import voucher_of
from gateway.identity import enrolment, epoch, people, proofs, sign_in, units
from gateway.identity.hashing import Hasher
from gateway.identity.registry import Limits, Registry
from gateway.identity.tables import Totp
from gateway.store.engines import Store, open_store
from gateway.vault import KeyFile, create_keyring, install, open_keyring
from gateway.web import FrontDesk, WebSettings, create_web, front_desk
from policies import baseline, versions
from policies.rules import RuleSet

ZONE = "intranet"
HOST = "intranet.localhost"
PASSWORD = "三更灯火五更鸡，正是男儿读书时"
SYSTEM = Actor(subject="system:test")
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"

UNITS = (
    ("caiwu", "财务处", "Finance division"),
    ("xinxi", "信息中心", "Information centre"),
    ("baomi", "保密办公室", "Secrecy office"),
    ("shenji", "审计处", "Audit division"),
    ("zhiban", "总值班室", "Duty office"),
)
PEOPLE: Mapping[str, tuple[str, str, str]] = {
    "liwen": ("李雯", "caiwu", "staff"),
    "wangqiang": ("王强", "xinxi", "system_admin"),
    "zhaomin": ("赵敏", "baomi", "security_admin"),
    "chenjing": ("陈静", "shenji", "auditor"),
    "zhouhang": ("周航", "zhiban", "responder"),
}
"""Login → name, unit, role. Every role of the baseline has one person."""

GRANTS = """
p, unit:caiwu, intranet, svc:ledger/**, GET|POST, *, *, 2, *, allow
p, unit:caiwu, intranet, svc:archive/**, GET, *, *, 2, *, allow
p, unit:caiwu, intranet, svc:duty/**, GET, *, *, 2, *, allow
p, unit:caiwu, intranet, svc:seal/**, GET|POST, *, *, 2, *, allow
p, unit:caiwu, intranet, svc:council/**, GET, *, *, 2, *, allow
"""

SERVICES: Mapping[str, dict[str, object]] = {
    "ledger": {
        "name_zh": "预算执行台账",
        "name_en": "Budget ledger",
        "about_zh": "各处室预算指标、支付进度与结转情况的登记和查询。",
        "about_en": "Budget quotas, payments and carry-overs of every division.",
        "classification": 2,
        "user_units": ("unit:caiwu", "unit:shenji"),
        "path_rules": (PathRule(pattern="/export/**", classification=3),),
    },
    "archive": {
        "name_zh": "公文档案检索",
        "name_en": "Archive search",
        "about_zh": "1978 年以来的收发文目录与全文。",
        "about_en": "Registered papers since 1978.",
    },
    "duty": {"name_zh": "值班安排", "name_en": "Duty roster", "classification": 0},
    "seal": {
        "name_zh": "用印审批",
        "name_en": "Seal approval",
        "about_zh": "单位印章的使用申请与登记。",
        "about_en": "Requests to use the office's seals.",
        "classification": 2,
    },
    "council": {"name_zh": "重大事项会商", "name_en": "Joint consultation", "classification": 4},
    "payroll": {"name_zh": "工资发放", "name_en": "Payroll", "classification": 2},
}
"""`seal` has run out, `council` is above the clearance of liwen, `payroll` is granted to nobody."""


@dataclass
class Office:
    """The office, open. `secrets` are the authenticators' keys by login."""

    desk: FrontDesk
    registry: Registry
    store: Store
    port: int
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> WebSettings:
        """Those of its pages."""
        return self.desk.settings

    @property
    def room(self) -> Room:
        """What changes of its rules are made with."""
        networks = self.desk.access.networks
        return Room(registry=self.registry, catalogue=self.desk.catalogue, networks=networks)

    def app(self) -> Flask:
        """Its pages."""
        return create_web(self.desk, self.settings)

    def code(self, login: str, at: datetime | None = None) -> str:
        """What the person's authenticator shows."""
        return pyotp.TOTP(self.secrets[login]).at(at or datetime.now(UTC))

    def session(self, login: str, *, ago: timedelta, user_agent: str = CHROME) -> str:
        """Sign a person in some time ago; return the session's token. Each `ago` works once."""
        now = datetime.now(UTC) - ago
        step = sign_in.check_password(
            self.registry, login=login, password=PASSWORD, address="10.12.8.44", now=now
        )
        opened = sign_in.check_code(
            self.registry,
            pending_token=step.token,
            code=self.code(login, now),
            address="10.12.8.44",
            user_agent=user_agent,
            now=now,
        )
        return opened.token

    def next_code(self, login: str) -> str:
        """A code that was not used yet, as if half a minute had passed since the last."""
        found = people.by_login(self.registry, login)
        assert found is not None
        with self.registry.ledger.begin(unaudited_because="a test lets time pass") as tx:
            tx.session.execute(
                update(Totp).where(Totp.person_id == found.id).values(last_step=0),
                execution_options={"synchronize_session": False},
            )
        return self.code(login)

    def disable(self, login: str) -> None:
        """Shut a person out, as the system administrator would."""
        found = people.by_login(self.registry, login)
        assert found is not None
        people.disable(self.registry, found.id, actor=SYSTEM, now=datetime.now(UTC))

    def invite(self, login: str = "sunlixin", name: str = "孙立新") -> str:
        """Invite somebody; return the token of the link."""
        _, token = people.create(
            self.registry,
            login=login,
            name=name,
            unit="caiwu",
            roles=["staff"],
            clearance=2,
            actor=SYSTEM,
            now=datetime.now(UTC),
        )
        return token


def open_office(
    directory: Path, *, port: int = 8100, zone: str = ZONE, database: str = ""
) -> Office:
    """Open the office whose keys and (unless `database` is a URL) data base lie in `directory`."""
    root = KeyFile(directory / "root")
    vault = open_keyring(directory / "keys", zone=zone, root=root)
    info = {"vault": vault}
    store = open_store(database or f"sqlite:///{directory / 'office.db'}", info=info)
    ledger = Ledger(
        store.write,
        zone=zone,
        seal=lambda _e, _f, value: value,
        info=info,
        voucher=voucher_of(vault),
    )
    install(ledger.sessions)
    registry = Registry(
        store=store,
        ledger=ledger,
        vault=vault,
        limits=_limits(),
        hasher=Hasher(memory=8192, passes=1, at_once=4),
        zone=zone,
        issuer="海州市财政局",
    )
    around = Surroundings(zone=zone, gateway_host=f"{zone}.localhost")
    catalogue = Catalogue(store=store, ledger=ledger, around=around)
    policy = PolicyPoint(store)
    settings = WebSettings(
        zone=zone,
        public_url=f"http://{zone}.localhost:{port}",
        office="海州市财政局",
        highest_label=3 if zone == "intranet" else 1,
        demonstration=zone != "intranet",
    )
    desk = front_desk(
        registry=registry,
        catalogue=catalogue,
        policy=policy,
        access=Access(
            networks=OFFICE,
            ledger=ledger,
            policy=policy,
            catalogue=catalogue,
            zone=zone,
            proved=partial(proofs.proved_for_service, registry),
        ),
        signer=Signer(vault.derive(SEED_PURPOSE), issuer=settings.public_url, zone=zone),
        settings=settings,
        unseal=lambda _e, _f, value: value,
    )
    return Office(desk=desk, registry=registry, store=store, port=port)


def build_office(directory: Path, schema: Path, *, zone: str = ZONE) -> dict[str, str]:
    """Build the office in `directory` on a copy of an empty data base, as `furnish` does."""
    shutil.copy(schema, directory / "office.db")
    return furnish(directory, zone=zone)


def furnish(directory: Path, *, zone: str = ZONE, database: str = "") -> dict[str, str]:
    """Furnish an office whose data base is empty; return the authenticators' keys."""
    root = KeyFile(directory / "root")
    root.create()
    (directory / "keys").mkdir(mode=0o700)
    create_keyring(directory / "keys", zone=zone, root=root)
    office = open_office(directory, zone=zone, database=database)
    now = datetime.now(UTC) - timedelta(days=2)
    for slug, name_zh, name_en in UNITS:
        units.create(
            office.registry,
            slug=slug,
            parent=None,
            name_zh=name_zh,
            name_en=name_en,
            actor=SYSTEM,
            now=now,
        )
    for login in PEOPLE:
        office.secrets[login] = _enrol(office, login, now)
    rules = RuleSet.parse(baseline.load().text() + GRANTS.replace(ZONE, zone))
    with office.registry.ledger.begin() as tx:
        versions.publish(tx, rules, actor=SYSTEM, now=now, note="test")
        epoch.bump(tx)
    for slug, given in SERVICES.items():
        _open_service(office.desk.catalogue, slug, given, now, zone)
    office.store.close()
    return office.secrets


def _enrol(office: Office, login: str, now: datetime) -> str:
    name, unit, role = PEOPLE[login]
    _, token = people.create(
        office.registry,
        login=login,
        name=name,
        unit=unit,
        roles=[role],
        clearance=2,
        actor=SYSTEM,
        now=now,
    )
    offer = enrolment.begin(office.registry, token, PASSWORD, now=now)
    secret = pyotp.parse_uri(offer.uri).secret
    enrolment.finish(office.registry, token, pyotp.TOTP(secret).at(now), now=now)
    return secret


def _open_service(
    catalogue: Catalogue, slug: str, given: Mapping[str, object], now: datetime, zone: str
) -> None:
    made = Service(
        slug=slug,
        zone=zone,
        host=f"{slug}.{zone}.localhost",
        in_charge="unit:caiwu",
        operator="unit:xinxi",
        upstream="http://127.0.0.1:9",
        **given,  # type: ignore[arg-type]
    )
    author = Actor(subject="person:00000000-0000-4000-8000-000000000001")
    added = catalogue.add(made, actor=author, now=now)
    length = timedelta(days=1 if slug == "seal" else 365)
    evaluation = Evaluation(
        at=now - timedelta(days=10), by="海州市信息安全测评中心", valid_until=now + length
    )
    catalogue.approve(slug, evaluation, actor=SYSTEM, now=now, version=added.row_version)


def _limits() -> Limits:
    return Limits(
        staff_idle=timedelta(minutes=30),
        staff_life=timedelta(hours=12),
        officer_idle=timedelta(minutes=15),
        officer_life=timedelta(hours=8),
        enrolment_life=timedelta(days=1),
        totp_back_steps=1,
        password_min=12,
        step_life=timedelta(minutes=5),
    )


CONFIRM = 'name="confirm_code"'
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}


class Browser:
    """A test client that does what our pages in a browser do: it fills in forms, token and all."""

    def __init__(self, app: Flask, office: Office, host: str = HOST) -> None:
        self.client: FlaskClient = app.test_client()
        self.office = office
        self.base = f"http://{host}:{office.port}"
        self.login = "liwen"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        """Ask for a page as a navigation from our own."""
        return self.client.get(path, base_url=self.base, headers=PAGE | dict(headers or {}))

    def post(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        page: str,
        headers: Mapping[str, str] | None = None,
        confirm: bool = True,
    ) -> TestResponse:
        """Send a form that stands on `page`; `confirm`: with the code that a heavy act asks for."""
        data = {"csrf_token": self.token(page), **(form or {})}
        sent = PAGE | dict(headers or {})
        answer = self.client.post(path, base_url=self.base, headers=sent, data=data)
        if not confirm or answer.status_code != 401 or CONFIRM not in answer.text:
            return answer
        data["confirm_code"] = self.office.next_code(self.login)
        return self.client.post(path, base_url=self.base, headers=sent, data=data)

    def token(self, page: str) -> str:
        """The form token that stands on a page."""
        found = TOKEN.search(self.get(page).text)
        assert found is not None, f"no form on {page}"
        return html.unescape(found[1])

    def password(self, login: str, password: str = PASSWORD, **form: str) -> TestResponse:
        """The first step."""
        form = {"login": login, "password": password, **form}
        return self.post("/sign-in", form, page="/sign-in")

    def sign_in(self, login: str = "liwen", **form: str) -> TestResponse:
        """Both steps, through the pages. Once for each person and half minute."""
        self.login = login
        self.password(login, **form)
        code = {"code": self.office.code(login), **form}
        return self.post("/sign-in/code", code, page="/sign-in/code")

    def cookie(self, suffix: str = "") -> str | None:
        """The value of one of the zone's cookies on this host."""
        host = self.base.removeprefix("http://").partition(":")[0]
        found = self.client.get_cookie(f"__Host-hangu-{ZONE}{suffix}", domain=host)
        return None if found is None else found.value


def officer(app: Flask, office: Office, login: str, *, ago: int = 1) -> Browser:
    """A browser in which an officer is signed in."""
    browser = Browser(app, office)
    token = office.session(login, ago=timedelta(minutes=ago))
    browser.client.set_cookie("__Host-hangu-intranet", token, domain="intranet.localhost")
    browser.login = login
    return browser
