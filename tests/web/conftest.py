"""A made-up office behind the pages: every state a page can be in, without a data base.

The guards, headers and pages are the real ones; only the rooms below are replaced.
"""

# ruff: noqa: D102, ARG002 - a stand-in has the signatures of what it stands for

from __future__ import annotations

import hashlib
import html
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.access.decide import Verdict
from gateway.access.refusals import ServiceUnknown
from gateway.access.service import PathRule, Service
from gateway.refusals import Refused
from gateway.web import WebSettings, catalogues, create_web
from gateway.web.desk import (
    AuthenticatorOffer,
    Factor,
    Invitation,
    OpenSession,
    RecentSignIn,
    ServiceCard,
    SignedIn,
    Step,
    Visit,
)
from policies import baseline
from policies.decision import Outcome
from policies.decision import Request as Question
from policies.engine import Engine, build
from policies.memberships import Memberships
from policies.permissions import Permission

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"
PASSWORD = "三更灯火五更鸡，正是男儿读书时"
CODE = "123456"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
THEN = datetime(2026, 11, 22, 6, 5, 33, tzinfo=UTC)
PEOPLE: Mapping[str, tuple[UUID, str, str, frozenset[str]]] = {
    "liwen": (UUID(int=1), "李雯", "财务处", frozenset({"staff"})),
    "wangqiang": (UUID(int=2), "王强", "信息中心", frozenset({"system_admin"})),
    "zhaomin": (UUID(int=3), "赵敏", "保密办公室", frozenset({"security_admin"})),
    "chenjing": (UUID(int=4), "陈静", "审计处", frozenset({"auditor"})),
    "zhouhang": (UUID(int=5), "周航", "总值班室", frozenset({"responder"})),
    "xinren": (UUID(int=6), "新仁", "办公室", frozenset({"staff"})),
}
TRIES = 5


class MadeUpRefusal(Refused):
    """What the identity room would raise."""

    def __init__(self, code: str, retry_after: timedelta | None = None) -> None:
        super().__init__(code)
        self.refused_as = code
        self.retry_after = retry_after

    code = property(lambda self: self.refused_as)  # type: ignore[assignment]


@dataclass(frozen=True)
class MadeUpPerson:
    """The identity room's `Current`, as far as pages read it."""

    subject: str
    login: str
    name: str
    unit: str
    roles: frozenset[str]
    session_ref: str
    clearance: int = 2
    strength: int = 2
    amr: tuple[str, ...] = ("pwd", "otp")
    epoch: int = 1


def made_up_person(login: str, token: str) -> MadeUpPerson:
    uid, name, _, roles = PEOPLE[login]
    return MadeUpPerson(f"person:{uid}", login, name, "unit:x", roles, _ref(token))


@dataclass
class LiveSession:
    login: str
    created: datetime
    last_seen: datetime
    visit: Visit
    service: str | None = None
    parent: str | None = None


def service(slug: str, name_zh: str, name_en: str, **more: object) -> Service:
    given: dict[str, object] = {
        "zone": "intranet",
        "host": f"{slug}.intranet.localhost",
        "in_charge": "unit:caiwu",
        "operator": "unit:xinxi",
        "upstream": "http://127.0.0.1:9",
        "evaluated_at": THEN - timedelta(days=60),
        "evaluated_by": "海州市信息安全测评中心",
        "approved_by": "person:x",
        "approved_at": THEN - timedelta(days=50),
        "valid_until": THEN + timedelta(days=315),
        **more,
    }
    return Service(slug=slug, name_zh=name_zh, name_en=name_en, **given)  # type: ignore[arg-type]


SERVICES = (
    service(
        "ledger",
        "预算执行台账",
        "Budget ledger",
        about_zh="各处室预算指标、支付进度与结转情况的登记和查询。",
        about_en="Budget quotas, payments and carry-overs of every division.",
        classification=2,
        path_rules=(PathRule(pattern="/export/**", classification=3),),
    ),
    service(
        "archive",
        "公文档案检索",
        "Archive search",
        about_zh="1978 年以来的收发文目录与全文。",
        about_en="Registered papers since 1978.",
        classification=1,
    ),
    service("duty", "值班安排", "Duty roster", classification=0),
    service(
        "seal",
        "用印审批",
        "Seal approval",
        classification=3,
        about_zh="单位印章的使用申请与登记。",
        about_en="Requests to use the office's seals.",
        valid_until=THEN - timedelta(days=3),
    ),
    service("secret", "重大事项会商", "Joint consultation", classification=4),
)


