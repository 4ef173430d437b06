"""The way from the gateway into a service, which lives on a host name of its own.

    gateway /open/<slug>  →  service /.hangu/begin   a cookie marks this browser, another
                                                   keeps the language chosen at the gateway
                          →  gateway /open/<slug>?state=…   decided, logged, ticket issued
                          →  service /.hangu/enter   ticket and mark checked, own cookie set

The mark keeps anybody from sending a stranger a link with his own ticket, which would put
the stranger into his session (class 22, session fixation).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import ClassVar
from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from gateway.access.gate import ServiceDenied
from gateway.refusals import Refused
from gateway.web import step_up
from gateway.web.access import Place, public, requires
from gateway.web.cookies import new_token
from gateway.web.headers import FORGET
from gateway.web.i18n import LANGUAGES
from gateway.web.kept import wanted
from gateway.web.paths import inside
from gateway.web.session import chosen_language, house, person, visit, visitor
from gateway.web.sign_out import ended
from policies.decision import Outcome
from policies.permissions import Permission

pages = Blueprint("entry", __name__)
_STATE = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)


class EntryRefused(Refused):
    """The ticket does not belong to this browser."""

    code: ClassVar[str] = "entry_refused"


@pages.get("/open/<slug>")
@requires(Permission.SERVICE_OPEN)
def open_service(slug: str) -> Response:
    """Decide and hand over, or ask for more proof. Raises ServiceDenied, which the log knows."""
    here = house()
    to = inside(request.args.get("to"))
    service = here.desk.any_service(slug)
    card = here.desk.card(service, now=g.now)
    state = request.args.get("state", "")
    if not _STATE.match(state):
        return _go(f"{card.origin}/.hangu/begin", to=to, language=chosen_language())
    method, path = wanted(slug, to)
    verdict = here.desk.decide(person(), service, path, method=method, visit=visit())
    if verdict.outcome is Outcome.STEP_UP:
        return step_up.ask(card, to, verdict)
    if not verdict.allowed:
        raise ServiceDenied(verdict)
    ticket = here.desk.issue_ticket(person(), slug, visit=visit())
    proof = _proof(slug, ticket, state)
    return _go(f"{card.origin}/.hangu/enter", ticket=ticket, proof=proof, to=to)


@pages.get("/.hangu/begin")
@public("it only marks the browser and sends it to the gateway", place=Place.SERVICE)
def begin() -> Response:
    """Mark this browser, then ask the gateway for a ticket that fits the mark."""
    here = house()
    mark = here.cookies.entering.read(request) or new_token()
    to = inside(request.args.get("to"))
    address = f"{here.settings.public_url}/open/{g.service}"
    response = _go(address, to=to, state=_state(mark))
    here.cookies.entering.put(response, mark)
    language = request.args.get("language", "")
    if language in LANGUAGES:  # chosen at the gateway; our error pages here are to match
        here.cookies.language.put(response, language)
    return response


@pages.get("/.hangu/enter")
@public("the one-time ticket is the proof; the session begins here", place=Place.SERVICE)
def enter() -> Response:
    """Exchange the ticket for the cookie of this service."""
    here = house()
    ticket = request.args.get("ticket", "")
    mark = here.cookies.entering.read(request)
    if mark is None:
        raise EntryRefused("no mark")
    expected = _proof(g.service, ticket, _state(mark))
    if not hmac.compare_digest(expected.encode(), request.args.get("proof", "").encode()):
        raise EntryRefused("the ticket was issued to another browser")
    token = here.desk.redeem_ticket(ticket, g.service, visit=visit())
    response = make_response(redirect(inside(request.args.get("to")), code=303))
    here.cookies.service.put(response, token)
    here.cookies.entering.drop(response)
    return response


@pages.get("/.hangu/sign-out")
@public("it only asks whether to leave", place=Place.SERVICE)
def ask_to_leave() -> str:
    """Where a service's own "sign out" leads: one button, and what it does."""
    return render_template("leave.html", is_signed_in=visitor() is not None)


@pages.post("/.hangu/sign-out")
@public("leaving must work even when the session has just ended", place=Place.SERVICE)
def leave() -> Response:
    """End the whole sign-in. Half of it left open on a shared machine would be a trap."""
    here = house()
    # No redirect to the gateway: browsers hold form-action against a form's redirects.
    response = make_response(render_template("signed_out.html", is_over=ended()))
    here.cookies.service.drop(response)
    response.headers["Clear-Site-Data"] = FORGET
    return response


def _state(mark: str) -> str:
    return hashlib.sha256(mark.encode()).hexdigest()


def _proof(slug: str, ticket: str, state: str) -> str:
    """Binds ticket, service and browser. HMAC-SHA-256 with the zone's key, hexadecimal."""
    message = f"enter\0{slug}\0{ticket}\0{state}".encode()
    return hmac.digest(house().desk.csrf_key, message, "sha256").hex()


def _go(address: str, **query: str) -> Response:
    left_out = {("to", "/"), ("language", "")}
    wanted = {name: value for name, value in query.items() if (name, value) not in left_out}
    return make_response(redirect(f"{address}?{urlencode(wanted)}" if wanted else address))
