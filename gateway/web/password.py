"""My password: changing it, and being asked to when the zone's profile says it is too old."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from wtforms import BooleanField, Form, PasswordField
from wtforms.validators import InputRequired, Length

from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.forms import PASSWORD_LIMIT, Problem, problems
from gateway.web.fresh import asks_itself
from gateway.web.i18n import later as _l
from gateway.web.paths import PORTAL, here, inside
from gateway.web.session import house, person, visit, visitor
from policies.permissions import Permission

pages = Blueprint("password", __name__, url_prefix="/account/password")
_TOO_LONG = _l("This is too long")
_OF_NEW = "password_"
"""Codes of refusals that are about the new password."""

OPEN = frozenset({"password", "assets", "language", "sign_in", "sign_out", "ways", "well_known"})
"""Blueprints that answer while a new password is wanted first."""


class ChangeForm(Form):
    """The present password, the new one, and what becomes of the other sessions."""

    current = PasswordField(
        _l("Present password"),
        [
            InputRequired(_l("Enter your present password")),
            Length(max=PASSWORD_LIMIT, message=_TOO_LONG),
        ],
    )
    new = PasswordField(
        _l("New password"),
        [InputRequired(_l("Choose a password")), Length(max=PASSWORD_LIMIT, message=_TOO_LONG)],
    )
    keep_others = BooleanField(_l("Leave my other sessions signed in"))


@pages.get("")
@requires(Permission.ACCOUNT_CHANGE_PASSWORD)
def show() -> Response:
    """The form."""
    return _page(ChangeForm(), inside(request.args.get("next"), otherwise=""))


def _once_more(problem: Problem) -> Response:
    """The form without what was typed: passwords stand on no page."""
    return _page(ChangeForm(), inside(request.form.get("next"), otherwise=""), problem)


@pages.post("")
@asks_itself(_once_more)
@requires(Permission.ACCOUNT_CHANGE_PASSWORD, fresh=True)
def change() -> Response:
    """Replace the password. A wrong present one is counted."""
    form = ChangeForm(request.form)
    target = inside(request.form.get("next"), otherwise="")
    if not form.validate():
        return _page(form, target)
    try:
        house().desk.change_password(
            person(),
            current=form.current.data or "",
            new=form.new.data or "",
            keep_others=bool(form.keep_others.data),
            visit=visit(),
        )
    except Refused as refusal:
        code = refusal.code
        field = "new" if code.startswith(_OF_NEW) else "current"
        return with_refusal(refusal, lambda found: _page(form, target, Problem(field, found.text)))
    response = make_response(redirect(target or url_for("account.show"), code=303))
    return told.say(response, "password_changed")


def due() -> Response | None:
    """Guard: whoever signed in with a password that is too old changes it first.

    A form that was being filled in is not touched by this: only sessions that began after the
    password had grown too old are asked, and they come back to the page they meant.
    """
    found = visitor()
    if found is None or found.service is not None or request.endpoint is None:
        return None
    if request.blueprint in OPEN or request.endpoint == "account.stay":
        return None
    if not house().desk.password_due(found):
        return None
    return make_response(redirect(_address(here() if request.method == "GET" else ""), code=303))


def _address(target: str) -> str:
    address = url_for("password.show")
    return f"{address}?{urlencode({'next': target})}" if target not in {"", PORTAL} else address


def _page(form: ChangeForm, target: str, problem: Problem | None = None) -> Response:
    found = [*problems(form), *([problem] if problem else [])]
    who = person()
    page = render_template(
        "password.html",
        form=form,
        target=target,
        problems=found,
        again=_address(target),
        person=who,
        due=house().desk.password_due(who),
        profile=house().desk.password_profile()[0],
    )
    return make_response(page, 422 if found else 200)
