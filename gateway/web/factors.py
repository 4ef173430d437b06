"""My passkeys, and the list of everything I sign in with.

Every change asks for a fresh proof first (`fresh=True`); the pages with two stages are one
route, so that the proof for the first stage holds for the second.
"""

from __future__ import annotations

from uuid import UUID

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.identity.factor_views import FactorView
from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.answer_forms import form_page
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.forms_factors import PasskeyForm
from gateway.web.passkey_due import sign_in_again
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("factors", __name__, url_prefix="/account/factors")


@pages.get("")
@requires(Permission.ACCOUNT_VIEW)
def show() -> str:
    """Everything I sign in with, and what I should see to."""
    who, desk = person(), house().desk
    found = desk.factors(who)
    return render_template(
        "factors.html",
        factors=found,
        kinds={each.kind for each in found},
        keys=[each for each in found if each.kind == "passkey"],
        reminders=desk.reminders(who, now=g.now),
    )


@pages.get("/confirm-options")
@requires(Permission.ACCOUNT_VIEW)
def confirm_options() -> Response:
    """What the browser asks the device for, to confirm an act."""
    act = request.args.get("act", "")
    return as_json(house().desk.fresh_passkey(person(), act=act, visit=visit()))


@pages.get("/passkeys/new")
@requires(Permission.ACCOUNT_CHANGE_FACTORS)
def new_passkey() -> Response:
    """What a passkey is, and how it will be called."""
    return _name_page(PasskeyForm())


@pages.get("/passkeys/options")
@requires(Permission.ACCOUNT_CHANGE_FACTORS)
def passkey_options() -> Response:
    """What the browser asks the device for, to make a passkey."""
    return as_json(house().desk.passkey_creation(person(), visit=visit()))


@pages.post("/passkeys")
@requires(Permission.ACCOUNT_CHANGE_FACTORS, fresh=True)
def add_passkey() -> Response:
    """First the page on which the device is asked, then, with its answer, the passkey itself."""
    form = PasskeyForm(request.form)
    if not form.validate():
        return _name_page(form)
    name, answer = form.name.data or "", request.form.get("passkey", "")
    if not answer:
        return make_response(render_template("factors_passkey_make.html", name=name))
    who, here = person(), house()
    was_owed = here.desk.passkey_owed(who)
    try:
        here.desk.add_passkey(who, name=name, answer=answer, visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, lambda found: _name_page(form, Problem("name", found.text)))
    if was_owed is not None:  # from now on this person signs in with it
        return sign_in_again(new=True)
    return told.say(_back(), "passkey_added", name=name)


@pages.get("/passkeys/<uuid:key>")
@requires(Permission.ACCOUNT_CHANGE_FACTORS)
def passkey(key: UUID) -> Response:
    """One passkey: its name, and removing it."""
    return _key_page(key, PasskeyForm(name=_own(key).name))


@pages.post("/passkeys/<uuid:key>/rename")
@requires(Permission.ACCOUNT_CHANGE_FACTORS)
def rename_passkey(key: UUID) -> Response:
    """Another name; it changes nothing else."""
    form = PasskeyForm(request.form)
    if not form.validate():
        return _key_page(key, form)
    try:
        house().desk.rename_passkey(person(), key, form.name.data or "", visit=visit())
    except Refused as refusal:
        return with_refusal(
            refusal, lambda found: _key_page(key, form, Problem("name", found.text))
        )
    return told.say(_back(), "passkey_renamed")


@pages.post("/passkeys/<uuid:key>/remove")
@requires(Permission.ACCOUNT_CHANGE_FACTORS, fresh=True)
def remove_passkey(key: UUID) -> Response:
    """It opens nothing from now on."""
    house().desk.remove_passkey(person(), key, visit=visit())
    return told.say(_back(), "factor_removed")


def as_json(text: str) -> Response:
    """Options for the script, which are JSON already."""
    return Response(text, content_type="application/json")


def _own(key: UUID) -> FactorView:
    found = [each for each in house().desk.factors(person()) if each.id == key]
    if not found:
        abort(404)
    return found[0]


def _back() -> Response:
    return make_response(redirect(url_for(".show"), code=303))


def _name_page(form: PasskeyForm, problem: Problem | None = None) -> Response:
    owed = house().desk.passkey_owed(person())
    return form_page("factors_passkey.html", form, problem, owed=owed)


def _key_page(key: UUID, form: PasskeyForm, problem: Problem | None = None) -> Response:
    return form_page("factors_passkey_change.html", form, problem, key=_own(key))
