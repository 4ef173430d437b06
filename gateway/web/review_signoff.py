"""Sign-off of the log: the night, the second review, the coverage map."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from audit.query import BadQuery, Query
from audit.review.coverage import Day
from audit.review.signing import STANDARD
from gateway.web import audit_words, told
from gateway.web.access import requires
from gateway.web.audit import address_of, number
from gateway.web.coverage_map import drawn
from gateway.web.desk_review import Bounds
from gateway.web.moments import local
from gateway.web.review_refusals import SignoffStale, SignoffTerms
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("review_signoff", __name__, url_prefix="/audit/review")

DAYS = 28


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


@pages.get("/coverage")
@requires(Permission.AUDIT_SECOND)
def coverage() -> str:
    """How far each day is reviewed, and who signed."""
    desk = house().desk
    return render_template(
        "review_coverage.html",
        days=_days(),
        signoffs=list(reversed(desk.review_signoffs())),
        words=audit_words.words_of(desk),
        own=person().current.subject,
        may_review=desk.may(person(), Permission.AUDIT_REVIEW, now=g.now),
    )


@pages.get("/coverage.svg")
@requires(Permission.AUDIT_SECOND)
def picture() -> Response:
    """The map, drawn."""
    return Response(drawn(_days()), content_type="image/svg+xml; charset=utf-8")


@pages.get("/second/<uuid:signoff>")
@requires(Permission.AUDIT_SECOND)
def own(signoff: UUID) -> str:
    """What the reviewer of a sign-off did in its range."""
    desk = house().desk
    known, acts = desk.review_own(person(), signoff, visit=visit())
    return render_template(
        "review_second.html",
        signoff=known,
        acts=acts,
        words=audit_words.words_of(desk),
        own=person().current.subject,
    )


@pages.post("/second/<uuid:signoff>")
@requires(Permission.AUDIT_SECOND, fresh=True)
def second(signoff: UUID) -> Response:
    """Sign for them."""
    house().desk.review_second(person(), signoff, visit=visit())
    return told.say(_to_map(), "second_signed")


def _query(text: str | None) -> Query:
    """The filter of the address; the standard one if it names none."""
    if text is None:
        return STANDARD
    try:
        return Query.of_text(text)
    except BadQuery as bad:
        raise SignoffTerms(str(bad)) from None


def _days() -> Sequence[Day]:
    today = local(g.now).date()
    since = today - timedelta(days=DAYS - 1)
    return house().desk.review_coverage(since=since, count=DAYS, now=g.now)


def _to_map() -> Response:
    return make_response(redirect(url_for(".coverage"), code=303))
