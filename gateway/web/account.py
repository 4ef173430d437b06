"""My account: what the gateway knows of me, and where I am signed in."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, g, make_response, redirect, render_template, url_for

from gateway.access.refusals import ServiceUnknown
from gateway.access.service import Service
from gateway.access.tables_kept import KeptForm
from gateway.web import told
from gateway.web.access import requires
from gateway.web.desk_values import SignedIn
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("account", __name__, url_prefix="/account")


@pages.get("/")
@requires(Permission.ACCOUNT_VIEW)
def show() -> str:
    """Name, unit, roles, factors, forms that wait, open sessions and recent attempts to sign in."""
    who = person()
    desk = house().desk
    return render_template(
        "account.html",
        person=who,
        factors=desk.factors(who),
        forms=list(_forms_of(who)),
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


def _forms_of(who: SignedIn) -> Iterator[tuple[KeptForm, Service | None]]:
    """Forms that wait, with the service each was for; None for a page of the gateway."""
    desk = house().desk
    for form in desk.kept_forms(who, now=g.now):
        try:
            yield form, None if form.service is None else desk.any_service(form.service)
        except ServiceUnknown:
            continue  # it was taken from the catalogue, and its form has nowhere to go


def _back() -> Response:
    return make_response(redirect(url_for(".show", _anchor="sessions"), code=303))
