"""How far the log is reviewed, and the second review of what a reviewer did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, url_for

from audit.review.coverage import Day
from gateway.web import audit_words, told
from gateway.web.access import requires
from gateway.web.coverage_map import drawn
from gateway.web.moments import local
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("review_coverage", __name__, url_prefix="/audit/coverage")

DAYS = 28


@pages.get("")
@requires(Permission.AUDIT_SECOND)
def show() -> str:
    """How far each day is reviewed, and who signed."""
    desk = house().desk
    return render_template(
        "review_coverage.html",
        days=_days(),
        signoffs=list(reversed(desk.review_signoffs())),
        unproven=desk.review_unproven(),
        words=audit_words.words_of(desk),
        own=person().current.subject,
        may_review=desk.may(person(), Permission.AUDIT_REVIEW, now=g.now),
    )


@pages.get("/map.svg")
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
    return told.say(make_response(redirect(url_for(".show"), code=303)), "second_signed")


def _days() -> Sequence[Day]:
    today = local(g.now).date()
    since = today - timedelta(days=DAYS - 1)
    return house().desk.review_coverage(since=since, count=DAYS, now=g.now)
