"""Answers a reverse proxy's question whether a request may pass. Plain WSGI, no Flask.

Exactly one answer means yes: 200 with `X-Hangu-Decision: allow`, and with it the canonical
target, the client's cookies without the gateway's own, the signed assertion, and every
identity header the service asked for. nginx gets 200, 401 and 403 alone: it turns every other
status into 500. The others hand our answer to the client as it stands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from gateway.access import reply
from gateway.access.asked import Asked, Contract, contract_of, read, refuse_aliases
from gateway.access.assertion import Signer
from gateway.access.catalogue import Catalogue
from gateway.access.channel import Channel, optional
from gateway.access.decide import Access, Verdict
from gateway.access.entrance import (
    SAFE,
    FindSession,
    entrance,
    is_background,
    is_navigation,
    is_own_path,
    service_cookie,
    session_token,
)
from gateway.access.headers import header_value, own_cookies_removed
from gateway.access.identity_headers import Person, identity_headers
from gateway.access.refusals import (
    LogBusy,
    OwnPath,
    PolicyUnavailable,
    ProxyUnproven,
    ServiceUnknown,
    StoreUnavailable,
)
from gateway.access.reply import Reply, StartResponse, challenge, refusal, send
from gateway.access.service import Service
from gateway.refusals import Refused
from gateway.store.brake import WritesHeld
from policies.decision import Outcome

log = logging.getLogger("hangu.access")

SIGN_IN_REQUIRED = "sign_in_required"

PageHeaders: TypeAlias = tuple[tuple[str, str], ...]

_UNAVAILABLE = (LogBusy, PolicyUnavailable, StoreUnavailable, WritesHeld)


class DeniedPage(Protocol):
    """Makes the page a person sees instead of a problem document."""

    def __call__(self, verdict: Verdict, asked: Asked) -> tuple[str, PageHeaders]:
        """Return a whole HTML page and the headers it needs; an empty one if there is none."""


@dataclass(frozen=True, kw_only=True)
class ForwardAuth:
    """The WSGI application under `/-/decide/`.

    Attributes:
        gateway_origin: public scheme, host and port of the gateway; all redirects go there.
        clock: gives the moment, aware UTC.
        denied_page: for proxies that hand our answer to the client; nginx fetches its own.
    """

    channel: Channel
    catalogue: Catalogue
    access: Access
    find_session: FindSession
    signer: Signer
    zone: str
    gateway_origin: str
    clock: Callable[[], datetime]
    denied_page: DeniedPage | None = None
    peek_session: FindSession | None = None
    """Finds a session without keeping it awake, for what scripts ask by themselves."""

    def __call__(
        self, environ: Mapping[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one question; `environ` is as `gateway.serve` makes it."""
        raw: bytes = environ["hangu.raw_path"]
        contract = contract_of(raw.partition(b"?")[0].decode("latin-1"))
        if contract is None:
            missing = Reply(status=HTTPStatus.NOT_FOUND, decision=reply.REFUSE, reason="not_found")
            return send(missing, start_response)
        return send(self._reply(contract, environ), start_response)

    def _reply(self, contract: Contract, environ: Mapping[str, Any]) -> Reply:
        """Answer, or turn a refusal into the proxy's terms. Whatever fails, fails closed."""
        try:
            self.channel.demand(environ)
            return self._answer(contract, read(contract, environ))
        except ProxyUnproven as error:
            log.warning("a decision was asked for by %r, no proxy of ours", environ["hangu.peer"])
            return Reply(
                status=HTTPStatus.UNAUTHORIZED,
                decision=reply.REFUSE,
                reason=error.code,
                headers=(challenge(self.zone),),
            )
        except _UNAVAILABLE as error:
            return refusal(contract, HTTPStatus.SERVICE_UNAVAILABLE, error.code)
        except SQLAlchemyError:
            log.exception("no decision: the database does not answer")
            return refusal(contract, HTTPStatus.SERVICE_UNAVAILABLE, StoreUnavailable.code)
        except Refused as error:
            return refusal(contract, HTTPStatus.BAD_REQUEST, error.code)

    def _answer(self, contract: Contract, asked: Asked) -> Reply:
        canonical, now = asked.canonical, self.clock()
        service = self.catalogue.by_host(canonical.host)
        if service is None:
            raise ServiceUnknown(canonical.host)
        if is_own_path(canonical.path):
            raise OwnPath(canonical.path)
        refuse_aliases(asked.headers, service.headers)
        person = self._person(asked, service, now)
        if person is None:
            return self._sign_in(contract, asked, service, None)
        verdict = self.access.check(person, service, canonical, now, address=asked.address)
        if verdict.outcome is Outcome.STEP_UP:
            return self._sign_in(contract, asked, service, verdict)
        if not verdict.allowed:
            return self._deny(contract, asked, verdict)
        return self._allow(contract, asked, person, verdict, now)

    def _person(self, asked: Asked, service: Service, now: datetime) -> Person | None:
        token = session_token(asked.headers, service_cookie(self.zone))
        if token is None:
            return None
        peek = self.peek_session if is_background(asked) else None
        return (peek or self.find_session)(token, service=service.slug, now=now)

    def _allow(
        self, contract: Contract, asked: Asked, person: Person, verdict: Verdict, now: datetime
    ) -> Reply:
        assertion = self.signer.sign(verdict, person, asked.canonical, now=now)
        identity = identity_headers(verdict.service, person, assertion=assertion)
        cookies = own_cookies_removed(optional(asked.headers, b"cookie"))
        headers = [(reply.PATH, asked.canonical.target), (reply.COOKIE, cookies)]
        if contract is not Contract.NGINX:  # these replace the request's header by its own name
            headers.append(("Cookie", cookies))
        headers += [(name, header_value(value)) for name, value in identity.items()]
        return Reply(
            status=HTTPStatus.OK,
            decision=reply.ALLOW,
            reason=verdict.reason,
            decision_id=verdict.decision_id,
            headers=tuple(headers),
        )

    def _deny(self, contract: Contract, asked: Asked, verdict: Verdict) -> Reply:
        page: str = ""
        headers: PageHeaders = ()
        hands_on = contract is not Contract.NGINX
        if self.denied_page is not None and hands_on and is_navigation(asked):
            page, headers = self.denied_page(verdict, asked)
        return Reply(
            status=HTTPStatus.FORBIDDEN,
            decision=reply.DENY,
            reason=verdict.reason,
            decision_id=verdict.decision_id,
            policy=verdict.version,
            rules=verdict.rules,
            headers=headers,
            page=page,
        )

    def _sign_in(
        self, contract: Contract, asked: Asked, service: Service, verdict: Verdict | None
    ) -> Reply:
        """Send people to the gateway; tell scripts and sockets with a document."""
        reason = SIGN_IN_REQUIRED if verdict is None else verdict.reason
        location = ""
        if is_navigation(asked):
            why = "" if verdict is None else reason
            location = entrance(self.gateway_origin, service, asked.canonical, why)
        status = HTTPStatus.UNAUTHORIZED
        if location and contract is not Contract.NGINX:
            safe = asked.canonical.method in SAFE
            status = HTTPStatus.FOUND if safe else HTTPStatus.SEE_OTHER
        return Reply(
            status=status,
            decision=reply.SIGN_IN if verdict is None else reply.STEP_UP,
            reason=reason,
            decision_id="" if verdict is None else verdict.decision_id,
            location=location,
            headers=(challenge(self.zone, verdict),),
        )
