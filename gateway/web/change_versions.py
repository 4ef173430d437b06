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
from gateway.web.i18n import html_lang
from gateway.web.session import house, person, visit
from policies.dossier.dossiers import Stopped
from policies.permissions import Permission

pages = Blueprint("change_versions", __name__, url_prefix="/policy/changes/versions")


@pages.get("/<int(max=999999999):seq>")
@requires(Permission.POLICY_READ)
def version(seq: int) -> Response:
    """A published version against the one before it, in words, and the way back to it."""
    return _version_page(seq)


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
    found = desk.version_difference(seq, language=html_lang(), now=g.now)
    stated = next((each for each in desk.published() if each.seq == seq), None)
    if found is None or stated is None:
        abort(404)
    page = render_template(
        "change_version.html",
        found=found,
        version=stated,
        newest=max(each.seq for each in desk.published()),
        may_change=desk.may(person(), Permission.POLICY_CHANGE, now=g.now),
        typed=request.form,
        problems=[] if problem is None else [problem],
    )
    return make_response(page, 200 if problem is None else 422)
