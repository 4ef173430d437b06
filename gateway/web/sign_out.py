"""Leaving: the session ends in the data base, then in the browser."""

from __future__ import annotations

import logging

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.refusals import Refused
from gateway.web.access import public
from gateway.web.headers import FORGET
from gateway.web.session import house, visit, visitor

pages = Blueprint("sign_out", __name__)
log = logging.getLogger("hangu.web")


@pages.post("/sign-out")
@public("leaving must work even when the session has just ended")
def leave() -> Response:
    """End this sign-in everywhere and make the browser forget what it kept."""
    here = house()
    is_over = ended()
    address = url_for(".left") if is_over else url_for(".left", only="here")
    response = make_response(redirect(address, code=303))
    here.cookies.session.drop(response)
    here.cookies.step.drop(response)
    response.headers["Clear-Site-Data"] = FORGET
    return response


@pages.get("/signed-out")
@public("it says only that nobody is signed in")
def left() -> str:
    """The last page."""
    return render_template("signed_out.html", is_over=request.args.get("only") != "here")


def ended() -> bool:
    """End the visitor's sign-in; False if that has to wait.

    The browser is to forget it all the same: nobody may be kept signed in at a shared desk.
    """
    try:
        if found := visitor():
            house().desk.sign_out(found, visit=visit())
    except Refused as why:
        log.warning("a session could not be ended now: %s", why.code)
        return False
    return True