@dataclass
class MadeUpDesk:
    """In-memory fulfilment of `Desk`, with the real policy engine over the baseline rules."""

    csrf_key: bytes = b"k" * 32
    live: dict[str, LiveSession] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    tickets: dict[str, tuple[str, str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=lambda: {"T" * 43: "new"})
    failures: int = 0
    healthy: bool = True
    idle: timedelta = timedelta(minutes=30)
    SERVICES_CLOSED_TO_ALL: ClassVar[set[str]] = {"secret"}

    def __post_init__(self) -> None:
        roles = [
            (f"person:{i}", f"role:{r}", "intranet") for i, _, _, rs in PEOPLE.values() for r in rs
        ]
        self.engine: Engine = build(baseline.load(), Memberships(roles=tuple(roles), units=()))

    def open_session(self, login: str, visit: Visit, **more: str) -> str:
        token = secrets.token_urlsafe(32)
        self.live[token] = LiveSession(login, visit.now, visit.now, visit, **more)
        return token

    def session(self, token: str, *, service: str | None, now: datetime) -> SignedIn | None:
        live = self.live.get(token)
        if live is None or live.service != service or now > live.last_seen + self.idle:
            return None
        live.last_seen = now
        current = made_up_person(live.login, token)
        return SignedIn(
            current=current,
            unit=PEOPLE[live.login][2],
            created=live.created,
            ends_unless_used=now + self.idle,
            token=token,
            service=service,
        )

    def may(self, person: SignedIn, permission: Permission, *, now: datetime) -> bool:
        question = Question(
            subject=person.current.subject,
            zone="intranet",
            object=permission.object,
            action="use",
            strength=person.current.strength,
            now=int(now.timestamp()),
        )
        return self.engine.decide(question).outcome == "allow"

    def check_password(self, *, login: str, password: str, visit: Visit) -> Step:
        if self.failures >= TRIES:
            raise MadeUpRefusal("throttled", timedelta(seconds=95))
        if login not in PEOPLE or password != PASSWORD:
            self.failures += 1
            raise MadeUpRefusal("sign_in_refused")
        token = secrets.token_urlsafe(32)
        self.steps[token] = login
        return Step(token=token, expires=visit.now + timedelta(minutes=5))

    def check_code(self, *, step_token: str, code: str, previous: str | None, visit: Visit) -> str:
        if code != CODE or step_token not in self.steps:
            raise MadeUpRefusal("sign_in_refused")
        self.live = {t: s for t, s in self.live.items() if previous not in {t, s.parent}}
        return self.open_session(self.steps.pop(step_token), visit)

    def sign_out(self, person: SignedIn, *, visit: Visit) -> None:
        live = self.live.get(person.token)
        top = (live.parent if live else None) or person.token
        self.live = {t: s for t, s in self.live.items() if top not in {t, s.parent}}

    def invitation(self, token: str, *, now: datetime) -> Invitation:
        if token not in self.links:
            raise MadeUpRefusal("enrolment_link_dead")
        expires = now + timedelta(hours=20)
        return Invitation(name="孙立新", login="sunlixin", unit="办公室", expires=expires)

    def set_password(self, token: str, *, password: str, visit: Visit) -> AuthenticatorOffer:
        self.invitation(token, now=visit.now)
        if len(password) < 12:
            raise MadeUpRefusal("password_too_short")
        self.links[token] = "offered"
        uri = (
            f"otpauth://totp/%E6%B5%B7%E5%B7%9E:sunlixin?secret={SECRET}&issuer=%E6%B5%B7%E5%B7%9E"
        )
        return AuthenticatorOffer(secret_text=SECRET, uri=uri)

    def confirm_authenticator(self, token: str, *, code: str, visit: Visit) -> None:
        self.invitation(token, now=visit.now)
        if self.links[token] != "offered":
            raise MadeUpRefusal("enrolment_not_begun")
        if code != CODE:
            raise MadeUpRefusal("code_refused")
        del self.links[token]

    def factors(self, person: SignedIn) -> Sequence[Factor]:
        return [Factor(kind=k, since=THEN - timedelta(days=90)) for k in ("password", "totp")]

    def sessions(self, person: SignedIn, *, now: datetime) -> Sequence[OpenSession]:
        return [
            OpenSession(
                ref=_ref(t),
                address=s.visit.address,
                user_agent=s.visit.user_agent,
                created=s.created,
                last_seen=s.last_seen,
                is_this_one=t == person.token,
            )
            for t, s in self.live.items()
            if s.login == person.current.login and s.service is None
        ]

    def recent_sign_ins(self, person: SignedIn) -> Sequence[RecentSignIn]:
        tries = ((0, CHROME, True), (27, FIREFOX, True), (28, PHONE, False), (51, CHROME, True))
        return [
            RecentSignIn(
                at=person.created - timedelta(hours=h),
                address="10.12.8.44",
                user_agent=a,
                succeeded=ok,
            )
            for h, a, ok in tries
        ]

    def end_session(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        for each in self.sessions(person, now=visit.now):
            if each.ref == ref:
                self.live = {t: s for t, s in self.live.items() if _ref(t) != ref}
                return
        raise MadeUpRefusal("session_unknown")

    def end_other_sessions(self, person: SignedIn, *, visit: Visit) -> int:
        before = len(self.live)
        own = {
            t for t, s in self.live.items() if s.login == person.current.login and t != person.token
        }
        self.live = {t: s for t, s in self.live.items() if t not in own}
        return before - len(self.live)

    def service_at(self, host: str) -> str | None:
        return next((s.slug for s in SERVICES if s.host == host), None)

    def services_of(self, person: SignedIn, *, now: datetime) -> Sequence[ServiceCard]:
        known = SERVICES if person.current.login != "xinren" else ()
        return [self.card(each, now=now) for each in known if each.slug != "secret"]

    def card(self, service: Service, *, now: datetime) -> ServiceCard:
        return ServiceCard(
            service=service,
            origin=f"http://{service.host}:{self.port}",
            in_charge="财务处",
            operator="信息中心",
            user_units=("财务处", "各区县财政局", "审计处"),
            evaluated_by=service.evaluated_by or "",
            approved_by="赵敏",
            closed=service.closed(THEN),
        )

    port: int = 8100

    def service(self, person: SignedIn, slug: str, *, now: datetime) -> ServiceCard:
        found = next((s for s in SERVICES if s.slug == slug), None)
        if found is None:
            raise ServiceUnknown(slug)
        return self.card(found, now=now)

    def decide(self, person: SignedIn, service: Service, path: str, *, visit: Visit) -> Verdict:
        denied = service.slug in self.SERVICES_CLOSED_TO_ALL
        reason = "clearance" if denied else service.closed(THEN) or "allowed"
        return Verdict(
            outcome=Outcome.ALLOW if reason == "allowed" else Outcome.DENY,
            reason=reason,
            decision_id="7f3a90c15b2e4d687f3a90c15b2e4d68",
            rules=("r12", "r31"),
            version="9c1be02f44a7d310",
            service=service,
        )

    def issue_ticket(self, person: SignedIn, slug: str, *, visit: Visit) -> str:
        ticket = secrets.token_urlsafe(32)
        self.tickets[ticket] = (person.token, slug)
        return ticket

    def redeem_ticket(self, ticket: str, slug: str, *, visit: Visit) -> str:
        parent, meant = self.tickets.pop(ticket, ("", ""))
        if parent not in self.live or meant != slug:
            raise MadeUpRefusal("entry_refused")
        return self.open_session(self.live[parent].login, visit, service=slug, parent=parent)

    def jwks(self, *, now: datetime) -> Mapping[str, object]:
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "AA"}]}

    def is_healthy(self) -> bool:
        return self.healthy


