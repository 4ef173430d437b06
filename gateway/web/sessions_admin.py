"""Ending another person's sessions, from that person's page."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, request

from gateway.web import told
from gateway.web.access import requires
from gateway.web.paths import inside
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("sessions_admin", __name__)


@pages.post("/people/<uuid:person_id>/sessions/end")
@requires(Permission.SESSION_END_ANY, fresh=True)
def end_all(person_id: UUID) -> Response:
    """End everything that is open under the person's name; field `back` says where to go on."""
    ended = house().desk.end_sessions_of(person(), person_id, visit=visit())
    back = inside(request.form.get("back"))
    response = make_response(redirect(back, code=303))
    return told.say(response, "sessions_of_person_ended", count=str(ended))
