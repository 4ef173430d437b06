"""The cookies of a zone. All are `__Host-`: one host, path `/`, HTTPS only, unseen by scripts."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Literal

from flask import Request, Response

from gateway.access import kept
from gateway.identity import devices

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")
"""32 random bytes in base64url without padding."""

SameSite = Literal["Strict", "Lax"]


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie by name. `lifetime` in seconds; none ends with the browser."""

    name: str
    same_site: SameSite = "Strict"
    lifetime: int | None = None
    most: int = 1
    """Tokens in the value, joined by dots."""

    def read(self, request: Request) -> str | None:
        """The value, or None unless it has exactly the shape of our tokens."""
        value = request.cookies.get(self.name, "")
        parts = value.split(".") if self.most > 1 else [value]
        whole = len(parts) <= self.most and all(_TOKEN.match(part) for part in parts)
        return value if whole else None

    def put(self, response: Response, value: str) -> None:
        """Set the cookie on `response`."""
        response.set_cookie(
            self.name,
            value,
            max_age=self.lifetime,
            secure=True,
            httponly=True,
            samesite=self.same_site,
        )

    def drop(self, response: Response) -> None:
        """Tell the browser to forget the cookie."""
        response.delete_cookie(self.name, secure=True, httponly=True, samesite=self.same_site)


@dataclass(frozen=True, slots=True)
class Cookies:
    """Every cookie of one zone, so that no two zones on one machine share a name."""

    session: Cookie
    step: Cookie
    anonymous: Cookie
    service: Cookie
    entering: Cookie
    language: Cookie
    told: Cookie
    device: Cookie
    kept: Cookie
    passkey: Cookie
    """Binds a challenge to the browser that asked for it, where nobody has signed in yet."""


def cookies_of(zone: str) -> Cookies:
    """The zone's cookies.

    The two on a service's host are Lax: people follow links to a service from their mail,
    and Strict cookies would not arrive. They give access to nothing of the gateway.
    """
    prefix = f"__Host-hangu-{zone}"
    return Cookies(
        session=Cookie(prefix),
        step=Cookie(f"{prefix}-step", lifetime=300),
        anonymous=Cookie(f"{prefix}-anon"),
        service=Cookie(f"{prefix}-svc", "Lax"),
        entering=Cookie(f"{prefix}-entering", "Lax", lifetime=300),
        language=Cookie(f"{prefix}-lang", "Lax", lifetime=365 * 24 * 3600),
        kept=Cookie(f"{prefix}-kept", "Lax", lifetime=int(kept.LIFE.total_seconds())),
        told=Cookie(f"{prefix}-told", lifetime=60),
        passkey=Cookie(f"{prefix}-passkey", lifetime=300),
        device=Cookie(
            f"{prefix}-device", lifetime=int(devices.LIFE.total_seconds()), most=devices.PEOPLE
        ),
    )


def new_token() -> str:
    """256 random bits as 43 characters."""
    return secrets.token_urlsafe(32)
