"""Ending other people's sessions: one person's from their page, or everybody's at once."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

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


@pages.get("/sessions/everybodys")
@requires(Permission.SESSION_END_ANY)
def ask_everybodys() -> str:
    """Say what it means before anybody is signed out."""
    people, sessions = house().desk.sessions_open()
    return render_template("sessions_everybodys.html", people=people, sessions=sessions)


@pages.post("/sessions/everybodys")
@requires(Permission.SESSION_END_ANY, fresh=True)
def end_everybodys() -> Response:
    """End every session of the zone but the one that asks."""
    ended = house().desk.end_everybodys_sessions(person(), visit=visit())
    response = make_response(redirect(url_for(".ask_everybodys"), code=303))
    return told.say(response, "sessions_of_all_ended", count=str(ended))
