"""The tests that live among the rules: of a draft, to be edited, and of a published version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request
from flask import url_for as address

from gateway.changes.testing import Asked, CaseProblem
from gateway.refusals import Refused
from gateway.web import moments
from gateway.web.access import requires
from gateway.web.changes import edit, saved
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.i18n import html_lang
from gateway.web.labels_proofs import problem as words_of
from gateway.web.sayings import Sayings
from gateway.web.session import house, person, visit
from policies.cases import Case
from policies.change import phrasing
from policies.change.lexicon import Lexicon
from policies.permissions import Permission
from policies.vocabulary import ANY, METHODS, NETWORKS, USE

pages = Blueprint("change_tests", __name__, url_prefix="/policy/changes")

ACTIONS = (*sorted(METHODS), "read", "export", "print")
FIELDS = ("expect", "who", "place", "action", "network", "strength", "clearance", "at")
FRESH = {"expect": "deny", "action": "GET", "network": "lan", "strength": "2"}
"""A new test's form: what must not be is what people forget to test."""
SHOWN = 200
"""Rules whose score a page shows; the command `hangu policy test` prints all."""


@pages.get("/<ref>/tests")
@requires(Permission.POLICY_READ)
def show(ref: str) -> Response:
    """The tests with their results; `case` puts one into the form."""
    return _page(ref, chosen=request.args.get("case", ""))


@pages.post("/<ref>/tests")
@requires(Permission.POLICY_CHANGE)
def put(ref: str) -> Response:
    """Add the test that was written, or put it in another one's place."""
    form = request.form
    instead = form.get("instead", "")
    try:
        asked = asked_of(form)
        house().desk.put_test(
            person(), ref, edit(), asked, instead=instead, language=html_lang(), visit=visit()
        )
    except CaseProblem as wrong:
        answer = _page(ref, typed=form, instead=instead, problem=problem_of(wrong))
        answer.status_code = 422
        return answer
    except Refused as refusal:
        return with_refusal(
            refusal, lambda found: _page(ref, typed=form, instead=instead, problem=found)
        )
    return _saved(ref)


@pages.post("/<ref>/tests/drop")
@requires(Permission.POLICY_CHANGE)
def drop(ref: str) -> Response:
    """Take a test out."""
    case = request.form.get("case", "")
    try:
        house().desk.drop_test(person(), ref, edit(), case, visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, lambda found: _page(ref, problem=found))
    return _saved(ref)


@pages.get("/versions/<int(max=999999999):seq>/tests")
@requires(Permission.POLICY_READ)
def version(seq: int) -> str:
    """The tests of a published version, and what they would notice of each of its rules."""
    desk = house().desk
    found = desk.proofs(seq, now=g.now)
    if found is None:
        abort(404)
    weak = [each for each in found.scores if each.unnoticed]
    return render_template(
        "version_tests.html",
        seq=seq,
        tests=found.tests,
        weak=weak[:SHOWN],
        more=max(0, len(weak) - SHOWN),
        rules=len(found.scores),
        needed=sum(each.is_needed for each in found.scores),
        say=Sayings.now(g.now),
    )


def asked_of(form: Mapping[str, str]) -> Asked:
    """What a form asks about. Raises CaseProblem for a time that does not exist."""
    at = form.get("at", "").strip()
    moment = moments.of_local(at) if at else None
    if at and moment is None:
        raise CaseProblem("at", "value")
    return Asked(
        expect=form.get("expect", "allow"),
        who=form.get("who", ""),
        place=form.get("place", ""),
        action=form.get("action", ""),
        network=form.get("network", ""),
        strength=form.get("strength", ""),
        clearance=form.get("clearance", ""),
        now=ANY if moment is None else str(int(moment.timestamp())),
    )


def problem_of(wrong: CaseProblem) -> Problem:
    """What is wrong, at its field."""
    return Problem(wrong.field, words_of(wrong))


def choices() -> dict[str, object]:
    """What the selects of the question's form offer."""
    return {"actions": (*ACTIONS, USE), "networks": sorted(NETWORKS)}


def _page(
    ref: str,
    *,
    chosen: str = "",
    typed: Mapping[str, str] | None = None,
    instead: str = "",
    problem: Problem | None = None,
) -> Response:
    desk = house().desk
    card = desk.change(ref, now=g.now)
    tests = desk.draft_tests(ref, now=g.now)
    if tests is None:
        return make_response(redirect(address("change_rules.text", ref=ref), code=303))
    lexicon = desk.lexicon(html_lang(), now=g.now)
    case = next((each.case for each in tests if each.case.id == chosen), None)
    if case is not None:
        typed, instead = _written(case, lexicon), case.id
    return make_response(
        render_template(
            "change_tests.html",
            it=card.dossier,
            tests=tests,
            say=Sayings(lexicon),
            typed=FRESH if typed is None else typed,
            instead=instead,
            may_change=card.dossier.is_open
            and desk.may(person(), Permission.POLICY_CHANGE, now=g.now),
            problems=[] if problem is None else [problem],
            **choices(),
        )
    )


def _written(case: Case, lexicon: Lexicon) -> dict[str, str]:
    """A test as its form holds it."""
    at = ""
    if case.now != ANY:
        at = moments.typed(datetime.fromtimestamp(int(case.now), UTC))
    return {
        "expect": case.expect,
        "who": phrasing.who(case.sub, lexicon),
        "place": phrasing.place(case.obj, lexicon),
        "action": case.act,
        "network": case.net,
        "strength": case.auth,
        "clearance": case.clr,
        "at": at,
    }


def _saved(ref: str) -> Response:
    return saved(make_response(redirect(address(".show", ref=ref), code=303)), ref)
