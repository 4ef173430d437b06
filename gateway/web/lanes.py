"""The lanes of sign-in attempts that are slow or closed, and opening one."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, url_for

from gateway.identity.paces import CLOSED_AFTER
from gateway.web import told
from gateway.web.access import requires
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("lanes", __name__, url_prefix="/lanes")


@pages.get("/")
@requires(Permission.LANE_VIEW)
def show() -> str:
    """Which lanes are closed, which wait, and since when."""
    return render_template(
        "lanes.html", lanes=house().desk.lanes(now=g.now), closed_after=CLOSED_AFTER
    )


@pages.post("/<ref>/open")
@requires(Permission.LANE_OPEN, fresh=True)
def open_lane(ref: str) -> Response:
    """Let it take attempts again."""
    house().desk.open_lane(person(), ref, visit=visit())
    return told.say(make_response(redirect(url_for(".show"), code=303)), "lane_opened")
