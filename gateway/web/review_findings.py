"""The queue of findings: look, take, decide, suppress, hand over. The address is the filter."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from audit.query import FIELDS, Query
from audit.review.finding import OPEN, Disposition, Finding, State
from audit.review.queue import PAGE, Wanted
from audit.review.rule import LEVELS
from gateway.refusals import Refused
from gateway.web import audit_asked, audit_words, forms_review, labels_review, told
from gateway.web.access import requires
from gateway.web.audit import address_of
from gateway.web.charts import Series, bars
from gateway.web.desk_review import Verdict
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.i18n import _
from gateway.web.moments import local
from gateway.web.review_refusals import DecisionIncomplete, SuppressionTerms
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("review_findings", __name__, url_prefix="/audit/findings")

DAYS = 90
DIGITS = 9


@pages.get("")
@requires(Permission.AUDIT_VIEW)
def show() -> str:
    """The queue."""
    return _queue()


@pages.post("/decide")
@requires(Permission.AUDIT_REVIEW)
def decide_all() -> Response:
    """Resolve everything that the address shows."""
    verdict, expected = _verdict(State.RESOLVED), request.form.get("expected", "")
    try:
        house().desk.review_decide_all(
            person(), wanted(), verdict, expected=_whole(expected), visit=visit()
        )
    except Refused as refusal:
        lacks = forms_review.verdict_lacks(request.form, State.RESOLVED)
        return _shown(refusal, _queue, lacks)
    return told.say(_to(url_for(".show")), "findings_decided", count=expected)


@pages.get("/suppressions")
@requires(Permission.AUDIT_VIEW)
def suppressions() -> str:
    """What is not asked about at present."""
    desk = house().desk
    return render_template(
        "review_suppressions.html",
        found=desk.review_suppressions(),
        words=audit_words.words_of(desk),
        rule_title=_titles(),
        last_moment=lambda each: each.until - timedelta(seconds=1),
        may_review=desk.may(person(), Permission.AUDIT_REVIEW, now=g.now),
    )


@pages.post("/suppressions/<uuid:suppression>/end")
@requires(Permission.AUDIT_REVIEW)
def unsuppress(suppression: UUID) -> Response:
    """Ask again."""
    house().desk.review_unsuppress(person(), suppression, visit=visit())
    return told.say(_to(url_for(".suppressions")), "suppression_ended")


@pages.get("/figures")
@requires(Permission.AUDIT_VIEW)
def figures() -> str:
    """By rule: how many, how fast, how many in vain."""
    found = house().desk.review_figures(since=g.now - timedelta(days=DAYS))
    return render_template(
        "review_figures.html", found=found, rule_title=_titles(), spent=labels_review.spent
    )


@pages.get("/figures.svg")
@requires(Permission.AUDIT_VIEW)
def picture() -> Response:
    """The same, drawn."""
    found = house().desk.review_figures(since=g.now - timedelta(days=DAYS))
    name = _titles()
    svg = bars(
        _("Findings by rule"),
        [name(each.rule) for each in found],
        [Series(_("Findings"), [each.findings for each in found])],
    )
    return Response(svg, content_type="image/svg+xml; charset=utf-8")


@pages.get("/<uuid:finding>")
@requires(Permission.AUDIT_VIEW)
def one(finding: UUID) -> str:
    """One finding."""
    return _finding(finding)


@pages.post("/<uuid:finding>/take")
@requires(Permission.AUDIT_REVIEW)
def take(finding: UUID) -> Response:
    """Work on it."""
    version = _whole(request.form.get("version", ""))
    desk = house().desk
    return _tried(
        finding,
        lambda: desk.review_take(person(), finding, version=version, visit=visit()),
        "finding_taken",
    )


@pages.post("/<uuid:finding>/decide")
@requires(Permission.AUDIT_REVIEW)
def decide(finding: UUID) -> Response:
    """Move it on, with the reason."""
    verdict = _verdict(request.form.get("state", ""))
    version = _whole(request.form.get("version", ""))
    desk = house().desk
    return _tried(
        finding,
        lambda: desk.review_decide(person(), finding, verdict, version=version, visit=visit()),
        "finding_decided",
        forms_review.verdict_lacks(request.form, verdict.state),
    )


@pages.post("/<uuid:finding>/note")
@requires(Permission.AUDIT_REVIEW)
def remark(finding: UUID) -> Response:
    """Add a note."""
    text, desk = request.form.get("note", ""), house().desk
    return _tried(
        finding,
        lambda: desk.review_remark(person(), finding, text, visit=visit()),
        "finding_noted",
        forms_review.note_lacks(request.form),
    )


@pages.post("/<uuid:finding>/suppress")
@requires(Permission.AUDIT_REVIEW)
def suppress(finding: UUID) -> Response:
    """Ask no more about the like of it until a day."""
    form, desk = request.form, house().desk
    key = desk.review_finding(person(), finding, visit=visit()).finding.key

    def act() -> None:
        desk.review_suppress(
            person(),
            finding,
            form.getlist("fields"),
            until=forms_review.day_of(form.get("until", "")),
            reason=form.get("suppress_reason", ""),
            visit=visit(),
        )

    lacks = forms_review.suppression_lacks(form, form.getlist("fields"), key, now=g.now)
    return _tried(finding, act, "finding_suppressed", lacks)


@pages.post("/<uuid:finding>/handover")
@requires(Permission.AUDIT_REVIEW)
def hand_over(finding: UUID) -> Response:
    """The file for the incident desk; that it was made is on record."""
    file = house().desk.review_hand_over(person(), finding, visit=visit())
    body = json.dumps(file, ensure_ascii=False, indent=2).encode()
    response = Response(body, content_type="application/json; charset=utf-8")
    name = f"hangu-finding-{str(finding)[:8]}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def wanted() -> Wanted:
    """The filter of the address; what is no filter is passed over."""
    given = request.args
    states = tuple(each for each in given.getlist("state") if each in set(State))
    levels = given.get("level", "")
    return Wanted(
        states=states or OPEN,
        rule=given.get("rule", "")[:40],
        owner=person().current.subject if given.get("mine") == "y" else "",
        level=levels if levels in LEVELS else "",
        suppressed=given.get("suppressed") == "y",
    )


def _queue(problems: Sequence[Problem] = ()) -> str:
    desk, asked = house().desk, wanted()
    skip = min(_whole(request.args.get("skip", "")), 100_000)
    found, count = desk.review_findings(person(), asked, skip=skip, visit=visit())
    kept = [(n, v) for n, v in request.args.items(multi=True) if n not in {"skip", "lang"}]
    return render_template(
        "review_findings.html",
        found=found,
        count=count,
        skip=skip,
        page=PAGE,
        asked=asked,
        kept=_names(kept),
        address=lambda skip: url_for(".show", skip=skip, **_names(kept)),
        words=audit_words.words_of(desk),
        rules=desk.review_rules(),
        may_review=desk.may(person(), Permission.AUDIT_REVIEW, now=g.now),
        dispositions=list(Disposition),
        levels=LEVELS,
        problems=problems,
        typed=request.form,
    )


def _names(kept: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The filter for another address; what is Flask's own name is none of a filter's."""
    filters = {"state", "rule", "level", "mine", "suppressed"}
    return {name: value for name, value in kept if name in filters}