def _ref(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


SETTINGS = WebSettings(
    zone="intranet",
    public_url="http://intranet.localhost:8100",
    office="海州市财政局",
    highest_label=3,
)


@pytest.fixture(scope="session", autouse=True)
def compiled_catalogues() -> None:
    """The `.mo` files are made, not kept."""
    catalogues.compile_all()


@pytest.fixture
def desk() -> MadeUpDesk:
    return MadeUpDesk()


@pytest.fixture
def settings() -> WebSettings:
    return SETTINGS


@pytest.fixture
def app(desk: MadeUpDesk, settings: WebSettings) -> Flask:
    return create_web(desk, settings)


class Browser:
    """A test client that behaves as our pages in a browser do: it fills forms, token and all."""

    def __init__(self, app: Flask, host: str = "intranet.localhost:8100") -> None:
        self.client: FlaskClient = app.test_client()
        self.base = f"http://{host}"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        sent = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", **(headers or {})}
        return self.client.get(path, base_url=self.base, headers=sent)

    def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        page: str,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Send the form that stands on `page`."""
        token = TOKEN.search(self.get(page).text)
        assert token is not None, f"no form on {page}"
        sent = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", **(headers or {})}
        data = {"csrf_token": html.unescape(token[1]), **form}
        return self.client.post(path, base_url=self.base, headers=sent, data=data)

    def sign_in(self, login: str = "liwen") -> TestResponse:
        self.post("/sign-in", {"login": login, "password": PASSWORD}, page="/sign-in")
        return self.post("/sign-in/code", {"code": CODE}, page="/sign-in/code")


TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    assert browser.sign_in().status_code == 303
    return browser
