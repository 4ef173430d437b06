"""Asking the rules: who may, why, what would help; and making a test of the answer."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.changes.refusals import ChangeRefused
from gateway.changes.testing import CaseProblem
from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.change_tests import FRESH, asked_of, choices, problem_of
from gateway.web.desk_proofs import PastDecision
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.i18n import html_lang
from gateway.web.sayings import Sayings
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("asking", __name__, url_prefix="/policy")

ASKED = {**FRESH, "strength": "1"}


@pages.get("/ask")
@requires(Permission.POLICY_READ)
def show() -> Response:
    """The question's form, and under it the answer to what the address asks."""
    number = request.args.get("number", "").strip().lower()
    if number:
        return make_response(redirect(url_for(".decision", decision=number), code=303))
    return _page()


@pages.get("/decisions/<decision>")
@requires(Permission.POLICY_READ)
def decision(decision: str) -> Response:
    """A decision of the log: what was asked, which rules spoke, what would have helped."""
    draft = request.args.get("draft", "")
    found = house().desk.past_decision(person(), decision, draft=draft, visit=visit())
    return _decision(decision, found, draft)


@pages.post("/decisions/<decision>/suggest")
@requires(Permission.POLICY_SUGGEST)
def suggest(decision: str) -> Response:
    """Have the security administrators know that it should become a test."""
    house().desk.suggest_test(person(), decision, visit=visit())
    back = make_response(redirect(url_for(".decision", decision=decision), code=303))
    return told.say(back, "test_suggested")


@pages.post("/tests")
@requires(Permission.POLICY_CHANGE)
def keep() -> Response:
    """Put a test that an answer became into the draft that was chosen."""
    form = request.form
    ref, line = form.get("draft", ""), form.get("line", "")
    try:
        house().desk.keep_test(person(), ref, line, expect=form.get("expect", ""), visit=visit())
    except CaseProblem as wrong:
        answer = _page(problem_of(wrong))
        answer.status_code = 422
        return answer
    except Refused as refusal:
        return with_refusal(refusal, _page)
    back = redirect(url_for("change_tests.show", ref=ref), code=303)
    return told.say(make_response(back), "test_kept")


def _page(problem: Problem | None = None) -> Response:
    desk, language, asked = house().desk, html_lang(), request.args
    explained, who, status = None, None, 200 if problem is None else 422
    if asked.get("place") and problem is None:
        try:
            question, draft = asked_of(asked), asked.get("draft", "")
            if question.who.strip():
                explained = desk.ask_rules(question, draft=draft, language=language, now=g.now)
            else:
                who = desk.ask_who(question, draft=draft, language=language, now=g.now)
        except CaseProblem as wrong:
            problem, status = problem_of(wrong), 422
        except ChangeRefused as refusal:
            return with_refusal(refusal, _page)
    page = render_template(
        "asking.html",
        typed=asked if asked.get("place") else ASKED,
        explained=explained,
        who=who,
        say=Sayings.now(g.now),
        drafts=desk.open_drafts(),
        may_change=desk.may(person(), Permission.POLICY_CHANGE, now=g.now),
        problems=[] if problem is None else [problem],
        **choices(),
    )
    return make_response(page, status)


def _decision(number: str, found: PastDecision, draft: str) -> Response:
    desk, who = house().desk, person()
    return make_response(
        render_template(
            "decision.html",
            number=number,
            entry=found.entry,
            it=found.past,
            seq=_version(found),
            draft=next((each for each in desk.open_drafts() if each.id == draft), None),
            drafts=desk.open_drafts(),
            say=Sayings.now(g.now),
            name=desk.named,
            may_change=desk.may(who, Permission.POLICY_CHANGE, now=g.now),
            may_suggest=desk.may(who, Permission.POLICY_SUGGEST, now=g.now),
            may_search=desk.may(who, Permission.AUDIT_VIEW, now=g.now),
        )
    )


def _version(found: PastDecision) -> int | None:
    """The number of the version that decided, if there is a decision to read."""
    if found.past.recorded is None:
        return None
    name = found.past.recorded.decision.version
    return house().desk.version_of_decision(name, found.entry.at)
