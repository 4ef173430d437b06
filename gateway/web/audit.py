"""Searching the log. The address of the page is the search, to be kept, sent and opened again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from audit.query import NOT, BadQuery, Query
from gateway.web import audit_asked, audit_words, labels_audit, labels_entries, told
from gateway.web.access import requires
from gateway.web.forms import Problem
from gateway.web.i18n import _, either
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("audit", __name__, url_prefix="/audit")

UNPROCESSABLE = 422


@pages.get("/")
@requires(Permission.AUDIT_VIEW)
def show() -> Response | str:
    """What fits the address, newest first."""
    try:
        query = audit_asked.query_of_address(request.args, house().desk)
    except BadQuery as bad:
        return _refused(Query(), [_problem(bad)], request.args)
    return _page(query)


@pages.post("/")
@requires(Permission.AUDIT_VIEW)
def ask() -> Response | str:
    """Turn what was typed into an address: names into ids, addresses into their digests."""
    try:
        query = audit_asked.query_of(request.form, house().desk, house().settings.timezone)
    except BadQuery as bad:
        return _refused(Query(), [_problem(bad)], request.form)
    return make_response(redirect(address_of(query), code=303))


@pages.post("/searches")
@requires(Permission.AUDIT_VIEW)
def save() -> Response:
    """Keep the search of this page under a name."""
    try:
        query = Query.of_text(request.form.get("query", ""))
    except BadQuery:
        query = Query()
    name = " ".join(request.form.get("name", "").split())
    shared = request.form.get("shared") == "y"
    house().desk.log_save(person(), query, name=name, shared=shared, visit=visit())
    return told.say(make_response(redirect(address_of(query), code=303)), "search_saved")


@pages.post("/searches/<uuid:search_id>/remove")
@requires(Permission.AUDIT_VIEW)
def unsave(search_id: UUID) -> Response:
    """Forget one's own search."""
    house().desk.log_unsave(person(), search_id, visit=visit())
    return told.say(make_response(redirect(url_for(".show"), code=303)), "search_removed")


def address_of(query: Query, **more: int) -> str:
    """The address of a search; `before` or `after` for another page of it."""
    text = query.text()
    rest = "&".join(f"{name}={value}" for name, value in more.items())
    return url_for("audit.show") + (
        f"?{'&'.join(filter(None, (text, rest)))}" if text or rest else ""
    )


def number(name: str) -> int | None:
    """A page's own number in the address; what is none is passed over."""
    given = request.args.get(name, "")
    return (
        int(given) if given.isascii() and given.isdigit() and len(given) < len("9" * 19) else None
    )


def _page(query: Query) -> str:
    desk = house().desk
    page, count = desk.log_searched(
        person(), query, before=number("before"), after=number("after"), visit=visit()
    )
    return render_template(
        "audit.html",
        query=query,
        page=page,
        count=count,
        words=audit_words.words_of(desk),
        address=address_of,
        may_review=desk.may(person(), Permission.AUDIT_REVIEW, now=g.now),
        chips=audit_asked.chips(query, desk, address_of),
        **_form(query, audit_asked.typed_of(query)),
    )


def _refused(query: Query, problems: Sequence[Problem], typed: Mapping[str, str]) -> Response:
    body = render_template(
        "audit.html", query=query, page=None, problems=problems, **_form(query, typed)
    )
    return make_response(body, UNPROCESSABLE)


def _form(query: Query, typed: Mapping[str, str]) -> dict[str, object]:
    desk = house().desk
    return {
        "typed": typed,
        "kept": audit_asked.kept(query),
        "events": audit_asked.event_options(),
        "outcomes": labels_audit.OUTCOMES,
        "classes": labels_entries.CLASSES,
        "units": audit_asked.unit_options(desk),
        "services": desk.log_services(),
        "saved": desk.log_saved(person()),
        "own": person().current.subject,
    }


def _problem(bad: BadQuery) -> Problem:
    text = str(labels_entries.CAUSES.get(bad.why, bad.why))
    if bad.near:
        text += either("", " ") + _("Did you mean %(near)s?", near=bad.near)
    bare = bad.field.removeprefix(NOT)
    said = either("{field}：{text}", "{field}: {text}")
    return Problem(bare, said.format(field=labels_entries.field(bare), text=text))
