"""The one way in: every request is read once here, then shown to the room it is for.

gateway's host  /-/decide/…   → forward-auth, for the proxy in front
gateway's host  all else      → the pages
service's host  /.hangu/…     → the pages
service's host  all else      → the gate, and through it the service; or the page of what the
                                front server has refused already
any other host                → the pages' refusal

What cannot be read in one way only, or claims to come through a proxy that has not proved
itself, goes no further: the pages answer it with the reason, and the log has it first.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sqlalchemy.exc import SQLAlchemyError

from audit.ledger import Ledger
from audit.record import Actor
from gateway.access import front
from gateway.access.asked import PREFIX, Asked
from gateway.access.canonical import Canonical, RawRequest, canonicalise
from gateway.access.catalogue import Catalogue
from gateway.access.channel import Channel, optional
from gateway.access.decide import Verdict
from gateway.access.entrance import SAFE, Elsewhere, is_own_path
from gateway.access.forms import KEPT, Forms, Resumed
from gateway.access.gate import Gate, ServiceDenied, SessionMissing
from gateway.access.headers import connection_options
from gateway.access.kept_refusals import FormBroken, FormNotKept, FormOfAnother, FormOver
from gateway.access.masking import masked
from gateway.access.proxy import UpstreamFailure
from gateway.access.proxy_failures import UpstreamUnreachable
from gateway.access.refusals import StoreUnavailable
from gateway.identity import lane_keys
from gateway.identity.tally import Tally
from gateway.refusals import Refused
from gateway.web import REFUSAL

STRANGER = "system:stranger"
log = logging.getLogger("hangu.door")
_FORMS = (FormBroken, FormNotKept, FormOfAnother, FormOver)
_DECIDED = (ServiceDenied, SessionMissing, UpstreamFailure, *_FORMS)
"""Refusals that are on record already, or are no denial."""
_SAID_BY_REPLY = frozenset(
    {"cache-control", "content-length", "content-type", "x-content-type-options"}
)
"""Headers that the answer to a proxy has of its own."""
_Write: TypeAlias = Callable[[bytes], object]


@dataclass(frozen=True, kw_only=True)
class Door:
    """The WSGI callable of a zone.

    `scheme` and `gateway_host` are those of the public address: whether the last hop to us
    was encrypted is the proxy's matter.
    """

    pages: WSGIApplication
    forward_auth: Callable[..., Iterable[bytes]]
    gate: Gate
    forms: Forms
    catalogue: Catalogue
    channel: Channel
    ledger: Ledger
    scheme: str
    gateway_host: str
    clock: Callable[[], datetime]
    tally: Tally = field(default_factory=Tally)
    """Refusals that repeat: a flood of them is one entry a minute, with its number."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; `environ` is as `gateway.serve` makes it."""
        if environ["hangu.raw_path"].startswith(PREFIX.encode()):
            return self.forward_auth(environ, start_response)
        try:
            return self._pass(environ, start_response, self._read(environ))
        except Elsewhere as way:
            safe = environ["REQUEST_METHOD"] in SAFE
            return _redirect(way, start_response, see_other=not safe)
        except Refused as refusal:
            return refuse(self.pages, environ, start_response, self._recorded(refusal, environ))
        except SQLAlchemyError:
            log.exception("refused: the database does not answer")
            return refuse(self.pages, environ, start_response, StoreUnavailable())

    def _read(self, environ: WSGIEnvironment) -> Asked:
        """The request's one reading. Raises Ambiguous, ForwardedHeaderUntrusted and -Invalid."""
        headers = tuple(environ["hangu.headers"])
        address = self.channel.client_address(environ)
        environ["REMOTE_ADDR"] = address
        canonical = canonicalise(
            RawRequest(
                method=environ["REQUEST_METHOD"],
                scheme=self.scheme,
                host=environ.get("HTTP_HOST", ""),
                target=environ["hangu.raw_path"],
                query=environ["QUERY_STRING"].encode("ascii"),
                headers=headers,
            )
        )
        options = connection_options(headers)
        return Asked(canonical=canonical, address=address, headers=headers, connection=options)

    def _pass(
        self, environ: WSGIEnvironment, start_response: StartResponse, asked: Asked
    ) -> Iterable[bytes]:
        canonical = asked.canonical
        service = None
        if canonical.host != self.gateway_host and not is_own_path(canonical.path):
            service = self.catalogue.by_host(canonical.host)
        if service is not None or canonical.host == self.gateway_host:
            slug = None if service is None else service.slug
            asked = self.forms.resume(environ, asked, slug, self.clock())
        if service is None:
            return self.pages(environ | _for_pages(canonical, self.scheme), start_response)
        if refused := front.told(self.channel, environ, service):
            raise refused
        return self.gate.pass_through(environ, start_response, service=service, asked=asked)

    def _recorded(self, refusal: Refused, environ: WSGIEnvironment) -> Refused:
        """Put the refusal on record before it is answered; without a record there is another."""
        if isinstance(refusal, _DECIDED):
            return refusal
        now, address = self.clock(), environ.get("REMOTE_ADDR") or None
        actor, place = Actor(subject=STRANGER, address=address), lane_keys.place_of(address)
        event = "request.refused"
        if not self.tally.is_first(event, refusal.code, actor=actor, place=place, now=now):
            return refusal
        try:
            self.ledger.append(
                event,
                actor=actor,
                now=now,
                outcome="denied",
                reason=refusal.code,
                details={
                    "method": environ["REQUEST_METHOD"],
                    "host": environ.get("HTTP_HOST", ""),
                    "path": masked(environ["hangu.raw_path"].decode("latin-1")),
                },
            )
        except SQLAlchemyError:
            self.tally.unrecorded(event, refusal.code, place=place)
            log.exception("a refusal could not be recorded")
            return StoreUnavailable()
        except Refused as held:  # the log takes nothing now, and says so itself
            self.tally.unrecorded(event, refusal.code, place=place)
            return held
        return refusal


