"""Rights of people: who holds which role and clearance; a change is looked at before it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.identity.rights import Rights
from gateway.identity.roll_search import Wanted
from gateway.identity.tables import MAX_CLEARANCE
from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.forms_accounts import unit_choices
from gateway.web.i18n import _
from gateway.web.labels import LABELS
from gateway.web.labels_accounts import STATES
from gateway.web.labels_officers import OFFICES, page_name
from gateway.web.people import unit_words, wanted_people
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("rights", __name__, url_prefix="/rights")

FIELDS = {"case_terms": "reason", "office_unnumbered": "office"}
"""The field at which a refusal is said."""


@pages.get("/")
@requires(Permission.RIGHTS_VIEW)
def show() -> str:
    """The roll with everybody's rights, searched and filtered as the address says."""
    desk = house().desk
    wanted = wanted_people()
    return render_template(
        "rights.html",
        found=desk.people_found(wanted, now=g.now),
        wanted=wanted,
        unit_options=unit_choices(list(desk.unit_tree())),
        units=unit_words(),
        states=STATES,
        may_change=desk.may(person(), Permission.RIGHTS_CHANGE, now=g.now),
        own=person().current.person_id,
        page_url=lambda page: _address(wanted, page),
    )


@pages.get("/<uuid:person_id>")
@requires(Permission.RIGHTS_CHANGE)
def ask(person_id: UUID) -> Response:
    """The form with what the person holds."""
    entry = house().desk.entry(person_id)
    return _form(person_id, Rights(roles=entry.roles, clearance=entry.clearance))


@pages.post("/<uuid:person_id>/preview")
@requires(Permission.RIGHTS_CHANGE)
def preview(person_id: UUID) -> Response:
    """What the person would gain and lose. Nothing is changed."""
    rights, reason = _typed()
    if not reason:
        missing = Problem("reason", _("Say why"))
        return _form(person_id, rights, problem=missing)
    return _preview(person_id, rights, reason)


@pages.post("/<uuid:person_id>")
@requires(Permission.RIGHTS_CHANGE, fresh=True)
def change(person_id: UUID) -> Response:
    """Give exactly these rights."""
    rights, reason = _typed()
    try:
        differs = house().desk.change_rights(
            person(), person_id, rights, reason=reason, visit=visit()
        )
    except Refused as refusal:
        field = FIELDS.get(refusal.code, "")
        return with_refusal(
            refusal,
            lambda found: _form(person_id, rights, problem=Problem(field, found.text)),
        )
    back = make_response(redirect(url_for(".show"), code=303))
    return told.say(back, "rights_changed" if differs else "nothing_changed")


@pages.post("/<uuid:person_id>/office")
@requires(Permission.RIGHTS_CHANGE, fresh=True)
def propose(person_id: UUID) -> Response:
    """Propose the person for an office; the system administrator confirms."""
    office, reason = request.form.get("office", ""), request.form.get("office_reason", "")
    try:
        case = house().desk.propose_office(
            person(), person_id, office, reason=reason, visit=visit()
        )
    except Refused as refusal:
        field = {"case_terms": "office_reason"}.get(refusal.code, "office")
        entry = house().desk.entry(person_id)
        held = Rights(roles=entry.roles, clearance=entry.clearance)
        return with_refusal(
            refusal,
            lambda found: _form(person_id, held, problem=Problem(field, found.text)),
        )
    back = make_response(redirect(url_for("officers.case", case_id=case), code=303))
    return told.say(back, "office_proposed")


def _address(wanted: Wanted, page: int) -> str:
    said: dict[str, Any] = {
        "q": wanted.text,
        "unit": wanted.unit,
        "roleless": "1" if wanted.roleless else "",
        "page": str(page) if page > 1 else "",
    }
    return url_for(".show", **{name: value for name, value in said.items() if value})


def _typed() -> tuple[Rights, str]:
    """What was chosen; a level that is none of ours is the lowest."""
    given = request.form
    level = given.get("clearance", "")
    known = {str(each): each for each in range(MAX_CLEARANCE + 1)}
    roles = frozenset(given.getlist("role"))
    return Rights(roles=roles, clearance=known.get(level, 0)), given.get("reason", "").strip()


def _preview(person_id: UUID, rights: Rights, reason: str) -> Response:
    desk = house().desk
    entry = desk.entry(person_id)
    page = render_template(
        "rights_preview.html",
        entry=entry,
        rights=rights,
        reason=reason,
        effect=desk.rights_effect(person_id, rights, now=g.now),
        gained=sorted(rights.roles - entry.roles),
        lost=sorted(entry.roles - rights.roles),
        page_name=page_name,
        problems=(),
    )
    return make_response(page)


def _form(person_id: UUID, rights: Rights, problem: Problem | None = None) -> Response:
    desk = house().desk
    entry = desk.entry(person_id)
    found = [] if problem is None else [problem]
    page = render_template(
        "rights_change.html",
        entry=entry,
        rights=rights,
        roles=_choices(desk.business_roles(), rights),
        labels=LABELS,
        offices=OFFICES,
        units=unit_words(),
        typed=_words(request.form),
        own=person().current.person_id,
        problems=found,
        again=url_for(".ask", person_id=person_id),
    )
    return make_response(page, 422 if found else 200)


def _choices(known: Sequence[str], rights: Rights) -> Sequence[str]:
    """The roles offered: what the person holds is always among them, an office included."""
    return [*known, *sorted(rights.roles.difference(known))]


def _words(form: Mapping[str, str]) -> Mapping[str, str]:
    return {name: form.get(name, "") for name in ("reason", "office", "office_reason")}
