"""What the system administrator does with an account. A link is shown once, on the answer."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.identity.staff_import import Slip
from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.desk_accounts import NewAccount
from gateway.web.enrol import qr_picture
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem, problems
from gateway.web.forms_accounts import AccountForm, NewAccountForm, ReasonForm, unit_choices
from gateway.web.people import unit_words
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("people_acts", __name__, url_prefix="/people")

PICTURES = 100
"""Slips that get a picture; a larger batch is a list of links."""

FIELDS = {
    "login_not_allowed": "login",
    "login_taken": "login",
    "name_not_allowed": "name",
    "staff_number_not_allowed": "staff_number",
    "staff_number_taken": "staff_number",
    "unit_unknown": "unit",
}
"""The field at which a refusal is said."""


@pages.get("/new")
@requires(Permission.PERSON_CREATE)
def ask_new() -> Response:
    """The form for a new account."""
    return _new_page(NewAccountForm(unit=request.args.get("unit", "")))


@pages.post("/new")
@requires(Permission.PERSON_CREATE, fresh=True)
def create() -> Response:
    """Invite somebody; answer with the slip, which is shown this once."""
    form = NewAccountForm(request.form)
    if not form.validate():
        return _new_page(form)
    try:
        slip = house().desk.create_account(person(), _typed(form), visit=visit())
    except Refused as refusal:
        code = refusal.code
        return with_refusal(refusal, lambda found: _new_page(form, _at_field(code, found)))
    return slip_page([slip])


@pages.get("/<uuid:person_id>/change")
@requires(Permission.PERSON_CHANGE)
def ask_change(person_id: UUID) -> Response:
    """The form with what is known."""
    entry = house().desk.account(person_id, now=g.now).entry
    form = AccountForm(name=entry.name, unit=entry.unit, staff_number=entry.staff_number)
    return _change_page(person_id, form)


@pages.post("/<uuid:person_id>/change")
@requires(Permission.PERSON_CHANGE, fresh=True)
def change(person_id: UUID) -> Response:
    """Rename, move, number."""
    form = AccountForm(request.form)
    if not form.validate():
        return _change_page(person_id, form)
    try:
        differs = house().desk.change_account(person(), person_id, _typed(form), visit=visit())
    except Refused as refusal:
        code = refusal.code
        return with_refusal(
            refusal, lambda found: _change_page(person_id, form, _at_field(code, found))
        )
    return _told(person_id, "account_changed" if differs else "nothing_changed")


@pages.get("/<uuid:person_id>/disable")
@requires(Permission.PERSON_DISABLE)
def ask_disable(person_id: UUID) -> Response:
    """What disabling means, and why it is done."""
    return _disable_page(person_id, ReasonForm())


@pages.post("/<uuid:person_id>/disable")
@requires(Permission.PERSON_DISABLE, fresh=True)
def disable(person_id: UUID) -> Response:
    """Shut somebody out at once."""
    form = ReasonForm(request.form)
    if not form.validate():
        return _disable_page(person_id, form)
    try:
        house().desk.disable_account(
            person(), person_id, reason=form.reason.data or "", visit=visit()
        )
    except Refused as refusal:
        return with_refusal(refusal, lambda found: _disable_page(person_id, form, found))
    return _told(person_id, "account_disabled")


@pages.post("/<uuid:person_id>/restore")
@requires(Permission.PERSON_DISABLE, fresh=True)
def restore(person_id: UUID) -> Response:
    """Invite a disabled person again, without rights; answer with the slip."""
    return slip_page([house().desk.restore_account(person(), person_id, visit=visit())])


@pages.post("/<uuid:person_id>/link")
@requires(Permission.PERSON_CREATE, fresh=True)
def link(person_id: UUID) -> Response:
    """A new link for who has not enrolled; answer with the slip."""
    return slip_page([house().desk.invite_again(person(), person_id, visit=visit())])


@pages.post("/<uuid:person_id>/sessions/<ref>/end")
@requires(Permission.SESSION_END_ANY)
def end_session(person_id: UUID, ref: str) -> Response:
    """End one session of somebody."""
    house().desk.end_session_of(person(), person_id, ref, visit=visit())
    return _told(person_id, "session_ended")


def slip_page(slips: list[Slip]) -> Response:
    """The slips to print and hand over: an answer and not a page, so no history keeps it."""
    base = house().settings.public_url
    found = []
    for slip in slips:
        address = base + url_for("enrol.welcome", token=slip.token)
        picture = qr_picture(address) if len(slips) <= PICTURES else ""
        found.append((slip, address, picture))
    return make_response(render_template("slips.html", slips=found, units=unit_words()))


def _typed(form: AccountForm) -> NewAccount:
    login = form.login.data if isinstance(form, NewAccountForm) else ""
    return NewAccount(
        login=login or "",
        name=form.name.data or "",
        unit=form.unit.data or "",
        staff_number=(form.staff_number.data or "").strip(),
    )


def _at_field(code: str, problem: Problem | None) -> Problem | None:
    if problem is None:
        return None
    return Problem(FIELDS.get(code, ""), problem.text)


def _told(person_id: UUID, code: str) -> Response:
    response = make_response(redirect(url_for("people.one", person_id=person_id), code=303))
    return told.say(response, code)


def _new_page(form: NewAccountForm, problem: Problem | None = None) -> Response:
    form.unit.choices = unit_choices(list(house().desk.unit_tree()))
    found = [*problems(form), *([problem] if problem else [])]
    page = render_template("person_new.html", form=form, problems=found, again=url_for(".ask_new"))
    return make_response(page, 422 if found else 200)


def _change_page(person_id: UUID, form: AccountForm, problem: Problem | None = None) -> Response:
    form.unit.choices = unit_choices(list(house().desk.unit_tree()))
    found = [*problems(form), *([problem] if problem else [])]
    page = render_template(
        "person_change.html",
        account=house().desk.account(person_id, now=g.now),
        form=form,
        problems=found,
        again=url_for(".ask_change", person_id=person_id),
    )
    return make_response(page, 422 if found else 200)


def _disable_page(person_id: UUID, form: ReasonForm, problem: Problem | None = None) -> Response:
    found = [*problems(form), *([problem] if problem else [])]
    page = render_template(
        "person_disable.html",
        account=house().desk.account(person_id, now=g.now),
        form=form,
        problems=found,
        again=url_for(".ask_disable", person_id=person_id),
    )
    return make_response(page, 422 if found else 200)
