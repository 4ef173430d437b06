"""The desk behind the pages: everything a page may ask for, and the values it gets back.

Pages know nothing of tables, engines or keys. The composition root hands `create_web` one
object that fulfils `Desk`; `gateway.web.front_desk` is the one made of the real rooms.
All times are aware UTC; `now` is always given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol
from urllib.parse import urlsplit

from gateway.access.decide import Verdict
from gateway.access.requests import Terms
from gateway.access.service import Service
from gateway.identity.written import Written
from gateway.web.desk_accounts import AccountsDesk
from gateway.web.desk_audit import AuditDesk
from gateway.web.desk_break_glass import BreakGlassDesk
from gateway.web.desk_campaigns import CampaignsDesk
from gateway.web.desk_changes import ChangesDesk
from gateway.web.desk_custody import CustodyDesk
from gateway.web.desk_engine import EngineDesk
from gateway.web.desk_factors import FactorsDesk
from gateway.web.desk_fresh import FreshDesk
from gateway.web.desk_guards import GuardsDesk
from gateway.web.desk_kept import KeptDesk
from gateway.web.desk_notices import NoticesDesk
from gateway.web.desk_officers import OfficersDesk
from gateway.web.desk_proofs import ProofsDesk
from gateway.web.desk_requests import RequestsDesk
from gateway.web.desk_review import ReviewDesk
from gateway.web.desk_values import Condition, Opened, ServiceCard, SignedIn, Visit
from policies.permissions import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What the pages need to know of their zone."""

    zone: str
    """`intranet` or `extranet`."""
    public_url: str
    """Scheme and host, no path: `https://gate.example.gov.cn`. Decides HSTS and Origin checks."""
    office: str
    """Whose gateway this is, shown on every page."""
    office_en: str = ""
    """Its name for readers of English; empty: the same."""
    highest_label: int
    """0 to 4: the highest classification that may be handled in this zone."""
    demonstration: bool = False
    """Made-up people; every page says so."""
    language: str = "zh_Hans_CN"
    """Of a first visit: `zh_Hans_CN` or `en`."""
    timezone: str = "Asia/Shanghai"
    """IANA name; times are stored in UTC and shown in this zone."""
    form_max_bytes: int = 1 << 20
    kept_form_bytes: int = 1 << 18
    """Largest form that is kept while its sender signs in again."""
    requests: Terms = field(default_factory=Terms)
    """How long a temporary grant may last."""
    password_min: int = 12
    """Shortest password, characters: for the hint, the rule itself is the identity room's."""
    keep: timedelta = timedelta(days=365)
    """How long entries of the log are kept before they may be pruned."""
    forwards: bool = False
    """Whether a receiver is set up for a copy of the log by syslog."""
    audit_policy: str = ""
    """The office's own trust policy, which names the witnesses of the log; empty: it has none."""
    windows: tuple[tuple[str, str, str], ...] = ()
    """Times that have a name: (Chinese, English, windows as rules write them)."""
    places: tuple[tuple[IPv4Network | IPv6Network, str], ...] = ()
    """Networks that have a name, the narrowest first."""

    @property
    def scheme(self) -> str:
        """`https`, or `http` on a developer's machine."""
        return urlsplit(self.public_url).scheme

    @property
    def host(self) -> str:
        """Host and, if not the scheme's own, port."""
        return urlsplit(self.public_url).netloc


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """One of the person's own sessions."""

    ref: str
    address: str
    user_agent: str
    created: datetime
    last_seen: datetime
    is_this_one: bool
    amr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentSignIn:
    """One past sign-in under the person's name, and when and why it ended (if it has)."""

    at: datetime
    address: str
    user_agent: str
    ended_at: datetime | None
    ended_why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What an enrolment link stands for."""

    name: str
    login: str
    unit: str
    expires: datetime
    factors_only: bool = False
    """The password stays; only the authenticator is made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorOffer:
    """A fresh authenticator secret: Base32 text and the otpauth URI. Shown once, never logged."""

    secret_text: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The password was right; the code is still owed. `token` goes into the step cookie."""

    token: str = field(repr=False)
    expires: datetime


class Desk(
    BreakGlassDesk,
    ChangesDesk,
    CampaignsDesk,
    ProofsDesk,
    AccountsDesk,
    OfficersDesk,
    AuditDesk,
    CustodyDesk,
    EngineDesk,
    FactorsDesk,
    RequestsDesk,
    GuardsDesk,
    NoticesDesk,
    FreshDesk,
    KeptDesk,
    ReviewDesk,
    Protocol,
):
    """Everything the pages call. Refusals are raised as leaves of `gateway.refusals.Refused`."""

    @property
    def csrf_key(self) -> bytes:
        """32 bytes or more, the same for every worker of the zone."""

    # who is here
    def session(
        self, token: str, *, service: str | None, now: datetime, address: str = ""
    ) -> SignedIn | None:
        """Whose live session a token is, for a service or (None) the gateway; keeps it awake."""

    def may(self, person: SignedIn, permission: Permission, *, now: datetime) -> bool:
        """Whether the rules in force grant the page."""

    def page_denied(self, person: SignedIn, permission: Permission, *, visit: Visit) -> None:
        """Put on record that the person asked for a page without the right to it."""

    # sign-in and sign-out
    def check_password(self, *, login: str, password: str, visit: Visit) -> Step:
        """First factor. Refuses: wrong, throttled, busy."""

    def check_code(
        self, *, step_token: str, code: str, previous: str | None, visit: Visit
    ) -> Opened:
        """Second factor; returns a new session token and ends `previous`."""

    def sign_out(self, person: SignedIn, *, visit: Visit) -> None:
        """End the whole sign-in this session belongs to."""

    # enrolment
    def invitation(self, token: str, *, now: datetime) -> Invitation:
        """Whom a link is for. Refuses a link that is used, expired or unknown."""

    def set_password(self, token: str, *, password: str, visit: Visit) -> AuthenticatorOffer:
        """Keep the first password as a candidate; returns the authenticator's secret."""

    def begin_factors(self, token: str, *, visit: Visit) -> AuthenticatorOffer:
        """As `set_password`, by a link that leaves the password as it is."""

    def confirm_authenticator(self, token: str, *, code: str, visit: Visit) -> Sequence[str]:
        """Open the account; returns its recovery codes. Refuses a wrong code, a skipped step."""

    def saved_at_enrolment(self, token: str, *, code: str, visit: Visit) -> None:
        """Take one of those codes as the sign that they are saved. Refuses a foreign one."""

    # my account
    def sessions(self, person: SignedIn, *, now: datetime) -> Sequence[OpenSession]:
        """The person's live sessions, this one first."""

    def recent_sign_ins(self, person: SignedIn) -> Sequence[RecentSignIn]:
        """Newest first."""

    def end_session(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """End one of the person's own sessions. Refuses a reference that is not theirs."""

    def end_other_sessions(self, person: SignedIn, *, visit: Visit) -> int:
        """End all but this one; how many there were."""

    def written_rules(self) -> Written:
        """The rules of sign-in and sessions that are in force."""

    # services
    def service_at(self, host: str) -> str | None:
        """The slug of the service at a host name (lower case, no port)."""

    def services_of(self, person: SignedIn, *, now: datetime) -> Sequence[ServiceCard]:
        """The services the person may use, those closed at present included, by slug."""

    def service(self, person: SignedIn, slug: str, *, now: datetime) -> ServiceCard:
        """A service the person may use or administer. Refuses any other as unknown."""

    def any_service(self, slug: str) -> Service:
        """A service, for asking whether it opens. Refuses a slug without one as unknown."""

    def card(self, service: Service, *, now: datetime) -> ServiceCard:
        """A service with the names of its units and people."""

    def decide(
        self, person: SignedIn, service: Service, path: str, *, visit: Visit, method: str = "GET"
    ) -> Verdict:
        """Decide on a request for `path` and record it."""

    def issue_ticket(self, person: SignedIn, slug: str, *, visit: Visit) -> str:
        """A one-time pass for one service, bound to this session."""

    def redeem_ticket(self, ticket: str, slug: str, *, visit: Visit) -> str:
        """Turn a pass into the token of a session confined to the service."""

    # machines
    def jwks(self, *, now: datetime) -> Mapping[str, object]:
        """The public keys of the assertions (RFC 7517)."""

    def condition(self, *, now: datetime) -> Condition:
        """How the zone is."""
