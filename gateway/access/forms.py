"""Where a kept form meets the requests: taken off the wire, and put on it again.

    POST, nobody signed in    → kept, and to the sign-in; then to the page that offers it
    POST with a claim         → the same request with the body that was kept

A page is led away only when a person looks at it; scripts and sockets are told with a document.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote
from uuid import UUID
from wsgiref.types import WSGIEnvironment

from audit.record import Actor
from gateway.access import kept
from gateway.access.asked import Asked
from gateway.access.channel import Headers, optional
from gateway.access.entrance import (
    OWN_PATHS,
    Elsewhere,
    is_navigation,
    service_cookie,
    session_token,
)
from gateway.access.kept import CLAIM, CLAIM_BYTES
from gateway.access.kept_content import Posted
from gateway.access.kept_refusals import FormNotKept, FormOfAnother, FormTooLarge, TooManyForms
from gateway.access.kept_rows import Claimant
from gateway.access.service import Service
from gateway.identity import past, sessions, tokens
from gateway.identity.registry import Registry

KEPT = "hangu.kept"
"""Environ key: the `Resumed` of a request whose body was kept. Clients cannot set it."""

PAGE = f"{OWN_PATHS}/kept"
"""Below it, on every host, the page that offers a form."""

_DRAINED = 1 << 24
"""Bytes of a form too large that are still read, so that the browser listens to the answer."""
_BLOCK = 65536
_REPLACED = frozenset({b"content-length", b"content-type", b"origin", b"referer"})


@dataclass(frozen=True, slots=True)
class Resumed:
    """A request that its person has just sent for the second time."""

    form_id: UUID
    person_id: UUID
    give_back: Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Forms:
    """Keeps the forms that come to one zone, and puts them on their way again."""

    registry: Registry
    gateway_origin: str

    def keep(
        self,
        environ: WSGIEnvironment,
        asked: Asked,
        service: Service,
        token: str | None,
        now: datetime,
        why: str = "",
    ) -> Elsewhere:
        """Keep a service's form; return where its person signs in, or more strongly.

        Raises:
            FormNotKept, FormTooLarge, TooManyForms: nothing was kept, and why.
        """
        resumed: Resumed | None = environ.get(KEPT)
        if resumed is not None and resumed.give_back():
            return Elsewhere(self._entrance(service, resumed.form_id, why))
        over = f"{self.gateway_origin}/open/{service.slug}"
        owner = None
        if token is not None and is_from_own_page(asked):
            owner = past.owner_of(self.registry, token, service=service.slug, now=now)
        if owner is None:
            raise FormNotKept(over)
        body = read_form(environ, most=self.registry.limits.kept_form_bytes)
        if body is None:
            raise FormTooLarge(over)
        browser = session_token(asked.headers, kept_cookie(self.registry.zone))
        new = browser or tokens.new()
        try:
            form_id = kept.keep(
                self.registry,
                posted_of(asked, body),
                owner=owner,
                service=service.slug,
                browser=new,
                address=asked.address,
                now=now,
            )
        except TooManyForms:
            raise TooManyForms(over) from None
        return Elsewhere(
            self._entrance(service, form_id, why), cookie=_cookie(self.registry.zone, new)
        )

    def resume(
        self, environ: WSGIEnvironment, asked: Asked, service: str | None, now: datetime
    ) -> Asked:
        """Put the kept body in the place of a claim; every other request stays as it is.

        Raises:
            Elsewhere: the session has ended meanwhile; the form is offered again after it.
            FormOver, FormOfAnother, FormBroken: as `kept.take`.
        """
        claim = _claim(environ, asked)
        if claim is None:
            return asked
        if not is_from_own_page(asked):
            raise FormOfAnother
        form_id, proof = claim
        zone = self.registry.zone
        name = service_cookie(zone) if service is not None else gateway_cookie(zone)
        token = session_token(asked.headers, name)
        person = token and sessions.find(self.registry, token, now=now, service=service)
        if not person:
            raise Elsewhere(f"{PAGE}/{form_id}")
        actor = Actor(
            subject=person.subject,
            session=person.session_ref,
            unit=person.unit,
            address=asked.address,
            case=person.case,
        )
        who = Claimant(
            person_id=person.person_id,
            service=service,
            browser=session_token(asked.headers, kept_cookie(zone)),
            actor=actor,
        )
        target = asked.canonical.target
        posted = kept.take(self.registry, form_id, proof, who, target=target, now=now)

        def back() -> bool:
            return kept.give_back(self.registry, form_id, actor=actor, now=now)

        headers = _with(asked.headers, posted)
        environ |= {
            "wsgi.input": io.BytesIO(posted.body),
            "CONTENT_TYPE": posted.media_type,
            "CONTENT_LENGTH": str(len(posted.body)),
            "hangu.headers": headers,
            KEPT: Resumed(form_id, person.person_id, back),
        }
        return replace(asked, headers=headers)

    def _entrance(self, service: Service, form_id: UUID, why: str) -> str:
        reason = f"&reason={why}" if why else ""
        to = quote(f"{PAGE}/{form_id}", safe="/")
        return f"{self.gateway_origin}/open/{service.slug}?to={to}{reason}"


def gateway_cookie(zone: str) -> bytes:
    """Return the name of the cookie that a person carries on the gateway's own host."""
    return f"__Host-hangu-{zone}".encode()


