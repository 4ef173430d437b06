"""Sign-in: name and password, then the one-time code, then where the person meant to go."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from gateway.identity.pending_step import StepOver
from gateway.refusals import Refused
from gateway.web import greeting
from gateway.web.access import public
from gateway.web.desk_values import Opened
from gateway.web.errors import with_refusal
from gateway.web.forms import CodeForm, Problem, SignInForm, problems
from gateway.web.paths import PORTAL, here, inside
from gateway.web.session import house, visit, visitor
from policies.permissions import Permission

pages = Blueprint("sign_in", __name__)
_WHY = "strangers sign in here"


@pages.get("/sign-in")
@public(_WHY)
def show() -> Response:
    """The form; or, for who is signed in already (and strongly enough), the page they meant."""
    target = inside(request.args.get("next"))
    if visitor() is not None and "stronger" not in request.args:
        return make_response(redirect(target, code=303))
    if _came_from_elsewhere():
        return make_response(render_template("bounce.html", target=here()))
    return _first(SignInForm(), target)


@pages.post("/sign-in")
@public(_WHY)
def submit() -> Response:
    """Check name and password. Whichever was wrong, the answer is the same."""
    form = SignInForm(request.form)
    target = inside(request.form.get("next"))
    if not form.validate():
        return _first(form, target)
    cookies = house().cookies
    try:
        step = house().desk.check_password(
            login=form.login.data or "", password=form.password.data or "", visit=visit()
        )
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: _first(form, target, problem))
    response = make_response(redirect(_code_address(target), code=303))
    cookies.step.put(response, step.token)
    return response


@pages.get("/sign-in/code")
@public(_WHY)
def ask_code() -> Response:
    """The second step; without the first it leads back to the beginning."""
    target = inside(request.args.get("next"))
    if house().cookies.step.read(request) is None:
        return make_response(redirect(first_address(target), code=303))
    return second_page(target)


@pages.post("/sign-in/code")
@public(_WHY)
def submit_code() -> Response:
    """Check the code and open the session, under a token the browser never had before."""
    form = CodeForm(request.form)
    target = inside(request.form.get("next"))
    here_now = house()
    step_token = here_now.cookies.step.read(request)
    if step_token is None:
        return make_response(redirect(first_address(target), code=303))
    if not form.validate():
        return _second(form, target)
    try:
        opened = here_now.desk.check_code(
            step_token=step_token,
            code=form.digits(),
            previous=here_now.cookies.session.read(request),
            visit=visit(),
        )
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: _second(form, target, problem))
    return arrived(opened, target)


def arrived(opened: Opened, target: str) -> Response:
    """To the page the person meant, with the new session and the device that is known now."""
    here_now = house()
    target = _landing(opened.token) if target == PORTAL else target
    response = _onward(target)
    here_now.cookies.session.put(response, opened.token)
    here_now.cookies.device.put(response, opened.device)
    here_now.cookies.step.drop(response)
    greeting.say(response, opened.token, target)
    return response


def _landing(token: str) -> str:
    """Where a person begins who meant no page: an auditor without services, at the log."""
    desk, now = house().desk, visit().now
    who = desk.session(token, service=None, now=now)
    if who is None or not desk.may(who, Permission.AUDIT_REVIEW, now=now):
        return PORTAL
    return PORTAL if desk.services_of(who, now=now) else url_for("audit_now.show")


def _came_from_elsewhere() -> bool:
    """A link on another site brought the reader here, so the Strict cookie stayed at home.

    A page of ours that reloads itself brings it: then whoever is signed in goes straight on.
    """
    from_elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site"
    return from_elsewhere and house().cookies.session.read(request) is None


def _onward(target: str) -> Response:
    """To the page the person meant.

    Browsers hold a form's answer to `form-action` through all redirects, and the way into
    a service leads to another host: so there a page stands in between.
    """
    if target.startswith("/open/"):
        return make_response(render_template("onward.html", target=target))
    return make_response(redirect(target, code=303))


def _first(form: SignInForm, target: str, problem: Problem | None = None) -> Response:
    found = [*problems(form), *([problem] if problem else [])]
    again = first_address(target)
    page = render_template("sign_in.html", form=form, target=target, problems=found, again=again)
    return make_response(page, 422 if found else 200)


def second_page(target: str, problem: Problem | None = None) -> Response:
    """The second step without anything typed."""
    return _second(CodeForm(), target, problem)


def _second(form: CodeForm, target: str, problem: Problem | None = None) -> Response:
    """What this person can give as the second step; a step that is over has no ways."""
    step = house().cookies.step.read(request) or ""
    try:
        ways = house().desk.second_ways(step, now=visit().now)
    except StepOver:
        ways = frozenset()
    if problem is not None:
        problem = Problem("code" if "totp" in ways else "", problem.text)
    found = [*problems(form), *([problem] if problem else [])]
    again = _code_address(target)
    page = render_template(
        "sign_in_code.html", form=form, target=target, problems=found, again=again, ways=ways
    )
    return make_response(page, 422 if found else 200)


def first_address(target: str) -> str:
    """The beginning, and where to go from there."""
    return _with_target(url_for("sign_in.show"), target)


def _code_address(target: str) -> str:
    return _with_target(url_for("sign_in.ask_code"), target)


def _with_target(address: str, target: str) -> str:
    return address if target == PORTAL else f"{address}?{urlencode({'next': target})}"
