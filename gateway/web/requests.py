"""Asking for a service for a time, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.access.request_refusals import EndRefused, ReasonNeeded
from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.answers import answer_for
from gateway.web.forms import Problem
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("requests", __name__, url_prefix="/requests")
UNPROCESSABLE = 422


@pages.get("/")
@requires(Permission.ACCESS_REQUEST)
def mine() -> str:
    """One's own requests: what waits, what is granted until when, what was."""
    return render_template("requests.html", asked=house().desk.my_requests(person()))


@pages.get("/new/<slug>")
@requires(Permission.ACCESS_REQUEST)
def new(slug: str) -> str:
    """The form; 404 for a service that is not there."""
    return _form(slug, {}, ())


@pages.post("/new/<slug>")
@requires(Permission.ACCESS_REQUEST)
def send(slug: str) -> Response:
    """Send it to whoever decides."""
    desk = house().desk
    card = desk.service_to_ask_for(slug, now=g.now)
    try:
        deciders = desk.ask_for(
            person(),
            slug,
            writes=request.form.get("what") == "write",
            reason=request.form.get("reason", ""),
            until=day_of(request.form.get("until", "")),
            visit=visit(),
        )
    except (ReasonNeeded, EndRefused) as refusal:
        return make_response(_form(slug, request.form, [problem_of(refusal)]), UNPROCESSABLE)
    code = "access_requested" if deciders else "access_requested_ownerless"
    return told.say(_back(), code, unit=card.in_charge)


@pages.post("/<uuid:request_id>/withdraw")
@requires(Permission.ACCESS_REQUEST)
def withdraw(request_id: UUID) -> Response:
    """Take an open request back, or give a grant back. 404 for anybody else's."""
    house().desk.withdraw_request(person(), request_id, visit=visit())
    return told.say(_back(), "access_withdrawn")


def day_of(text: str) -> date:
    """A day as a browser's date field sends it. Raises EndRefused."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise EndRefused from None


def local_day(moment: datetime) -> date:
    """The day of a moment in the zone's time zone."""
    return moment.astimezone(ZoneInfo(house().settings.timezone)).date()


def problem_of(refusal: Refused) -> Problem:
    """A refusal as the problem of the field that it is about."""
    field = "reason" if isinstance(refusal, ReasonNeeded) else "until"
    return Problem(field, str(answer_for(refusal.code).text))


def _form(slug: str, typed: Mapping[str, str], problems: Sequence[Problem]) -> str:
    desk = house().desk
    terms = desk.request_terms()
    card = desk.service_to_ask_for(slug, now=g.now)
    before = [
        each
        for each in desk.my_requests(person())
        if each.request.service == slug and each.request.state in {"open", "granted"}
    ]
    return render_template(
        "request_new.html",
        card=card,
        typed=typed,
        problems=problems,
        waiting=next((each for each in before if each.request.state == "open"), None),
        held=next((each for each in before if each.request.in_force(g.now)), None),
        first=local_day(g.now),
        usual=local_day(g.now + terms.usual),
        last=local_day(g.now + terms.longest - timedelta(days=1)),
        longest=terms.longest.days,
    )


def _back() -> Response:
    return make_response(redirect(url_for(".mine"), code=303))
