"""What the author of a change declares: its title and reason, whom it may meet, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.changes.refusals import ChangeRefused
from gateway.web import moments
from gateway.web.access import requires
from gateway.web.answers import answer_for
from gateway.web.changes import back, edit, saved
from gateway.web.forms import Problem, whole
from gateway.web.i18n import _
from gateway.web.session import house, person, visit
from policies.dossier.dossiers import Stopped, Why
from policies.dossier.drafting import CONFIRM_MINUTES, Terms
from policies.permissions import Permission

pages = Blueprint("change_terms", __name__, url_prefix="/policy/changes")


@pages.get("/new")
@requires(Permission.POLICY_CHANGE)
def new() -> Response:
    """The form for a new change."""
    return _terms_page({"confirm_minutes": str(CONFIRM_MINUTES), "most_people": "10"})


@pages.post("/new")
@requires(Permission.POLICY_CHANGE)
def create() -> Response:
    """Open it, and go on to its rules."""
    try:
        ref = house().desk.open_change(person(), _terms(), visit=visit())
    except (ChangeRefused, Stopped) as refusal:
        return _terms_again(refusal)
    return make_response(redirect(url_for("change_rules.show", ref=ref), code=303))


@pages.get("/<ref>/terms")
@requires(Permission.POLICY_CHANGE)
def terms(ref: str) -> Response:
    """What its author declared, to be changed."""
    found = house().desk.change(ref, now=g.now).dossier
    at = "" if found.publish_at is None else moments.typed(found.publish_at)
    return _terms_page(
        {
            "title": found.title,
            "why": found.why,
            "most_people": str(found.most_people),
            "confirm_minutes": str(found.confirm_minutes),
            "publish_at": at,
            "edit": str(found.edit),
        },
        ref=ref,
    )


@pages.post("/<ref>/terms")
@requires(Permission.POLICY_CHANGE)
def set_terms(ref: str) -> Response:
    """Save it."""
    try:
        house().desk.set_terms(person(), ref, edit(), _terms(), visit=visit())
    except (ChangeRefused, Stopped) as refusal:
        return _terms_again(refusal, ref=ref)
    return saved(back(ref), ref)


def _terms_page(
    typed: Mapping[str, str], *, ref: str = "", problems: Sequence[Problem] = ()
) -> Response:
    return make_response(
        render_template("change_terms.html", typed=typed, ref=ref, problems=problems)
    )


def _terms_again(refusal: ChangeRefused | Stopped, *, ref: str = "") -> Response:
    answer = _terms_page(request.form, ref=ref, problems=problems_of(refusal))
    answer.status_code = answer_for(f"change_{refusal.why}").status
    return answer


def problems_of(refusal: ChangeRefused | Stopped) -> Sequence[Problem]:
    """Everything that is wrong with what was declared, each at its field."""
    if refusal.why is not Why.TERMS:
        return [Problem("", str(answer_for(f"change_{refusal.why}").text))]
    words = {
        "title": _("Say in a few words what changes"),
        "why": _("Say why, in 2 to 2000 characters"),
        "most_people": _("Enter how many people may gain by it, as a number"),
        "publish_at": _("Enter a day and a time that exist"),
        "confirm_minutes": _("Enter 1 to 1440 minutes"),
    }
    wrong = refusal.said.split()
    return [Problem(name, text) for name, text in words.items() if name in wrong]


def _terms() -> Terms:
    """What the form declares. Raises Stopped (terms) with the fields' names."""
    form = request.form
    day = form.get("publish_at", "").strip()
    terms = Terms(
        title=form.get("title", ""),
        why=form.get("why", ""),
        most_people=_number("most_people"),
        publish_at=moments.of_local(day) if day else None,
        confirm_minutes=_number("confirm_minutes"),
    )
    if day and terms.publish_at is None:
        raise Stopped(Why.TERMS, " ".join([*terms.wrong(), "publish_at"]))
    return terms.checked()


def _number(name: str) -> int:
    """A number of the form; one that cannot be if it is none."""
    typed = whole(request.form.get(name, "").strip())
    return -1 if typed is None else typed
