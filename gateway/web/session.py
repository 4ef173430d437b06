"""Who is here: our cookie, the desk's session, and Flask-Login's `current_user` above them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, Response, current_app, g, request
from flask_login import LoginManager, current_user

from gateway.web.cookies import Cookies
from gateway.web.desk import Desk, WebSettings
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.i18n import LANGUAGES
from gateway.web.moments import utc_now

AGENT_LIMIT = 300
"""Characters of a User-Agent that are kept; real ones are shorter."""


@dataclass(frozen=True, slots=True)
class House:
    """What every page reaches for: the desk, the zone's settings, its cookies."""

    desk: Desk
    settings: WebSettings
    cookies: Cookies


class HouseLogin(LoginManager):  # type: ignore[misc]  # Flask-Login ships no types
    """Flask-Login without its own cookies.

    Its remember-me and its signed session would be second ways in, so both are replaced:
    the user is whoever our session cookie stands for, and nothing else is read or written.
    """

    def _load_user(self) -> None:
        # A stranger first: if looking fails, the page that says so must not look again.
        self._update_request_context_with_user()
        self._update_request_context_with_user(find_user())

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


def install(app: Flask, house: House) -> None:
    """Bind the house and Flask-Login to `app`."""
    app.extensions["house"] = house
    HouseLogin(app, add_context_processor=True)


def house() -> House:
    """The house of the running application."""
    return cast("House", current_app.extensions["house"])


def find_user() -> SignedIn | None:
    """The session that this request's cookie opens, or None."""
    here = house()
    service: str | None = g.get("service")
    cookie = here.cookies.session if service is None else here.cookies.service
    token = g.get("renewed_token") or cookie.read(request)
    if token is None:
        return None
    return here.desk.session(token, service=service, now=g.now, address=request.remote_addr or "")


def is_replaced() -> bool:
    """Whether this request's cookie was the session's until another tab confirmed something.

    The browser has the new one by now, or will in a moment: the tab need only ask again.
    """
    token = house().cookies.session.read(request)
    if token is None or g.service is not None:
        return False
    return house().desk.was_replaced(token, now=g.now)


def visitor() -> SignedIn | None:
    """The signed-in person, or None for a stranger."""
    user: Any = current_user
    return cast("SignedIn", user._get_current_object()) if user.is_authenticated else None  # noqa: SLF001


def person() -> SignedIn:
    """The signed-in person, on a route whose permission the guard has already checked."""
    found = visitor()
    if found is None:
        raise PersonMissingError(request.endpoint)
    return found


class PersonMissingError(RuntimeError):
    """A public page asked for a person: a mistake in the page, not in the request."""


def session_binding() -> str | None:
    """What forms are bound to: the live session, by an id that outlives its changing tokens."""
    found = visitor()
    return found.current.session_id.hex if found else None


def become(token: str) -> None:
    """Go on in this request under the session's new token."""
    g.renewed_token = token
    manager: Any = current_app.login_manager  # type: ignore[attr-defined]
    manager._update_request_context_with_user(find_user())  # noqa: SLF001 - Flask-Login's own way


def visit() -> Visit:
    """Where this request comes from. The server in front has already proved the address."""
    return Visit(
        address=request.remote_addr or "",
        user_agent=request.user_agent.string[:AGENT_LIMIT],
        now=g.now,
        device=house().cookies.device.read(request),
    )


def chosen_language() -> str:
    """`zh` or `en` if the reader has chosen one on this host, else empty."""
    choice = request.cookies.get(house().cookies.language.name, "")
    return choice if choice in LANGUAGES else ""


def start_clock() -> None:
    """First guard: one reading of the clock serves the whole request."""
    g.now = utc_now()
