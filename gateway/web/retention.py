"""How the log is kept: what may go, what must stay, what is erased; two officers agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.custody.refusals import KeepingTerms
from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("retention", __name__, url_prefix="/audit/retention")


@pages.get("")
@requires(Permission.RETENTION_VIEW)
def show() -> str:
    """The state, the requests and the holds."""
    return _page({}, None)


@pages.get("/hold")
@requires(Permission.RETENTION_DECIDE)
def new_hold() -> str:
    """The form for a hold."""
    return _form("retention_hold.html", {}, None)


@pages.post("/hold")
@requires(Permission.RETENTION_DECIDE)
def hold() -> Response:
    """Place it."""

    def act() -> None:
        form = request.form
        house().desk.place_hold(
            person(),
            case=form.get("case", ""),
            since=_day(form.get("since", "")),
            reason=form.get("reason", ""),
            visit=visit(),
        )

    return _tried(act, "keeping_held", "retention_hold.html")


@pages.get("/erase")
@requires(Permission.RETENTION_DECIDE)
def new_erasure() -> str:
    """The form for an erasure."""
    return _form("retention_erase.html", {}, None)


@pages.post("/erase")
@requires(Permission.RETENTION_DECIDE)
def erase() -> Response:
    """Propose it."""

    def act() -> None:
        form = request.form
        house().desk.propose_erasure(
            person(),
            login=form.get("login", ""),
            entry=form.get("entry", ""),
            reason=form.get("reason", ""),
            visit=visit(),
        )

    return _tried(act, "keeping_proposed", "retention_erase.html")


@pages.post("/prune")
@requires(Permission.RETENTION_DECIDE)
def prune() -> Response:
    """Propose to prune what may go."""

    def act() -> None:
        reason = request.form.get("reason", "")
        house().desk.propose_pruning(person(), reason=reason, visit=visit())

    return _tried(act, "keeping_proposed", None)


@pages.post("/lift/<hold_id>")
@requires(Permission.RETENTION_DECIDE)
def lift(hold_id: str) -> Response:
    """Propose to lift a hold."""

    def act() -> None:
        reason = request.form.get("reason", "")
        house().desk.propose_lift(person(), hold_id, reason=reason, visit=visit())

    return _tried(act, "keeping_proposed", None)


@pages.post("/<request_id>/approve")
@requires(Permission.RETENTION_DECIDE, fresh=True)
def approve(request_id: str) -> Response:
    """Approve as the second officer."""
    house().desk.approve_keeping(person(), request_id, visit=visit())
    return told.say(_back(), "keeping_approved")


@pages.post("/<request_id>/refuse")
@requires(Permission.RETENTION_DECIDE)
def refuse(request_id: str) -> Response:
    """Refuse, or take one's own back."""
    house().desk.refuse_keeping(person(), request_id, visit=visit())
    return told.say(_back(), "keeping_refused")


def _tried(act: Callable[[], None], said: str, template: str | None) -> Response:
    """Do it and say so; if it is refused, show the form again with all that was typed."""
    try:
        act()
    except Refused as refusal:
        form, field = request.form, _field(refusal)

        def again(problem: Problem) -> Response:
            problem = Problem(field, problem.text)
            page = _page(form, problem) if template is None else _form(template, form, problem)
            return make_response(page)

        return with_refusal(refusal, again)
    return told.say(_back(), said)


def _field(refusal: Refused) -> str:
    """The field that a refusal is about; the form's first if it is about no single one."""
    named = str(refusal)
    return named if isinstance(refusal, KeepingTerms) and named in request.form else ""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise KeepingTerms("since") from None


def _page(typed: Mapping[str, str], problem: Problem | None) -> str:
    desk, who = house().desk, person()
    status = desk.keeping(now=g.now)
    return render_template(
        "retention.html",
        status=status,
        requests=desk.keeping_requests(status),
        name=desk.named,
        own=who.current.subject,
        may_decide=desk.may(who, Permission.RETENTION_DECIDE, now=g.now),
        typed=typed,
        problems=[] if problem is None else [problem],
    )


def _form(template: str, typed: Mapping[str, str], problem: Problem | None) -> str:
    problems = [] if problem is None else [problem]
    return render_template(template, typed=typed, problems=problems, today=g.now)


def _back() -> Response:
    return make_response(redirect(url_for(".show"), code=303))
