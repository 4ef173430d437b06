"""Evidence packages: what a search shows, or a finding's entries, in a file that proves itself."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request

from audit.query import BadQuery, Query
from audit.review.evidence import MOST
from gateway.refusals import Refused
from gateway.web import audit_asked, forms_review
from gateway.web.access import requires
from gateway.web.audit import address_of
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.fresh import asks_itself
from gateway.web.review_refusals import EvidenceNothing, EvidencePurpose
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("review_evidence", __name__, url_prefix="/audit/evidence")


@pages.get("")
@requires(Permission.AUDIT_REVIEW)
def show() -> str:
    """The form; the address says what goes in."""
    return _page(request.args)


def _once_more(*problems: Problem) -> Response:
    """The form with all that was typed but the code."""
    return make_response(_page(request.form, *problems))


@pages.post("")
@asks_itself(_once_more)
@requires(Permission.AUDIT_REVIEW, fresh=True)
def make() -> Response:
    """Make it and hand it out."""
    form = request.form
    try:
        package = house().desk.review_evidence(
            person(),
            _query(form.get("filter", "")),
            _id(form.get("finding", "")),
            why=form.get("why", ""),
            to=form.get("to", ""),
            visit=visit(),
        )
    except Refused as refusal:
        lacks = forms_review.purpose_lacks(form) if refusal.code == EvidencePurpose.code else ()
        return with_refusal(refusal, lambda problem: _once_more(*(lacks or [problem])))
    response = Response(package.data, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{package.name}"'
    return response


def _query(text: str) -> Query:
    try:
        return Query.of_text(text)
    except BadQuery as bad:
        raise EvidenceNothing(str(bad)) from None


def _id(finding: str) -> UUID | None:
    if not finding:
        return None
    try:
        return UUID(finding)
    except ValueError:
        raise EvidenceNothing(finding) from None


def _page(given: Mapping[str, str], *problems: Problem) -> str:
    desk, text, which = house().desk, given.get("filter", ""), _id(given.get("finding", ""))
    query, of = _query(text), None
    if which is not None:
        of = desk.review_finding(person(), which, visit=visit())
    return render_template(
        "review_evidence.html",
        text=text,
        of=of,
        chips=audit_asked.chips(query, desk, address_of),
        query=query,
        search=address_of(query),
        most=MOST,
        first_key=desk.first_key(),
        typed=request.form,
        problems=problems,
    )
