"""The rules at work: which worker decides by which version, and where the engines disagree."""

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
from wtforms import Form, TextAreaField
from wtforms.validators import InputRequired, Length

from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem, problems
from gateway.web.i18n import later as _l
from gateway.web.session import house, person, visit
from policies.disagreements import MAX_REASON
from policies.permissions import Permission

pages = Blueprint("policy_workers", __name__, url_prefix="/policy")


class CloseForm(Form):
    """What became of a disagreement."""

    why = TextAreaField(
        _l("What became of it"),
        [
            InputRequired(_l("Say what the cause was, and what was done about it")),
            Length(max=MAX_REASON, message=_l("This is too long")),
        ],
    )


@pages.get("/workers")
@requires(Permission.POLICY_VIEW)
def show() -> str:
    """The workers, what the second look found, and the versions so far."""
    desk = house().desk
    return render_template(
        "policy_workers.html",
        found=desk.convergence(now=g.now),
        silence=int(desk.longest_silence().total_seconds()),
        disagreements=desk.disagreements(),
        versions=desk.published(),
        may_read=desk.may(person(), Permission.POLICY_READ, now=g.now),
    )


@pages.get("/disagreements/<ref>")
@requires(Permission.POLICY_VIEW)
def one(ref: str) -> Response:
    """The evidence of one disagreement, and the form to settle it."""
    return _page(ref, CloseForm())


@pages.post("/disagreements/<ref>")
@requires(Permission.POLICY_CLOSE_ALARM)
def close(ref: str) -> Response:
    """Settle it with a reason."""
    form = CloseForm(request.form)
    if not form.validate():
        return _page(ref, form)
    try:
        house().desk.close_disagreement(person(), ref, why=form.why.data or "", visit=visit())
    except Refused as refusal:
        return with_refusal(refusal, lambda found: _page(ref, form, found))
    return told.say(make_response(redirect(url_for(".show"), code=303)), "disagreement_closed")


def _page(ref: str, form: CloseForm, problem: Problem | None = None) -> Response:
    desk = house().desk
    evidence = next((each for each in desk.disagreements() if each.id == ref), None)
    if evidence is None:
        abort(404)
    found = [*problems(form), *([problem] if problem else [])]
    page = render_template(
        "policy_disagreement.html",
        it=evidence,
        form=form,
        problems=found,
        may_close=desk.may(person(), Permission.POLICY_CLOSE_ALARM, now=g.now),
        longest=MAX_REASON,
        again=url_for(".one", ref=ref),
    )
    return make_response(page, 422 if found else 200)
