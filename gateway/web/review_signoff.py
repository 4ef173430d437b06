"""Sign-off of the log: look through what was entered since the last one, and sign."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from audit.query import BadQuery, Query
from audit.review.signed import STANDARD
from gateway.web import audit_words, told
from gateway.web.access import requires
from gateway.web.audit import address_of, number
from gateway.web.desk_review import Bounds
from gateway.web.review_refusals import SignoffStale, SignoffTerms
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("review_signoff", __name__, url_prefix="/audit/review")


@pages.get("")
@requires(Permission.AUDIT_REVIEW)
def show() -> str:
    """What waits for review: a page of entries, what they are, and the form to sign."""
    desk, query = house().desk, _query(request.args.get("filter"))
    night = desk.review_night(
        person(), query, low=number("low"), page_from=number("from"), visit=visit()
    )
    return render_template(
        "review_signoff.html",
        night=night,
        query=query,
        is_standard=query == STANDARD,
        words=audit_words.words_of(desk),
        search=address_of(query),
    )


@pages.post("/sign")
@requires(Permission.AUDIT_REVIEW, fresh=True)
def sign() -> Response:
    """Sign it off."""
    form = request.form
    try:
        root = bytes.fromhex(form.get("root", ""))
        low, high, size = (int(form.get(name, "")) for name in ("low", "high", "size"))
    except ValueError:
        raise SignoffStale("form") from None
    bounds = Bounds(low=low, high=high, size=size, root=root)
    query = _query(form.get("filter"))
    house().desk.review_sign(person(), bounds, query, note=form.get("note", ""), visit=visit())
    return told.say(_to_map(), "signed_off")


def _query(text: str | None) -> Query:
    """The filter of the address; the standard one if it names none."""
    if text is None:
        return STANDARD
    try:
        return Query.of_text(text)
    except BadQuery as bad:
        raise SignoffTerms(str(bad)) from None


def _to_map() -> Response:
    return make_response(redirect(url_for("review_coverage.show"), code=303))
