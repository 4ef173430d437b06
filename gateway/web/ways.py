"""The ways to sign in beside the code: a passkey alone or after the password, a recovery code."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.refusals import Refused
from gateway.web.access import public
from gateway.web.answer_forms import form_page
from gateway.web.cookies import new_token
from gateway.web.errors import with_refusal
from gateway.web.factors import as_json
from gateway.web.forms import Problem
from gateway.web.forms_factors import RecoveryForm
from gateway.web.paths import inside
from gateway.web.session import house, visit
from gateway.web.sign_in import arrived, first_address, second_page

pages = Blueprint("ways", __name__, url_prefix="/sign-in")
_WHY = "strangers sign in here"


@pages.get("/passkey")
@public(_WHY)
def only() -> Response:
    """A page for the passkey alone; `new` says that it has just been made."""
    return _only_page(inside(request.args.get("next")))


@pages.get("/passkey/options")
@public("a challenge opens nothing; it is bound to this browser")
def only_options() -> Response:
    """What the browser asks the device for."""
    here = house()
    token = here.cookies.passkey.read(request) or new_token()
    response = as_json(here.desk.only_passkey(token, now=g.now))
    here.cookies.passkey.put(response, token)
    return response


@pages.post("/passkey")
@public(_WHY)
def submit_only() -> Response:
    """Check the device's answer and open the session."""
    here = house()
    target = inside(request.form.get("next"))
    try:
        opened = here.desk.check_passkey_only(
            browser_token=here.cookies.passkey.read(request) or "",
            answer=request.form.get("passkey", ""),
            previous=here.cookies.session.read(request),
            visit=visit(),
        )
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: _only_page(target, problem))
    response = arrived(opened, target)
    here.cookies.passkey.drop(response)
    return response


@pages.get("/code/options")
@public("it needs the step's own cookie")
def second_options() -> Response:
    """What the browser asks the device for, after the password."""
    here = house()
    token = here.cookies.step.read(request) or ""
    return as_json(here.desk.second_passkey(token, now=g.now))


@pages.post("/code/passkey")
@public(_WHY)
def submit_second() -> Response:
    """Check the device's answer as the second step."""
    here = house()
    target = inside(request.form.get("next"))
    token = here.cookies.step.read(request)
    if token is None:
        return make_response(redirect(first_address(target), code=303))
    try:
        opened = here.desk.check_passkey(
            step_token=token,
            answer=request.form.get("passkey", ""),
            previous=here.cookies.session.read(request),
            visit=visit(),
        )
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: second_page(target, problem))
    return arrived(opened, target)


@pages.get("/recovery")
@public(_WHY)
def ask_recovery() -> Response:
    """For who has neither phone nor key at hand."""
    target = inside(request.args.get("next"))
    if house().cookies.step.read(request) is None:
        return make_response(redirect(first_address(target), code=303))
    return _recovery_page(RecoveryForm(), target)


@pages.post("/recovery")
@public(_WHY)
def submit_recovery() -> Response:
    """Spend a recovery code instead of a code of the authenticator."""
    form = RecoveryForm(request.form)
    here = house()
    target = inside(request.form.get("next"))
    token = here.cookies.step.read(request)
    if token is None:
        return make_response(redirect(first_address(target), code=303))
    if not form.validate():
        return _recovery_page(form, target)
    try:
        opened = here.desk.check_recovery(
            step_token=token,
            code=form.code.data or "",
            previous=here.cookies.session.read(request),
            visit=visit(),
        )
    except Refused as refusal:
        return with_refusal(
            refusal,
            lambda problem: _recovery_page(form, target, Problem("code", problem.text)),
        )
    return arrived(opened, target)


def _only_page(target: str, problem: Problem | None = None) -> Response:
    found = [problem] if problem else []
    is_new = request.args.get("new") == "1"
    page = render_template("sign_in_passkey.html", target=target, problems=found, is_new=is_new)
    return make_response(page, 422 if found else 200)


def _recovery_page(form: RecoveryForm, target: str, problem: Problem | None = None) -> Response:
    again = url_for(".ask_recovery", next=target)
    return form_page("sign_in_recovery.html", form, problem, target=target, again=again)
