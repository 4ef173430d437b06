"""A published version of the rules: how it differs from the one before, and the way back to it."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.changes.refusals import ChangeRefused
from gateway.web.access import requires
from gateway.web.change_terms import problems_of
from gateway.web.forms import Problem
from gateway.web.sayings import Sayings
from gateway.web.session import house, person, visit
from policies.dossier.dossiers import Stopped
from policies.permissions import Permission

pages = Blueprint("change_versions", __name__, url_prefix="/policy/changes/versions")


@pages.get("/<int(max=999999999):seq>")
@requires(Permission.POLICY_READ)
def version(seq: int) -> Response:
    """A published version against the one before it, in words, and the way back to it."""
    return _version_page(seq)


@pages.get("/<int(max=999999999):seq>/rules/<rule>")
@requires(Permission.POLICY_READ)
def rule(seq: int, rule: str) -> str:
    """A rule as a version holds it, and whose hands brought it."""
    desk = house().desk
    found = desk.rule_of_version(seq, rule)
    if found is None:
        abort(404)
    row, since = found
    case = desk.change_of_version(since)
    return render_template(
        "version_rule.html",
        rule=row,
        seq=seq,
        version=next(each for each in desk.published() if each.seq == since),
        case=None if case is None else desk.change(case, now=g.now),
        say=Sayings.now(g.now),
    )


@pages.post("/<int(max=999999999):seq>")
@requires(Permission.POLICY_CHANGE)
def return_to(seq: int) -> Response:
    """Open a change that returns to it."""
    why = request.form.get("why", "")
    try:
        ref = house().desk.return_to_version(person(), seq, why=why, visit=visit())
    except (ChangeRefused, Stopped) as refusal:
        return _version_page(seq, Problem("why", problems_of(refusal)[0].text))
    return make_response(redirect(url_for("changes.one", ref=ref), code=303))


def _version_page(seq: int, problem: Problem | None = None) -> Response:
    desk = house().desk
    found, published = desk.version_difference(seq), desk.published()
    stated = next((each for each in published if each.seq == seq), None)
    if found is None or stated is None:
        abort(404)
    case = desk.change_of_version(seq)
    page = render_template(
        "change_version.html",
        found=found,
        version=stated,
        case=None if case is None else desk.change(case, now=g.now),
        say=Sayings.now(g.now),
        newest=max(each.seq for each in published),
        may_change=desk.may(person(), Permission.POLICY_CHANGE, now=g.now),
        typed=request.form,
        problems=[] if problem is None else [problem],
    )
    return make_response(page, 200 if problem is None else 422)
