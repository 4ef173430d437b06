"""Reports of sign-ins that were not the person's own: the security administrator's queue."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from wtforms import Form, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length

from gateway.identity.reports import REASON, Decision
from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem, problems
from gateway.web.i18n import later as _l
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("reports", __name__, url_prefix="/reports")

DECISIONS = {
    Decision.ENROLMENT: _l("New enrolment link: password and authenticator are made anew"),
    Decision.UNLOCKED: _l("Unlock after a talk: it was a mistake, nothing else changes"),
    Decision.KEPT: _l("Leave it as it is: a locked account stays disabled"),
}


class DecisionForm(Form):
    """What becomes of the report, and why."""

    decision = StringField(
        _l("Decision"),
        [AnyOf([each.value for each in Decision], message=_l("Choose what is to happen"))],
    )
    reason = TextAreaField(
        _l("Reason"),
        [
            InputRequired(_l("Say what you found out, and from whom")),
            Length(max=REASON, message=_l("This is too long")),
        ],
    )


@pages.get("/")
@requires(Permission.REPORT_VIEW)
def show() -> str:
    """What waits, and what was decided last."""
    desk = house().desk
    return render_template(
        "reports.html", waiting=desk.reports(), decided=desk.reports_decided(), words=DECISIONS
    )


@pages.get("/<uuid:report_id>")
@requires(Permission.REPORT_VIEW)
def one(report_id: UUID) -> Response:
    """One report with its sign-in, and the form to decide it."""
    return _page(report_id, DecisionForm())


@pages.post("/<uuid:report_id>")
@requires(Permission.REPORT_CLOSE, fresh=True)
def close(report_id: UUID) -> Response:
    """Decide it. A new link is shown once, on the answer itself."""
    form = DecisionForm(request.form)
    if not form.validate():
        return _page(report_id, form)
    decision = Decision(form.decision.data or "")
    try:
        token = house().desk.close_report(
            person(), report_id, decision, reason=form.reason.data or "", visit=visit()
        )
    except Refused as refusal:
        return with_refusal(refusal, lambda found: _page(report_id, form, found))
    if token is None:
        return told.say(make_response(redirect(url_for(".show"), code=303)), "report_closed")
    link = house().settings.public_url + url_for("enrol.welcome", token=token)
    found = house().desk.report(report_id)
    return make_response(render_template("report_link.html", report=found, link=link))


def _page(report_id: UUID, form: DecisionForm, problem: Problem | None = None) -> Response:
    found = [*problems(form), *([problem] if problem else [])]
    page = render_template(
        "report.html",
        report=house().desk.report(report_id),
        form=form,
        problems=found,
        words=DECISIONS,
        again=url_for(".one", report_id=report_id),
        own=person().current.person_id,
    )
    return make_response(page, 422 if found else 200)
