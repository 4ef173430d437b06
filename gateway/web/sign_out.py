"""Leaving: the session ends in the data base, then in the browser."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, url_for

from gateway.web.access import public
from gateway.web.headers import FORGET
from gateway.web.session import house, visit, visitor

pages = Blueprint("sign_out", __name__)


@pages.post("/sign-out")
@public("leaving must work even when the session has just ended")
def leave() -> Response:
    """End this sign-in everywhere and make the browser forget what it kept."""
    here = house()
    if found := visitor():
        here.desk.sign_out(found, visit=visit())
    response = make_response(redirect(url_for(".left"), code=303))
    here.cookies.session.drop(response)
    here.cookies.step.drop(response)
    response.headers["Clear-Site-Data"] = FORGET
    return response


@pages.get("/signed-out")
@public("it says only that nobody is signed in")
def left() -> str:
    """The last page."""
    return render_template("signed_out.html")
