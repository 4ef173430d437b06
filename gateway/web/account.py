"""My account: what the gateway knows of me, and where I am signed in."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, url_for

from gateway.web import told
from gateway.web.access import requires
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("account", __name__, url_prefix="/account")


@pages.get("/")
@requires(Permission.ACCOUNT_VIEW)
def show() -> str:
    """Name, unit, roles, factors, open sessions and recent attempts to sign in."""
    who = person()
    desk = house().desk
    return render_template(
        "account.html",
        person=who,
        factors=desk.factors(who),
        reminders=desk.reminders(who, now=g.now),
        sessions=desk.sessions(who, now=g.now),
        sign_ins=desk.recent_sign_ins(who),
    )


@pages.post("/stay")
@requires(Permission.ACCOUNT_VIEW)
def stay() -> Response:
    """Keep the session alive; looking at the cookie has already done it."""
    return Response(status=204)


@pages.post("/sessions/<ref>/end")
@requires(Permission.SESSION_END_OWN)
def end_one(ref: str) -> Response:
    """End one of one's own sessions. `ref` of anybody else's is not found."""
    house().desk.end_session(person(), ref, visit=visit())
    return told.say(_back(), "session_ended")


@pages.post("/sessions/end-others")
@requires(Permission.SESSION_END_OWN)
def end_others() -> Response:
    """End every session of one's own but this one."""
    house().desk.end_other_sessions(person(), visit=visit())
    return _back()


@pages.post("/sessions/end-all")
@requires(Permission.SESSION_END_OWN)
def end_all() -> Response:
    """End every session of one's own, this one included."""
    house().desk.end_all_sessions(person(), visit=visit())
    response = make_response(redirect(url_for("sign_in.show"), code=303))
    house().cookies.session.drop(response)
    return response


def _back() -> Response:
    return make_response(redirect(url_for(".show", _anchor="sessions"), code=303))