def _finding(finding: UUID, problems: Sequence[Problem] = ()) -> str:
    desk = house().desk
    seen = desk.review_finding(person(), finding, visit=visit())
    return render_template(
        "review_finding.html",
        seen=seen,
        timeline=_timelines(seen.finding),
        around=address_of(audit_asked.around(seen.finding.first, seen.finding.last)),
        words=audit_words.words_of(desk),
        may_review=desk.may(person(), Permission.AUDIT_REVIEW, now=g.now),
        own=person().current.subject,
        dispositions=list(Disposition),
        problems=problems,
        typed=request.form,
        today=local(g.now).date(),
        latest=forms_review.last_day(g.now),
    )


def _timelines(finding: Finding) -> dict[str, str]:
    """The address of a search for each value that the finding is about, as far as there is one."""
    known = {name: value for name, value in finding.key.items() if name in FIELDS}
    return {name: address_of(Query(include={name: (value,)})) for name, value in known.items()}


def _tried(
    finding: UUID, act: Callable[[], None], sentence: str, lacks: Sequence[Problem] = ()
) -> Response:
    try:
        act()
    except Refused as refusal:
        if refusal.code == "review_unknown":
            raise
        return _shown(refusal, lambda problems: _finding(finding, problems), lacks)
    return told.say(_to(url_for(".one", finding=finding)), sentence)


def _shown(
    refusal: Refused, page: Callable[[Sequence[Problem]], str], lacks: Sequence[Problem]
) -> Response:
    """The page with the refusal; what the form `lacks` says more than that it lacks something."""
    says_more = refusal.code in {DecisionIncomplete.code, SuppressionTerms.code} and lacks
    return with_refusal(
        refusal, lambda problem: make_response(page(lacks if says_more else [problem]))
    )


def _titles() -> Callable[[str], str]:
    known = {each.name: each.rule for each in house().desk.review_rules()}
    return lambda name: labels_review.title(known.get(name)) or name


def _verdict(state: str) -> Verdict:
    form = request.form
    return Verdict(
        state=state, disposition=form.get("disposition", ""), reason=form.get("reason", "")
    )


def _whole(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= DIGITS
    return int(text) if is_number else 0


def _to(address: str) -> Response:
    return make_response(redirect(address, code=303))
