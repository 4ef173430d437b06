"""The temporary grants in force, for whoever answers for them, and ending one before its time."""

from __future__ import annotations

from collections.abc import Sequence
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

from gateway.access.request_refusals import ReasonNeeded
from gateway.web import told
from gateway.web.access import requires
from gateway.web.forms import Problem
from gateway.web.requests import UNPROCESSABLE, problem_of
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("temporary", __name__, url_prefix="/requests/granted")


@pages.get("/")
@requires(Permission.ACCESS_REVOKE)
def show() -> str:
    """The grants in force that this person answers for."""
    return _grants(())


@pages.post("/<uuid:request_id>/revoke")
@requires(Permission.ACCESS_REVOKE, fresh=True)
def revoke(request_id: UUID) -> Response:
    """End one before its time."""
    try:
        reason = request.form.get("reason", "")
        house().desk.revoke_grant(person(), request_id, reason=reason, visit=visit())
    except ReasonNeeded as refusal:
        problem = Problem(f"reason-{request_id}", problem_of(refusal).text)
        return make_response(_grants([problem]), UNPROCESSABLE)
    back = make_response(redirect(url_for(".show"), code=303))
    return told.say(back, "grant_revoked")


def _grants(problems: Sequence[Problem]) -> str:
    desk = house().desk
    return render_template(
        "requests_grants.html",
        granted=desk.grants(person(), now=g.now),
        ownerless=desk.ownerless_requests(person()),
        problems=problems,
    )
