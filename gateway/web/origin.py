"""Cross-site request forgery: two independent proofs for every unsafe method.

1. A token bound to the visitor's cookie (HMAC-SHA-256 over the cookie's hash), in the form
   or in `X-CSRF-Token`, masked anew for each page so that compression cannot leak it.
2. The browser's own word: `Sec-Fetch-Site` is `same-origin` or `none`; a browser that does not
   send it must send our own `Origin`; neither is a refusal.
Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet; Fetch Metadata (W3C).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from flask import Flask, Response, g, request

from gateway.access.forms import KEPT
from gateway.refusals import Refused
from gateway.web.access import SAFE_METHODS
from gateway.web.cookies import Cookies, new_token

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
EXEMPT = "__no_origin_check__"
_SIZE = 32
View = TypeVar("View", bound=Callable[..., Any])


class CrossSite(Refused):
    """The browser says another site sent this, or says nothing at all."""

    code: ClassVar[str] = "cross_site"


def _of_nobody(_session: str) -> bool:
    return False


class FormExpired(Refused):
    """The form's token is missing, or belongs to another session.

    `is_of` tells whether it was made for a session, by the session's id.
    """

    code: ClassVar[str] = "form_expired"

    def __init__(self, endpoint: str = "", is_of: Callable[[str], bool] = _of_nobody) -> None:
        super().__init__(endpoint)
        self.is_of = is_of


def no_origin_check(why: str) -> Callable[[View], View]:
    """Exempt one view by name. `why` is for review; a test lists every exemption."""

    def mark(view: View) -> View:
        setattr(view, EXEMPT, why)
        return view

    return mark


class Tokens:
    """Makes and checks form tokens. `key` is the zone's, `session_binding` names the session."""

    def __init__(
        self, key: bytes, *, cookies: Cookies, session_binding: Callable[[], str | None]
    ) -> None:
        self._key = key
        self._cookies = cookies
        self._session_binding = session_binding

    def for_form(self) -> str:
        """A masked token for the page being rendered; a stranger is given a cookie for it."""
        bound_to = self._bound_to()
        if bound_to is None:
            bound_to = g.new_anonymous = new_token()
        mask = secrets.token_bytes(_SIZE)
        masked = bytes(a ^ b for a, b in zip(mask, self._proof(bound_to), strict=True))
        return base64.urlsafe_b64encode(mask + masked).decode()

    def belongs(self, token: str) -> bool:
        """Whether `token` was made for the cookie that this request carries."""
        return self.is_of(self._bound_to(), token)

    def is_of(self, bound_to: str | None, token: str) -> bool:
        """Whether `token` was made for a session, or for a stranger's cookie."""
        try:
            raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return False
        if bound_to is None or len(raw) != 2 * _SIZE:
            return False
        proof = bytes(a ^ b for a, b in zip(raw[:_SIZE], raw[_SIZE:], strict=True))
        return hmac.compare_digest(proof, self._proof(bound_to))

    def keep_cookie(self, response: Response) -> Response:
        """After the request: set the stranger's cookie if this page made one."""
        if token := g.get("new_anonymous"):
            self._cookies.anonymous.put(response, token)
        return response

    def _bound_to(self) -> str | None:
        made_now: str | None = g.get("new_anonymous")
        return self._session_binding() or made_now or self._cookies.anonymous.read(request)

    def _proof(self, bound_to: str) -> bytes:
        message = b"csrf\0" + hashlib.sha256(bound_to.encode()).digest()
        return hmac.digest(self._key, message, "sha256")


def guard(app: Flask, tokens: Tokens, *, own_origin: Callable[[], str]) -> Callable[[], None]:
    """The check to run before every view that an unsafe method reaches."""

    def enforce() -> None:
        if request.method in SAFE_METHODS or request.endpoint is None:
            return
        if hasattr(app.view_functions[request.endpoint], EXEMPT):
            return
        check_sender(
            site=request.headers.get("Sec-Fetch-Site"),
            origin=request.headers.get("Origin"),
            own_origin=own_origin(),
        )
        if KEPT in request.environ:  # the page that offered it has checked its own token
            return
        given = request.form.get(FIELD) or request.headers.get(HEADER) or ""
        if not tokens.belongs(given):
            raise FormExpired(request.endpoint, lambda bound_to: tokens.is_of(bound_to, given))

    return enforce


def check_sender(*, site: str | None, origin: str | None, own_origin: str) -> None:
    """Raise CrossSite unless the browser vouches that the request is our own page's.

    Our pages send no Referer, so browsers write `Origin: null` into our own forms; it is
    therefore believed only where `Sec-Fetch-Site` is missing, and `null` never counts.
    """
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise CrossSite(f"Sec-Fetch-Site: {site!r}")
        if origin not in {None, "null", own_origin}:
            raise CrossSite(f"Origin: {origin!r}")
    elif origin != own_origin:
        raise CrossSite(f"Origin: {origin!r}, no Sec-Fetch-Site")
