"""Leaving: the session ends in the data base, then in the browser."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.web.access import public
from gateway.web.headers import FORGET
from gateway.web.i18n import LANGUAGES, is_chinese
from gateway.web.session import house, visit, visitor

pages = Blueprint("sign_out", __name__)


@pages.post("/sign-out")
@public("leaving must work even when the session has just ended")
def leave() -> Response:
    """End this sign-in everywhere and make the browser forget what it kept."""
    here = house()
    if found := visitor():
        here.desk.sign_out(found, visit=visit())
    # Clear-Site-Data takes the language cookie with it, hence the choice in the address.
    language = "zh" if is_chinese() else "en"
    response = make_response(redirect(url_for(".left", language=language), code=303))
    here.cookies.session.drop(response)
    here.cookies.step.drop(response)
    response.headers["Clear-Site-Data"] = FORGET
    return response


@pages.get("/signed-out")
@public("it says only that nobody is signed in")
def left() -> Response:
    """The last page, in the language the person was reading."""
    choice = request.args.get("language", "")
    if choice in LANGUAGES:
        g.language = choice
    response = make_response(render_template("signed_out.html"))
    if choice in LANGUAGES:
        house().cookies.language.put(response, choice)
    return response
