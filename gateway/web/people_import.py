"""Importing a staff list: upload, preview of what exactly changes, and a yes bound to it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.identity import staff_list
from gateway.identity.staff_import import ListOutdated
from gateway.web import told
from gateway.web.access import requires
from gateway.web.forms import Problem
from gateway.web.forms_accounts import ImportForm
from gateway.web.i18n import _
from gateway.web.labels_accounts import FAULTS, KINDS
from gateway.web.people import unit_words
from gateway.web.people_acts import slip_page
from gateway.web.session import house, person, visit, visitor
from policies.permissions import Permission

pages = Blueprint("people_import", __name__, url_prefix="/people/import")

ROOM = 64 << 10
"""Bytes that a form may be larger than its file."""
SHOWN = 500
"""Changes that a preview lists one by one; all are counted."""


@pages.get("")
@requires(Permission.PERSON_IMPORT)
def ask() -> Response:
    """Choose a file."""
    return _ask_page(ImportForm())


@pages.post("")
@requires(Permission.PERSON_IMPORT)
def upload() -> Response:
    """Keep the file and show what it would change. Nothing is changed."""
    form = ImportForm(request.form)
    file = request.files.get("file")
    content = b""
    if file is not None:
        content = file.read()
        file.close()
    if not content:
        return _ask_page(form, Problem("file", _("Choose a CSV file that is not empty")))
    draft = house().desk.keep_staff_list(
        person(), content, disable_missing=bool(form.disable_missing.data), visit=visit()
    )
    return make_response(redirect(url_for(".preview", draft=draft), code=303))


@pages.get("/<uuid:draft>")
@requires(Permission.PERSON_IMPORT)
def preview(draft: UUID) -> str:
    """What would change now; or every bad line."""
    plan, missing = house().desk.staff_plan(person(), draft, now=g.now)
    return render_template(
        "people_preview.html",
        draft=draft,
        plan=plan,
        missing=missing,
        kinds=KINDS,
        faults=FAULTS,
        units=unit_words(),
        shown=SHOWN,
    )


@pages.post("/<uuid:draft>")
@requires(Permission.PERSON_IMPORT, fresh=True)
def confirm(draft: UUID) -> Response:
    """Do what the preview said. If the office has changed meanwhile: another preview."""
    seal = request.form.get("seal", "")
    try:
        done = house().desk.import_staff_list(person(), draft, seal=seal, visit=visit())
    except ListOutdated:
        again = make_response(redirect(url_for(".preview", draft=draft), code=303))
        return told.say(again, "staff_list_outdated")
    if done.slips:
        return slip_page(list(done.slips))
    back = make_response(redirect(url_for("people.show"), code=303))
    return told.say(back, "staff_list_imported")


def allow_file() -> None:
    """Guard: somebody signed in may upload a file that is larger than our forms."""
    if request.endpoint == "people_import.upload" and visitor() is not None:
        request.max_content_length = staff_list.MAX_BYTES + ROOM


def _ask_page(form: ImportForm, problem: Problem | None = None) -> Response:
    found = [problem] if problem else []
    page = render_template("people_import.html", form=form, problems=found, again=url_for(".ask"))
    return make_response(page, 422 if found else 200)
