"""My authenticator app: replacing it by another, or removing it."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.answer_forms import form_page
from gateway.web.enrol import qr_picture
from gateway.web.errors import with_refusal
from gateway.web.forms import CodeForm, Problem
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("authenticator", __name__, url_prefix="/account/factors/authenticator")


@pages.get("")
@requires(Permission.ACCOUNT_CHANGE_FACTORS)
def show() -> str:
    """What replacing or removing it means."""
    return render_template(
        "factors_authenticator.html", kinds={each.kind for each in house().desk.factors(person())}
    )


@pages.post("")
@requires(Permission.ACCOUNT_CHANGE_FACTORS, fresh=True)
def replace() -> Response:
    """First the new key as a picture, then its first code, which makes it the one that counts."""
    if "code" not in request.form:
        offer = house().desk.offer_authenticator(person(), visit=visit())
        page = render_template(
            "factors_authenticator_new.html", offer=offer, picture=qr_picture(offer.uri)
        )
        return make_response(page)
    form = CodeForm(request.form)
    if not form.validate():
        return _code_page(form)
    try:
        house().desk.replace_authenticator(person(), form.digits(), visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, lambda found: _code_page(form, Problem("code", found.text)))
    return told.say(_back(), "authenticator_replaced")


@pages.post("/remove")
@requires(Permission.ACCOUNT_CHANGE_FACTORS, fresh=True)
def remove() -> Response:
    """Codes of the app open nothing from now on."""
    house().desk.remove_authenticator(person(), visit=visit())
    return told.say(_back(), "factor_removed")


def _back() -> Response:
    return make_response(redirect(url_for("factors.show"), code=303))


def _code_page(form: CodeForm, problem: Problem | None = None) -> Response:
    return form_page("factors_authenticator_code.html", form, problem)
