"""Who comes to a service's host, and where those are sent who must sign in first."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from gateway.access.asked import Asked
from gateway.access.canonical import Canonical, return_path
from gateway.access.channel import Headers, optional
from gateway.access.identity_headers import Person
from gateway.access.service import Service

OWN_PATHS = "/.hangu"
"""On a service's host these are the gateway's, and never decided on as the service's."""

SAFE = frozenset({"GET", "HEAD"})
"""Methods whose address can simply be asked for again after signing in."""

_TOKEN = re.compile(rb"[A-Za-z0-9_-]{43}")


class Elsewhere(Exception):
    """A person must go to `location` first; the answer is a redirect, with a cookie or none."""

    def __init__(self, location: str, *, cookie: str = "") -> None:
        super().__init__(location)
        self.location = location
        self.cookie = cookie


class FindSession(Protocol):
    """Finds the live session of a token that is bound to a service's host."""

    def __call__(self, token: str, *, service: str, now: datetime) -> Person | None:
        """Return the person, or None if there is no such live session for this service."""


def is_own_path(path: str) -> bool:
    """Tell whether a canonical path on a service's host is the gateway's own."""
    return path == OWN_PATHS or path.startswith(f"{OWN_PATHS}/")


def service_cookie(zone: str) -> bytes:
    """Return the name of the cookie that a person carries on services' hosts."""
    return f"__Host-hangu-{zone}-svc".encode()


def session_token(headers: Headers, cookie: bytes) -> str | None:
    """Return the token that the Cookie headers carry under this name.

    None if there is none, if one has another shape (class 13: malformed cookies never open
    anything), or if two differ: whose would it be?
    """
    pairs = (
        piece.strip(b" \t").partition(b"=")
        for value in optional(headers, b"cookie")
        for piece in value.split(b";")
    )
    values = {value for name, _, value in pairs if name == cookie}
    if len(values) != 1 or not all(_TOKEN.fullmatch(value) for value in values):
        return None
    return values.pop().decode("ascii")


def is_navigation(asked: Asked) -> bool:
    """Tell whether a person's browser asks for a page, as opposed to a script or a socket."""
    first = {name: value.lower() for name, value in reversed(asked.headers)}
    if b"sec-websocket-key" in first or "upgrade" in asked.connection:
        return False
    if first.get(b"x-requested-with") == b"xmlhttprequest":
        return False
    mode = first.get(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate"
    return b"text/html" in first.get(b"accept", b"")


def is_background(asked: Asked) -> bool:
    """Tell whether a script only looks, as pages that poll do by themselves.

    Such a request is answered and decided on like any other, and does not keep the session
    awake: a page left open on an empty desk must not (OWASP ASVS 5.0, 7.3.1). What a person
    does, a page opened or something sent, keeps it awake.
    """
    first = {name: value.lower() for name, value in reversed(asked.headers)}
    by_itself = b"sec-purpose" in first or b"text/event-stream" in first.get(b"accept", b"")
    looks = asked.canonical.method in SAFE
    return looks and (by_itself or first.get(b"sec-fetch-dest") == b"empty")


def entrance(gateway_origin: str, service: Service, canonical: Canonical, why: str = "") -> str:
    """Return where a person gets in, and then back to the page they wanted (never elsewhere)."""
    safe = canonical.method in SAFE
    to = (return_path(canonical.target) if safe else None) or "/"
    reason = f"&reason={why}" if why else ""
    return f"{gateway_origin}/open/{service.slug}?to={quote(to, safe='/')}{reason}"
