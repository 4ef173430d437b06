"""What a sealed account may do while it is open: four acts, and giving the account back."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("glass", __name__, url_prefix="/break-glass/desk")


@pages.get("/")
@requires(Permission.BREAK_GLASS_ACT)
def show() -> str:
    """The acts."""
    return render_template("glass.html", problems=(), link="", name="")


@pages.post("/")
@requires(Permission.BREAK_GLASS_ACT)
def act() -> Response:
    """Do one of them."""
    desk, form = house().desk, request.form
    what, login = form.get("what", ""), form.get("login", "")
    try:
        if what == "invite":
            name, token = desk.glass_invite(person(), login, visit=visit())
            link = f"{house().settings.public_url}{url_for('enrol.welcome', token=token)}"
            page = render_template("glass.html", problems=(), link=link, name=name)
            return make_response(page)
        if what == "shut":
            desk.glass_shut(person(), form.get("service", ""), visit=visit())
            return told.say(_back(), "glass_shut")
        if what == "disable":
            reason = form.get("reason", "")
            name = desk.glass_disable(person(), login, reason=reason, visit=visit())
            return told.say(_back(), "glass_disabled", name=name)
        name = desk.glass_end_sessions(person(), login, visit=visit())
    except Refused as refusal:
        return with_refusal(
            refusal,
            lambda problem: make_response(
                render_template("glass.html", problems=[problem], link="", name="")
            ),
        )
    return told.say(_back(), "glass_ended", name=name)


@pages.post("/leave")
@requires(Permission.BREAK_GLASS_ACT)
def leave() -> Response:
    """Give the account back before its time."""
    here = house()
    here.desk.leave_opening(person(), visit=visit())
    response = make_response(redirect(url_for("sign_in.show"), code=303))
    here.cookies.session.drop(response)
    return response


def _back() -> Response:
    return make_response(redirect(url_for(".show"), code=303))
