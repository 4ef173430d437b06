"""The duties of a draft: added and taken out, with who would unite them."""

from __future__ import annotations

from collections.abc import Callable

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

from gateway.refusals import Refused
from gateway.web.access import requires
from gateway.web.changes import edit, saved
from gateway.web.duties import names
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.i18n import _
from gateway.web.labels import ACTS, ROLES
from gateway.web.session import house, person, visit
from policies.duties import HELD, RECORD, Duty, duty_faults
from policies.permissions import Permission
from policies.vocabulary import ANY

pages = Blueprint("change_duties", __name__, url_prefix="/policy/changes/<ref>/duties")


@pages.get("")
@requires(Permission.POLICY_CHANGE)
def show(ref: str) -> Response:
    """The duties of the draft, and the form for one more."""
    return _page(ref)


@pages.post("")
@requires(Permission.POLICY_CHANGE)
def add(ref: str) -> Response:
    """Save the draft with one duty more."""
    form = request.form
    way = form.get("way", "")
    scope = form.get("scope", "").strip() or ANY
    columns = (
        way,
        ANY if way == HELD else scope,
        *(_side(form.get(n, "")) for n in ("one", "other")),
    )
    if faults := duty_faults(columns):
        return _page(ref, *(_problem(columns, fault.place) for fault in faults))
    return _saved(
        ref,
        lambda: house().desk.put_duty(person(), ref, edit(), Duty(*columns), visit=visit()),
    )


@pages.post("/drop")
@requires(Permission.POLICY_CHANGE)
def drop(ref: str) -> Response:
    """Save the draft without a duty."""
    duty = request.form.get("duty", "")
    return _saved(ref, lambda: house().desk.drop_duty(person(), ref, edit(), duty, visit=visit()))


def _saved(ref: str, act: Callable[[], None]) -> Response:
    try:
        act()
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: _page(ref, problem))
    return saved(make_response(redirect(url_for(".show", ref=ref), code=303)), ref)


def _side(typed: str) -> str:
    """What stands on one side: ids or acts, by commas, bars or blanks."""
    words = typed.replace("|", " ").replace(",", " ").replace("，", " ").replace("、", " ").split()
    return "|".join(dict.fromkeys(words))


def _problem(columns: tuple[str, ...], place: int | None) -> Problem:
    if columns[0] not in (HELD, RECORD):
        return Problem("way", _("Choose what is kept apart"))
    if place == 1:
        return Problem("scope", _("Write all records as *, or a place as svc:<service>/<path>/**"))
    both = set(columns[2].split("|")) & set(columns[3].split("|")) - {""}
    if both:
        return Problem("other", _("%(what)s stands on both sides", what=", ".join(sorted(both))))
    field = "one" if place == 2 else "other"  # noqa: PLR2004 - the columns of a duty
    if columns[0] == HELD:
        return Problem(field, _("Write roles, units or pages, as role:auditor or unit:finance"))
    return Problem(field, _("Write acts, as create or approve, or methods, as POST"))


def _page(ref: str, *problems: Problem) -> Response:
    desk = house().desk
    found = desk.change(ref, now=g.now).dossier
    apart = desk.draft_duties(ref, now=g.now)
    if apart is None and not problems:
        return make_response(redirect(url_for("change_rules.text", ref=ref), code=303))
    if apart is None:
        abort(409)
    page = render_template(
        "change_duties.html",
        it=found,
        found=apart,
        names=names(),
        name=desk.named,
        acts=sorted({act for _slug, act in apart.acts} | set(ACTS)),
        roles=[f"role:{each}" for each in ROLES],
        typed=request.form,
        problems=list(problems),
    )
    return make_response(page, 422 if problems else 200)
