"""The service owner's desk: requests that wait, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

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
from gateway.web import told
from gateway.web.access import requires
from gateway.web.forms import Problem
from gateway.web.requests import UNPROCESSABLE, day_of, local_day, problem_of
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("decisions", __name__, url_prefix="/requests")


@pages.get("/inbox")
@requires(Permission.ACCESS_DECIDE)
def inbox() -> str:
    """What waits for this person's answer."""
    return render_template("requests_inbox.html", asked=house().desk.requests_to_decide(person()))


@pages.get("/inbox/<uuid:request_id>")
@requires(Permission.ACCESS_DECIDE)
def look(request_id: UUID) -> str:
    """One request: who, why, what would be granted, until when."""
    return _sheet(request_id, {}, ())


@pages.post("/inbox/<uuid:request_id>/approve")
@requires(Permission.ACCESS_DECIDE, fresh=True)
def approve(request_id: UUID) -> Response:
    """Grant it, until the day asked for or an earlier one."""
    desk = house().desk
    asked = desk.request_to_decide(person(), request_id)
    try:
        until = day_of(request.form.get("until", ""))
        desk.approve_request(person(), request_id, until=until, visit=visit())
    except EndRefused as refusal:
        page = _sheet(request_id, request.form, [problem_of(refusal)])
        return make_response(page, UNPROCESSABLE)
    return told.say(_back(), "access_approved", name=asked.request.name)


@pages.post("/inbox/<uuid:request_id>/refuse")
@requires(Permission.ACCESS_DECIDE)
def refuse(request_id: UUID) -> Response:
    """Say no, and why."""
    desk = house().desk
    asked = desk.request_to_decide(person(), request_id)
    try:
        reason = request.form.get("reason", "")
        desk.refuse_request(person(), request_id, reason=reason, visit=visit())
    except ReasonNeeded as refusal:
        page = _sheet(request_id, request.form, [problem_of(refusal)])
        return make_response(page, UNPROCESSABLE)
    return told.say(_back(), "access_refused", name=asked.request.name)


def _sheet(request_id: UUID, typed: Mapping[str, str], problems: Sequence[Problem]) -> str:
    asked = house().desk.request_to_decide(person(), request_id)
    return render_template(
        "request_decide.html",
        asked=asked,
        typed=typed,
        problems=problems,
        first=local_day(g.now),
        last=local_day(asked.request.asked_until),
    )


def _back() -> Response:
    return make_response(redirect(url_for(".inbox"), code=303))
