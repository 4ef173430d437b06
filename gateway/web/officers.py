"""What two officers decide together, and what the officers did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.refusals import Refused
from gateway.web import audit_words, told
from gateway.web.access import requires
from gateway.web.enrol import qr_picture
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.labels_officers import DOCUMENTS, sentence
from gateway.web.people import unit_words
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("officers", __name__, url_prefix="/officers")

RESET_FIELDS = {"case_terms": "reason", "person_unknown": "login", "case_person": "login"}
"""The field at which a refusal is said."""
_MAX_DIGITS = 18
_YEARS = range(2000, 3000)


@pages.get("/cases")
@requires(Permission.OFFICERS_CASES)
def cases() -> str:
    """What waits for a second officer, and what was decided."""
    desk = house().desk
    found = desk.cases(now=g.now)
    return render_template(
        "officer_cases.html",
        waiting=[each for each in found if each.state == "open"],
        closed=[each for each in found if each.state != "open"],
        mine={each.id for each in found if desk.may_confirm(person(), each)},
        may_reset=desk.may(person(), Permission.OFFICERS_RESET, now=g.now),
    )


@pages.get("/cases/reset")
@requires(Permission.OFFICERS_RESET)
def ask_reset() -> Response:
    """The form with which the first officer opens a factor reset."""
    return _reset_form({"login": request.args.get("login", "")})


@pages.post("/cases/reset")
@requires(Permission.OFFICERS_RESET, fresh=True)
def open_reset() -> Response:
    """Open it; a second officer confirms while the person is there."""
    form = request.form
    if form.get("present") != "1":
        return _reset_form(form, Problem("present", str(DOCUMENTS["absent"])))
    try:
        case_id = house().desk.open_reset(
            person(),
            form.get("login", ""),
            document=form.get("document", ""),
            forget_password=form.get("forgotten") == "1",
            reason=form.get("reason", ""),
            visit=visit(),
        )
    except Refused as refusal:
        field = RESET_FIELDS.get(refusal.code, "")
        return with_refusal(refusal, lambda found: _reset_form(form, Problem(field, found.text)))
    back = make_response(redirect(url_for(".case", case_id=case_id), code=303))
    return told.say(back, "reset_opened")


@pages.get("/cases/<uuid:case_id>")
@requires(Permission.OFFICERS_CASES)
def case(case_id: UUID) -> str:
    """One case: about whom, why, who decides."""
    desk = house().desk
    found = desk.case(case_id, now=g.now)
    return render_template(
        "officer_case.html",
        case=found,
        own=person().current.person_id,
        may_confirm=desk.may_confirm(person(), found),
        documents=DOCUMENTS,
        problems=(),
    )


@pages.post("/cases/<uuid:case_id>/confirm")
@requires(Permission.OFFICERS_CASES, fresh=True)
def confirm(case_id: UUID) -> Response:
    """Confirm as the second officer. A reset's link is shown this once."""
    slip = house().desk.confirm_case(person(), case_id, visit=visit())
    if slip is None:
        back = make_response(redirect(url_for(".case", case_id=case_id), code=303))
        return told.say(back, "office_confirmed")
    address = house().settings.public_url + url_for("enrol.welcome", token=slip.token)
    page = render_template(
        "officer_reset_slip.html",
        slip=slip,
        address=address,
        picture=qr_picture(address),
        units=unit_words(),
        case=house().desk.case(case_id, now=g.now),
    )
    return make_response(page)


@pages.post("/cases/<uuid:case_id>/end")
@requires(Permission.OFFICERS_CASES)
def end(case_id: UUID) -> Response:
    """Refuse it, or take one's own back."""
    house().desk.end_case(person(), case_id, visit=visit())
    return told.say(make_response(redirect(url_for(".cases"), code=303)), "case_ended")


@pages.get("/acts")
@requires(Permission.OFFICERS_ACTS)
def acts() -> str:
    """What the officers did whom one's own office watches over, newest first."""
    desk = house().desk
    officers = {each.id: each for each in desk.watched_officers(person())}
    who = _person(request.args.get("who", ""))
    day = _day(request.args.get("day", ""))
    position = request.args.get("before", "")
    before = int(position) if _is_position(position) else None
    since, until = _bounds(day)
    found = desk.officer_acts(person(), who=who, before=before, since=since, until=until)
    said = {"who": "" if who is None else str(who), "day": "" if day is None else str(day)}
    older, words = found.older, audit_words.words_of(desk)
    return render_template(
        "officer_acts.html",
        acts=[(each, sentence(each, _names(), words)) for each in found.acts],
        officers=officers,
        said=said,
        may_look=desk.may(person(), Permission.AUDIT_VIEW, now=g.now),
        narrowed=any(said.values()) or before is not None,
        older=None if older is None else url_for(".acts", before=older, **_given(said)),
        newest=url_for(".acts", **_given(said)),
    )


def _names() -> Mapping[str, str]:
    """Everybody's name by `person:<uuid>`; read once for a request."""
    if "names" not in g:
        g.names = house().desk.names()
    found: Mapping[str, str] = g.names
    return found


def _given(said: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value}


def _is_position(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _person(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def _bounds(day: date | None) -> tuple[datetime | None, datetime | None]:
    """The day as the office's clocks have it."""
    if day is None:
        return None, None
    start = datetime.combine(day, time(), tzinfo=ZoneInfo(house().settings.timezone))
    return start, start + timedelta(days=1)


def _reset_form(typed: Mapping[str, str], problem: Problem | None = None) -> Response:
    found = [] if problem is None else [problem]
    page = render_template(
        "officer_reset.html",
        typed=typed,
        documents=DOCUMENTS,
        problems=found,
        again=url_for(".ask_reset"),
    )
    return make_response(page, 422 if found else 200)
