"""The gate in front of a service for requests that come to the gateway itself.

It finds who asks, has the request decided and on record, and lets the built-in proxy carry it.
Where nginx, Traefik, Caddy or Envoy stand in front, `forward_auth` answers the same question
in their terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from gateway.access.asked import Asked
from gateway.access.assertion import Signer
from gateway.access.canonical import Canonical
from gateway.access.decide import Access, Verdict
from gateway.access.entrance import (
    SAFE,
    Elsewhere,
    FindSession,
    entrance,
    is_background,
    is_navigation,
    service_cookie,
    session_token,
)
from gateway.access.forms import Forms
from gateway.access.identity_headers import Person, identity_headers
from gateway.access.proxy import ReverseProxy, Upstream
from gateway.access.proxy_failures import TooManyStreams
from gateway.access.service import Service
from gateway.access.slots import Held, Slots
from gateway.refusals import Refused
from policies.decision import Outcome


class SessionMissing(Refused):
    """A script or a socket came without a live session; it gets words, never a redirect."""

    code: ClassVar[str] = "sign_in_required"


class ServiceDenied(Refused):
    """The decision was no. `verdict` is what the log already holds."""

    code: ClassVar[str] = "access_denied"

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.decision_id, verdict.reason)
        self.verdict = verdict


class StepUpNeeded(ServiceDenied):
    """The same to a script or a socket, for want of a stronger or fresher proof of identity.

    Source: RFC 9470, section 3.
    """

    code: ClassVar[str] = "step_up_needed"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One zone's gate.

    `gateway_origin` is where people sign in; `ca_file` (PEM) vouches for services behind
    https in place of the system's authorities.
    """

    access: Access
    find_session: FindSession
    signer: Signer
    proxy: ReverseProxy
    zone: str
    gateway_origin: str
    clock: Callable[[], datetime]
    slots: Slots
    ca_file: str | None = None
    forms: Forms
    peek_session: FindSession | None = None
    """Finds a session without keeping it awake, for what scripts ask by themselves."""

    def pass_through(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        *,
        service: Service,
        asked: Asked,
    ) -> Iterable[bytes]:
        """Answer one request to a service.

        Raises:
            Elsewhere: a person has to sign in, or more strongly, first.
            SessionMissing, StepUpNeeded: the same, to a script.
            ServiceDenied: the decision was no.
            FormNotKept: what was sent could not be kept for after the sign-in.
            Refused: PolicyUnavailable, StoreUnavailable, BadHeader and their like.
        """
        now = self.clock()
        token = session_token(asked.headers, service_cookie(self.zone))
        find = self._peek if is_background(asked) else self.find_session
        person = None if token is None else find(token, service=service.slug, now=now)
        if token is None or person is None:
            if not is_navigation(asked):
                raise SessionMissing(service.slug)
            raise self._elsewhere(environ, asked, service, token, now)
        verdict = self.access.check(person, service, asked.canonical, now, address=asked.address)
        if verdict.outcome is Outcome.STEP_UP:
            if not is_navigation(asked):
                raise StepUpNeeded(verdict)
            raise self._elsewhere(environ, asked, service, token, now, verdict.reason)
        if not verdict.allowed:
            raise ServiceDenied(verdict)
        give_back = self.slots.take(person.session_ref)
        if give_back is None:
            raise TooManyStreams(service.slug)
        identity = self._identity(service, person, verdict, asked.canonical, now)
        try:
            answer = self.proxy(
                environ,
                start_response,
                upstream=Upstream(
                    service.upstream, ca_file=self.ca_file, preserve_host=service.preserve_host
                ),
                canonical=asked.canonical,
                identity=identity,
                client_address=asked.address,
                still_allowed=lambda: self._still(token, service, asked.canonical, asked.address),
            )
        except BaseException:
            give_back()
            raise
        return Held(answer, give_back)

    @property
    def _peek(self) -> FindSession:
        return self.peek_session or self.find_session

    def _elsewhere(
        self,
        environ: WSGIEnvironment,
        asked: Asked,
        service: Service,
        token: str | None,
        now: datetime,
        why: str = "",
    ) -> Elsewhere:
        """To the sign-in or to a stronger one, and back to the page or to the form."""
        if asked.canonical.method in SAFE:
            return Elsewhere(entrance(self.gateway_origin, service, asked.canonical, why))
        return self.forms.keep(environ, asked, service, token, now, why)

    def _identity(
        self,
        service: Service,
        person: Person,
        verdict: Verdict,
        canonical: Canonical,
        now: datetime,
    ) -> dict[str, str]:
        assertion = self.signer.sign(verdict, person, canonical, now=now)
        return identity_headers(service, person, assertion=assertion)

    def _still(
        self, token: str, service: Service, canonical: Canonical, address: str | None
    ) -> bool:
        """Whether a running answer may go on: the session lives and the decision stands."""
        now = self.clock()
        person = self._peek(token, service=service.slug, now=now)
        return person is not None and self.access.stands(
            person, service, canonical, now, address=address
        )