def refuse(
    pages: WSGIApplication,
    environ: WSGIEnvironment,
    start_response: StartResponse,
    refusal: Refused,
) -> Iterable[bytes]:
    """Have the pages answer with a refusal, whatever address it was about.

    A kept form that was to be sent and did not arrive waits again.
    """
    resumed: Resumed | None = environ.get(KEPT)
    unsent = not isinstance(refusal, UpstreamFailure) or isinstance(refusal, UpstreamUnreachable)
    if resumed is not None and unsent:
        resumed.give_back()
    bare = {"PATH_INFO": "/", "QUERY_STRING": "", REFUSAL: refusal}
    return pages(environ | bare, start_response)


def denied_page(
    pages: WSGIApplication, verdict: Verdict, asked: Asked
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The pages' own denial for a proxy that hands our answer on, in the reader's language.

    Empty if the pages have none to show: then the proxy hands on the problem document.
    """
    told: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> _Write:
        told.append((status, headers))
        return _write_nothing

    body = b"".join(pages(_as_visited(asked, ServiceDenied(verdict)), start_response))
    status, headers = told[0]
    if not status.startswith("403"):
        return "", ()
    kept = ((name, value) for name, value in headers if name.lower() not in _SAID_BY_REPLY)
    return body.decode(), tuple(kept)


def _as_visited(asked: Asked, refusal: Refused) -> WSGIEnvironment:
    """The request asked about, as the pages would have met it had it come by itself."""
    canonical = asked.canonical
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": canonical.host,
        "SERVER_PORT": str(canonical.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": asked.address,
        "HTTP_HOST": canonical.authority,
        "HTTP_ACCEPT": "text/html",
        "HTTP_COOKIE": b"; ".join(optional(asked.headers, b"cookie")).decode("latin-1"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": canonical.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        REFUSAL: refusal,
    }


def _write_nothing(_data: bytes) -> None:
    """PEP 3333's old way to send a body; our pages do not use it."""


def _for_pages(canonical: Canonical, scheme: str) -> dict[str, Any]:
    """What the pages route by: the canonical path, decoded as PEP 3333 wants it."""
    return {
        "PATH_INFO": unquote_to_bytes(canonical.path).decode("latin-1"),
        "HTTP_HOST": canonical.authority,
        "wsgi.url_scheme": scheme,
    }


def _redirect(way: Elsewhere, start_response: StartResponse, *, see_other: bool) -> Iterable[bytes]:
    status = "303 See Other" if see_other else "302 Found"
    headers = [("Location", way.location), ("Cache-Control", "no-store"), ("Content-Length", "0")]
    if way.cookie:
        headers.append(("Set-Cookie", way.cookie))
    start_response(status, [*headers, ("Referrer-Policy", "no-referrer")])
    return [b""]