def kept_cookie(zone: str) -> bytes:
    """Return the name of the cookie by which a browser is known to have sent a form."""
    return f"__Host-hangu-{zone}-kept".encode()


def is_from_own_page(asked: Asked) -> bool:
    """Tell whether the browser vouches that a page of the very same host sent the form.

    Another site could otherwise have something offered to a person that they never wrote.
    """
    site = optional(asked.headers, b"sec-fetch-site")
    if site:
        whole = {value for name, value in asked.headers if name == b"sec-fetch-dest"}
        return site == [b"same-origin"] and whole <= {b"document"}
    return optional(asked.headers, b"origin") == [asked.canonical.origin.encode()]


def read_form(environ: WSGIEnvironment, *, most: int) -> bytes | None:
    """Return a request's whole body; None if it is larger than `most` bytes.

    Raises:
        OSError: the client has left, or sent less than it announced.
    """
    length = environ.get("CONTENT_LENGTH", "")
    known = int(length) if length and not environ.get("HTTP_TRANSFER_ENCODING") else None
    stream = environ["wsgi.input"]
    found = bytearray()
    left = _DRAINED if known is None else min(known, _DRAINED)
    total = 0
    while left > 0 and (piece := stream.read(min(left, _BLOCK))):
        total += len(piece)
        left -= len(piece)
        if total <= most:
            found += piece
    if total > most or (known is not None and known > most):
        return None
    if known is not None and total < known:
        raise ConnectionAbortedError("the request's body ended early")
    return bytes(found)


def posted_of(asked: Asked, body: bytes) -> Posted:
    """The form as it came."""

    def said(name: bytes) -> str:
        return b"".join(optional(asked.headers, name)[:1]).decode("latin-1")

    return Posted(
        target=asked.canonical.target,
        media_type=said(b"content-type"),
        origin=said(b"origin"),
        referer=said(b"referer"),
        body=body,
    )


def _claim(environ: WSGIEnvironment, asked: Asked) -> tuple[UUID, str] | None:
    """Read a claim. What is none stays to be read by whom it is for."""
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    fits = environ.get("CONTENT_LENGTH") == str(CLAIM_BYTES) and kind == "text/plain"
    if asked.canonical.method != "POST" or not fits or not is_navigation(asked):
        return None
    body: bytes = environ["wsgi.input"].read(CLAIM_BYTES)
    environ["wsgi.input"] = io.BytesIO(body)
    found = CLAIM.fullmatch(body)
    return None if found is None else (UUID(found["id"].decode()), found["proof"].decode())


def _with(headers: Headers, posted: Posted) -> Headers:
    said = (
        (b"content-type", posted.media_type),
        (b"content-length", str(len(posted.body))),
        (b"origin", posted.origin),
        (b"referer", posted.referer),
    )
    others = [pair for pair in headers if pair[0] not in _REPLACED]
    return [*others, *((name, text.encode("latin-1")) for name, text in said if text)]


def _cookie(zone: str, token: str) -> str:
    lasts = int(kept.LIFE.total_seconds())
    name = kept_cookie(zone).decode()
    return f"{name}={token}; Max-Age={lasts}; Path=/; Secure; HttpOnly; SameSite=Lax"
