"""Attempts to sign in under my name, and 「不是我」: one click and a confirmation."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template

from gateway.identity.tables_guards import Tried
from gateway.web.access import requires
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("sign_ins", __name__, url_prefix="/account/sign-ins")


@pages.get("")
@requires(Permission.ACCOUNT_VIEW)
def show() -> str:
    """When, from where, with which browser, and how it ended; the failed ones as well."""
    who = person()
    return render_template(
        "sign_ins.html",
        attempts=house().desk.attempts(who),
        ref=who.current.session_ref,
        accepted=Tried.ACCEPTED,
    )


@pages.get("/<uuid:attempt_id>/not-me")
@requires(Permission.ACCOUNT_DISOWN)
def ask(attempt_id: UUID) -> str:
    """What will happen, before it does."""
    who = person()
    return render_template(
        "not_me.html", attempt=house().desk.attempt(who, attempt_id), ref=who.current.session_ref
    )


@pages.post("/<uuid:attempt_id>/not-me")
@requires(Permission.ACCOUNT_DISOWN)
def disown(attempt_id: UUID) -> Response:
    """Lock the account and report it. This session ends with all others."""
    here = house()
    locked = here.desk.disown(person(), attempt_id, visit=visit())
    response = make_response(render_template("not_me_done.html", locked=locked))
    here.cookies.session.drop(response)
    here.cookies.device.drop(response)
    return response
