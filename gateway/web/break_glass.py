"""Sealed accounts as officers see them: propose, confirm, close, review; and the way in."""

from __future__ import annotations

from collections.abc import Mapping
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

from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.fresh import asks_itself
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("break_glass", __name__, url_prefix="/break-glass")


@pages.get("/")
@requires(Permission.BREAK_GLASS_VIEW)
def show() -> str:
    """The accounts, what waits, and the history."""
    return _list({}, None)


@pages.post("/propose")
@requires(Permission.BREAK_GLASS_PROPOSE, fresh=True)
def propose() -> Response:
    """Propose to a second officer."""
    form = request.form
    try:
        account = UUID(form.get("account", ""))
        minutes = int(form.get("minutes", "0"))
    except ValueError:
        account, minutes = UUID(int=0), 0
    try:
        house().desk.propose_opening(
            person(),
            account,
            login=form.get("login", ""),
            minutes=minutes,
            reason=form.get("reason", ""),
            visit=visit(),
        )
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: make_response(_list(form, problem)))
    return told.say(_back(), "opening_proposed")


@pages.get("/<uuid:opening_id>")
@requires(Permission.BREAK_GLASS_VIEW)
def look(opening_id: UUID) -> str:
    """One opening: who, why, what was done under it, the finding."""
    return _sheet(opening_id, None)


@pages.post("/<uuid:opening_id>/confirm")
@requires(Permission.BREAK_GLASS_PROPOSE, fresh=True)
def confirm(opening_id: UUID) -> str:
    """Open it. The code is shown this once, to be handed to the person named."""
    code = house().desk.confirm_opening(person(), opening_id, visit=visit())
    opening, _ = house().desk.opening(opening_id, now=g.now)
    return render_template("break_glass_code.html", opening=opening, code=code)


@pages.post("/<uuid:opening_id>/refuse")
@requires(Permission.BREAK_GLASS_PROPOSE, fresh=True)
def refuse(opening_id: UUID) -> Response:
    """Refuse it, or take one's own back."""
    house().desk.refuse_opening(person(), opening_id, visit=visit())
    return told.say(_back(), "opening_refused")


@pages.post("/<uuid:opening_id>/close")
@requires(Permission.BREAK_GLASS_CLOSE, fresh=True)
def close(opening_id: UUID) -> Response:
    """End it at once."""
    house().desk.close_opening(person(), opening_id, visit=visit())
    return told.say(_back(), "opening_closed")


@pages.post("/<uuid:opening_id>/review")
@requires(Permission.BREAK_GLASS_REVIEW, fresh=True)
def review(opening_id: UUID) -> Response:
    """Write the finding; the account is sealed again."""
    try:
        finding = request.form.get("finding", "")
        house().desk.review_opening(person(), opening_id, finding, visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: make_response(_sheet(opening_id, problem)))
    return told.say(_back(), "opening_reviewed")


@pages.get("/enter")
@requires(Permission.BREAK_GLASS_ENTER)
def entrance() -> str:
    """Where the person named types the code."""
    return render_template("break_glass_enter.html", problems=())


def _enter_once_more(problem: Problem) -> Response:
    """The form without the opening code that was typed."""
    return make_response(render_template("break_glass_enter.html", problems=[problem]))


@pages.post("/enter")
@asks_itself(_enter_once_more)
@requires(Permission.BREAK_GLASS_ENTER, fresh=True)
def enter() -> Response:
    """Exchange one's own session for one of the account."""
    here = house()
    try:
        entered = here.desk.enter_opening(person(), request.form.get("code", ""), visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, _enter_once_more)
    response = make_response(redirect(url_for("glass.show"), code=303))
    here.cookies.session.put(response, entered.token)
    return response


def _list(typed: Mapping[str, str], problem: Problem | None) -> str:
    desk = house().desk
    return render_template(
        "break_glass.html",
        accounts=desk.sealed_accounts(now=g.now),
        openings=desk.openings(now=g.now),
        may_propose=desk.may(person(), Permission.BREAK_GLASS_PROPOSE, now=g.now),
        typed=typed,
        problems=[] if problem is None else [problem],
    )


def _sheet(opening_id: UUID, problem: Problem | None) -> str:
    desk, who = house().desk, person()
    opening, acts = desk.opening(opening_id, now=g.now)
    return render_template(
        "break_glass_opening.html",
        opening=opening,
        acts=acts,
        own=who.current.person_id,
        may_propose=desk.may(who, Permission.BREAK_GLASS_PROPOSE, now=g.now),
        may_close=desk.may(who, Permission.BREAK_GLASS_CLOSE, now=g.now),
        may_review=desk.may(who, Permission.BREAK_GLASS_REVIEW, now=g.now),
        problems=[] if problem is None else [problem],
    )


def _back() -> Response:
    return make_response(redirect(url_for(".show"), code=303))
