"""My recovery codes: making new ones, seeing them once, showing that they are kept."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.answer_forms import form_page
from gateway.web.enrol import file_of
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.forms_factors import RecoveryForm
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("recovery", __name__, url_prefix="/account/factors/recovery")


@pages.get("")
@requires(Permission.ACCOUNT_CHANGE_FACTORS)
def show() -> str:
    """What the codes are for, how many are left, and making new ones."""
    found = [each for each in house().desk.factors(person()) if each.kind == "recovery"]
    return render_template("factors_recovery.html", codes=found[0] if found else None)


@pages.post("")
@requires(Permission.ACCOUNT_CHANGE_FACTORS, fresh=True)
def make() -> Response:
    """New codes, shown on this page and never again."""
    codes = house().desk.make_recovery(person(), visit=visit())
    page = render_template("factors_codes.html", codes=codes, file=file_of(codes))
    return make_response(page)


@pages.get("/saved")
@requires(Permission.ACCOUNT_CHANGE_FACTORS)
def ask_saved() -> Response:
    """One of the codes shows that they are kept somewhere."""
    return _saved_page(RecoveryForm())


@pages.post("/saved")
@requires(Permission.ACCOUNT_CHANGE_FACTORS)
def saved() -> Response:
    """Look whether it is one of theirs; it is not used up."""
    form = RecoveryForm(request.form)
    if not form.validate():
        return _saved_page(form)
    try:
        house().desk.save_recovery(person(), form.code.data or "", visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, lambda found: _saved_page(form, Problem("code", found.text)))
    return told.say(_back(), "recovery_saved")


def _back() -> Response:
    return make_response(redirect(url_for("factors.show"), code=303))


def _saved_page(form: RecoveryForm, problem: Problem | None = None) -> Response:
    return form_page("factors_saved.html", form, problem)
