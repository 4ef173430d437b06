"""Rules of the review: read, change, test against the past, switch on and off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from audit.review.rule_node import BadRule
from audit.review.rulebook import Kept
from gateway.refusals import Refused
from gateway.web import audit_words, labels_review, told
from gateway.web.access import requires
from gateway.web.desk_review import Ruling
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("review_rules", __name__, url_prefix="/audit/review-rules")

DAYS = 30
DIGITS = 8
UNPROCESSABLE = 422


@pages.get("")
@requires(Permission.AUDIT_SECOND)
def show() -> str:
    """Every rule, those that are off first: both offices see what is not looked for."""
    desk = house().desk
    return render_template(
        "review_rules.html",
        rules=sorted(desk.review_rules(), key=lambda each: (each.is_on, each.name)),
        words=audit_words.words_of(desk),
        may_review=desk.may(person(), Permission.AUDIT_REVIEW, now=g.now),
    )


@pages.get("/new")
@requires(Permission.AUDIT_REVIEW)
def new() -> str:
    """A new rule, from one that is shipped."""
    return _page((), {"text": _example(), "is_on": ""})


@pages.get("/<name>")
@requires(Permission.AUDIT_SECOND)
def one(name: str) -> str:
    """One rule with its versions."""
    versions = house().desk.review_rule(name)
    return _page(versions, {"text": versions[0].text, "is_on": "y" if versions[0].is_on else ""})


@pages.post("/test")
@requires(Permission.AUDIT_REVIEW)
def test() -> Response | str:
    """What it would have found in the last 30 days; nothing is kept."""
    try:
        rule, found = house().desk.review_rehearse(person(), _text(), days=DAYS, visit=visit())
    except BadRule as bad:
        return _bad(bad)
    return _page(_versions(), request.form, rehearsed=found, rule=rule)


@pages.post("/save")
@requires(Permission.AUDIT_REVIEW)
def save() -> Response | str:
    """Keep it as a new version."""
    form, versions = request.form, _versions()
    ruling = Ruling(
        text=_text(),
        name=versions[0].name if versions else None,
        is_on=form.get("is_on") == "y",
        over=_over(versions),
        why=form.get("why", ""),
    )
    try:
        kept = house().desk.review_rule_save(person(), ruling, visit=visit())
    except BadRule as bad:
        return _bad(bad)
    except Refused as refusal:
        return with_refusal(
            refusal, lambda problem: make_response(_page(versions, form, problem=problem))
        )
    response = make_response(redirect(url_for(".one", name=kept.name), code=303))
    return told.say(response, "review_rule_kept")


def _bad(bad: BadRule) -> Response:
    problem = Problem("text", labels_review.bad_rule(bad))
    return make_response(_page(_versions(), request.form, problem=problem), UNPROCESSABLE)


def _versions() -> Sequence[Kept]:
    """The versions of the rule that the form was opened for; none for a new one."""
    name = request.form.get("name", "")
    return house().desk.review_rule(name) if name else ()


def _over(versions: Sequence[Kept]) -> int | None:
    given = request.form.get("over", "")
    if not versions:
        return None
    return int(given) if given.isascii() and given.isdigit() and len(given) <= DIGITS else -1


def _text() -> str:
    return request.form.get("text", "").replace("\r\n", "\n")


def _example() -> str:
    return next(kept.text for kept in house().desk.review_rules() if kept.rule is not None)


def _page(
    versions: Sequence[Kept],
    typed: Mapping[str, str],
    *,
    problem: Problem | None = None,
    **more: object,
) -> str:
    desk = house().desk
    return render_template(
        "review_rule.html",
        versions=versions,
        kept=versions[0] if versions else None,
        typed=typed,
        words=audit_words.words_of(desk),
        may_review=desk.may(person(), Permission.AUDIT_REVIEW, now=g.now),
        problems=[] if problem is None else [problem],
        days=DAYS,
        **more,
    )
