"""The language switch: a small form at the head of every page."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, redirect, request

from gateway.web.access import Place, public
from gateway.web.i18n import LANGUAGES
from gateway.web.paths import inside
from gateway.web.session import house

pages = Blueprint("language", __name__)


@pages.post("/.hangu/language")
@public("strangers choose a language too; it changes nothing but a cookie", place=Place.BOTH)
def choose() -> Response:
    """Remember the language for a year and go back to the page the reader came from."""
    choice = request.form.get("language", "")
    if choice not in LANGUAGES:
        abort(400)
    response = make_response(redirect(inside(request.form.get("back")), code=303))
    house().cookies.language.put(response, choice)
    return response
