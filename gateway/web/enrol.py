"""Enrolment by a one-time link, in three steps: password, authenticator, proof that it works."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import segno
from flask import Blueprint, Response, make_response, render_template, request
from markupsafe import Markup

from gateway.refusals import Refused
from gateway.web.access import public
from gateway.web.answer_forms import form_page
from gateway.web.desk import AuthenticatorOffer
from gateway.web.errors import with_refusal
from gateway.web.forms import CodeForm, NewPasswordForm, Problem, problems
from gateway.web.forms_factors import RecoveryForm
from gateway.web.i18n import _
from gateway.web.session import house, visit

pages = Blueprint("enrol", __name__, url_prefix="/enrol")
_WHY = "the one-time link is the proof; nobody has an account yet"


@pages.get("/<token>")
@public(_WHY)
def welcome(token: str) -> Response:
    """Step 1: who this link is for, and a first password."""
    return _password_page(token, NewPasswordForm())


@pages.post("/<token>")
@public(_WHY)
def set_password(token: str) -> Response:
    """Keep the password and show step 2: the authenticator, as picture and as text.

    A link of a factor reset has no step 1: the password stays.
    """
    if house().desk.invitation(token, now=visit().now).factors_only:
        return _authenticator_page(token, house().desk.begin_factors(token, visit=visit()))
    form = NewPasswordForm(request.form)
    if not form.validate():
        return _password_page(token, form)
    try:
        offer = house().desk.set_password(token, password=form.password.data or "", visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: _password_page(token, form, problem))
    return _authenticator_page(token, offer)


@pages.get("/<token>/code")
@public(_WHY)
def ask_code(token: str) -> Response:
    """Step 3: a first code from the authenticator."""
    return _code_page(token, CodeForm())


@pages.post("/<token>/code")
@public(_WHY)
def confirm(token: str) -> Response:
    """Check the code; from then on the account is open and the link is dead."""
    form = CodeForm(request.form)
    if not form.validate():
        return _code_page(token, form)
    try:
        codes = house().desk.confirm_authenticator(token, code=form.digits(), visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: _code_page(token, form, problem))
    if not codes:
        return make_response(render_template("enrol_done.html"))
    page = render_template("enrol_codes.html", token=token, codes=codes, file=file_of(codes))
    return make_response(page)


@pages.get("/<token>/saved")
@public(_WHY)
def ask_saved(token: str) -> Response:
    """One of the codes shows that they are kept somewhere."""
    return _saved_page(token, RecoveryForm())


@pages.post("/<token>/saved")
@public("the link that was just used says whose codes they are; it opens nothing any more")
def saved(token: str) -> Response:
    """Look whether it is one of them; it is not used up."""
    form = RecoveryForm(request.form)
    if not form.validate():
        return _saved_page(token, form)
    try:
        house().desk.saved_at_enrolment(token, code=form.code.data or "", visit=visit())
    except Refused as refusal:
        return with_refusal(
            refusal, lambda found: _saved_page(token, form, Problem("code", found.text))
        )
    return make_response(render_template("enrol_done.html"))


def file_of(codes: Sequence[str]) -> str:
    """Recovery codes as an address that is the file itself: nothing is sent or kept for it."""
    settings = house().settings
    head = _("Recovery codes for %(address)s", address=settings.public_url)
    lines = [head, _("Each works once."), "", *codes, ""]
    body = "\r\n".join(lines).encode("utf-8-sig")  # the mark lets every editor read Chinese
    return "data:text/plain;charset=utf-8;base64," + base64.b64encode(body).decode()


def qr_picture(uri: str) -> Markup:
    """The otpauth URI as an inline SVG. Drawn here, so the secret is in no image file."""
    code = segno.make(uri, error="m", micro=False)
    return Markup(  # noqa: S704 - segno's own drawing: numbers, no text of anybody's
        code.svg_inline(border=4, dark="#14181d", light="#ffffff", svgclass="qr", omitsize=True)
    )


def _authenticator_page(token: str, offer: AuthenticatorOffer) -> Response:
    page = render_template(
        "enrol_authenticator.html", token=token, offer=offer, picture=qr_picture(offer.uri)
    )
    return make_response(page)


def _password_page(token: str, form: NewPasswordForm, problem: Problem | None = None) -> Response:
    invitation = house().desk.invitation(token, now=visit().now)
    if problem is not None:
        problem = Problem("password", problem.text)
    found = [*problems(form), *([problem] if problem else [])]
    template = "enrol_factors.html" if invitation.factors_only else "enrol_password.html"
    page = render_template(template, token=token, form=form, invitation=invitation, problems=found)
    return make_response(page, 422 if found else 200)


def _saved_page(token: str, form: RecoveryForm, problem: Problem | None = None) -> Response:
    return form_page("enrol_saved.html", form, problem, token=token)


def _code_page(token: str, form: CodeForm, problem: Problem | None = None) -> Response:
    invitation = house().desk.invitation(token, now=visit().now)
    if problem is not None:
        problem = Problem("code", problem.text)
    found = [*problems(form), *([problem] if problem else [])]
    page = render_template(
        "enrol_code.html", token=token, form=form, invitation=invitation, problems=found
    )
    return make_response(page, 422 if found else 200)
