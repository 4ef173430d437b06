"""Evidence packages: what a search shows, or a finding's entries, in a file that proves itself."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request

from audit.query import BadQuery, Query
from audit.review.evidence import MOST
from gateway.refusals import Refused
from gateway.web import audit_asked
from gateway.web.access import requires
from gateway.web.audit import address_of
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.review_refusals import EvidenceNothing
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("review_evidence", __name__, url_prefix="/audit/evidence")


@pages.get("")
@requires(Permission.AUDIT_REVIEW)
def show() -> str:
    """The form; the address says what goes in."""
    return _page(request.args.get("filter", ""), request.args.get("finding", ""), None)


@pages.post("")
@requires(Permission.AUDIT_REVIEW, fresh=True)
def make() -> Response:
    """Make it and hand it out."""
    form = request.form
    text, finding = form.get("filter", ""), form.get("finding", "")
    try:
        package = house().desk.review_evidence(
            person(),
            _query(text),
            _numbers(finding),
            why=form.get("why", ""),
            to=form.get("to", ""),
            visit=visit(),
        )
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: make_response(_page(text, finding, problem)))
    response = Response(package.data, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{package.name}"'
    return response


def _query(text: str) -> Query:
    try:
        return Query.of_text(text)
    except BadQuery as bad:
        raise EvidenceNothing(str(bad)) from None


def _numbers(finding: str) -> Sequence[int] | None:
    if not finding:
        return None
    try:
        which = UUID(finding)
    except ValueError:
        raise EvidenceNothing(finding) from None
    return house().desk.review_finding(person(), which, visit=visit()).numbers


def _page(text: str, finding: str, problem: Problem | None) -> str:
    desk, query, numbers = house().desk, _query(text), _numbers(finding)
    return render_template(
        "review_evidence.html",
        text=text,
        finding=finding,
        numbers=numbers,
        chips=audit_asked.chips(query, desk, address_of),
        query=query,
        search=address_of(query),
        most=MOST,
        first_key=desk.first_key(),
        typed=request.form,
        problems=[] if problem is None else [problem],
    )
