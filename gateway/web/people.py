"""The people: the list, one person's account, the accounts that nobody uses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, g, render_template, request, url_for

from gateway.identity.roll_search import LONGEST, Wanted
from gateway.web.access import requires
from gateway.web.forms_accounts import unit_choices
from gateway.web.i18n import either
from gateway.web.labels_accounts import CAUSES, STATES
from gateway.web.session import house, person
from policies.permissions import Permission

pages = Blueprint("people", __name__, url_prefix="/people")


@pages.get("/")
@requires(Permission.PERSON_VIEW)
def show() -> str:
    """The roll, searched and filtered as the address says: the address is the view."""
    desk = house().desk
    wanted = wanted_people()
    tree = list(desk.unit_tree())
    return render_template(
        "people.html",
        found=desk.people_found(wanted, now=g.now),
        wanted=wanted,
        unit_options=unit_choices(tree),
        units=unit_words(),
        states=STATES,
        narrowed=wanted != Wanted(page=wanted.page),
        page_url=lambda page: _address(wanted, page),
        may_create=desk.may(person(), Permission.PERSON_CREATE, now=g.now),
        may_import=desk.may(person(), Permission.PERSON_IMPORT, now=g.now),
    )


@pages.get("/<uuid:person_id>")
@requires(Permission.PERSON_VIEW)
def one(person_id: UUID) -> str:
    """One person's account: facts, kinds of factors, live sessions; no secret whatever."""
    desk = house().desk
    return render_template(
        "person.html",
        account=desk.account(person_id, now=g.now),
        units=unit_words(),
        states=STATES,
        own=person().current.person_id,
        may_change=desk.may(person(), Permission.PERSON_CHANGE, now=g.now),
        may_invite=desk.may(person(), Permission.PERSON_CREATE, now=g.now),
        may_disable=desk.may(person(), Permission.PERSON_DISABLE, now=g.now),
        may_reset=desk.may(person(), Permission.OFFICERS_RESET, now=g.now),
        may_end=desk.may(person(), Permission.SESSION_END_ANY, now=g.now),
    )


@pages.get("/stale")
@requires(Permission.PERSON_VIEW)
def stale() -> str:
    """The accounts to look at, each with what is to be done; to be printed and signed."""
    desk = house().desk
    return render_template(
        "people_stale.html",
        rows=desk.stale_accounts(now=g.now),
        days=desk.stale_days(),
        causes=CAUSES,
        units=unit_words(),
    )


def unit_words() -> dict[str, str]:
    """The units' names by slug, in the reader's language."""
    return {u.slug: either(u.name_zh, u.name_en) for u in house().desk.unit_tree()}


def wanted_people() -> Wanted:
    """What the address asks for; what it says amiss is passed over."""
    given = request.args
    page = given.get("page", "1")
    state = given.get("state", "")
    return Wanted(
        text=given.get("q", "")[:LONGEST].strip(),
        unit=given.get("unit", "")[:LONGEST],
        state=state if state in STATES else "",
        roleless=given.get("roleless") == "1",
        stale=given.get("stale") == "1",
        page=int(page) if page.isascii() and page.isdigit() and len(page) <= len("99999") else 1,
    )


def _address(wanted: Wanted, page: int) -> str:
    said: dict[str, Any] = {
        "q": wanted.text,
        "unit": wanted.unit,
        "state": wanted.state,
        "roleless": "1" if wanted.roleless else "",
        "stale": "1" if wanted.stale else "",
        "page": str(page) if page > 1 else "",
    }
    return url_for("people.show", **{name: value for name, value in said.items() if value})
