"""The units: the tree, and changing it with the keyboard alone."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.identity.roll_search import subtree
from gateway.identity.units import UnitUnknown, UnitView
from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem, problems
from gateway.web.forms_accounts import TOP, MoveUnitForm, NewUnitForm, UnitNamesForm, unit_choices
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("units", __name__, url_prefix="/units")

FIELDS = {
    "unit_slug_not_allowed": "slug",
    "unit_exists": "slug",
    "unit_unknown": "parent",
    "unit_too_deep": "parent",
    "unit_circle": "parent",
    "name_not_allowed": "name_zh",
}
"""The field at which a refusal is said."""


@pages.get("/")
@requires(Permission.UNIT_VIEW)
def show() -> str:
    """The tree with the people of each unit."""
    desk = house().desk
    tree = list(desk.unit_tree())
    own = desk.unit_people()
    return render_template(
        "units.html",
        tree=tree,
        own=own,
        below={u.slug: sum(own.get(s, 0) for s in subtree(tree, u.slug)) for u in tree},
        may_change=desk.may(person(), Permission.UNIT_CHANGE, now=g.now),
    )


@pages.get("/new")
@requires(Permission.UNIT_CHANGE)
def ask_new() -> Response:
    """The form for a new unit; `parent` may be in the address."""
    return _new_page(NewUnitForm(parent=request.args.get("parent", TOP)))


@pages.post("/new")
@requires(Permission.UNIT_CHANGE)
def create() -> Response:
    """Add a unit."""
    form = NewUnitForm(request.form)
    if not form.validate():
        return _new_page(form)
    try:
        house().desk.create_unit(
            person(),
            (form.slug.data or "").strip(),
            parent=_parent(form.parent.data),
            name_zh=form.name_zh.data or "",
            name_en=form.name_en.data or "",
            visit=visit(),
        )
    except Refused as refusal:
        code = refusal.code
        return with_refusal(refusal, lambda found: _new_page(form, _at_field(code, found)))
    return _told("unit_created")


@pages.get("/<slug>")
@requires(Permission.UNIT_CHANGE)
def one(slug: str) -> Response:
    """One unit: its names, its place, closing it."""
    return _page(slug)


@pages.post("/<slug>/names")
@requires(Permission.UNIT_CHANGE)
def rename(slug: str) -> Response:
    """Give it other names."""
    form = UnitNamesForm(request.form)
    if not form.validate():
        return _page(slug, names=form)
    try:
        house().desk.rename_unit(
            person(),
            slug,
            name_zh=form.name_zh.data or "",
            name_en=form.name_en.data or "",
            visit=visit(),
        )
    except Refused as refusal:
        code = refusal.code
        return with_refusal(
            refusal, lambda found: _page(slug, names=form, problem=_at_field(code, found))
        )
    return _told("unit_changed")


@pages.post("/<slug>/place")
@requires(Permission.UNIT_CHANGE, fresh=True)
def move(slug: str) -> Response:
    """Hang it elsewhere, with all below it."""
    form = MoveUnitForm(request.form)
    try:
        house().desk.move_unit(person(), slug, parent=_parent(form.parent.data), visit=visit())
    except Refused as refusal:
        code = refusal.code
        return with_refusal(
            refusal, lambda found: _page(slug, place=form, problem=_at_field(code, found))
        )
    return _told("unit_changed")


@pages.post("/<slug>/close")
@requires(Permission.UNIT_CHANGE, fresh=True)
def close(slug: str) -> Response:
    """Take it away, if nobody is in it and nothing names it."""
    try:
        house().desk.close_unit(person(), slug, visit=visit())
    except Refused as refusal:
        who = str(refusal)
        return with_refusal(refusal, lambda found: _page(slug, problem=_named(who, found)))
    return _told("unit_closed")


def _parent(chosen: str | None) -> str | None:
    return None if chosen in {None, "", TOP} else chosen


def _told(code: str) -> Response:
    return told.say(make_response(redirect(url_for(".show"), code=303)), code)


def _at_field(code: str, problem: Problem | None) -> Problem | None:
    return problem and Problem(FIELDS.get(code, ""), problem.text)


def _named(who: str, problem: Problem | None) -> Problem | None:
    """The refusal with who or what stands in the way."""
    return problem and Problem("close", f"{problem.text} ({who})")


def _new_page(form: NewUnitForm, problem: Problem | None = None) -> Response:
    form.parent.choices = unit_choices(list(house().desk.unit_tree()), top=True)
    found = [*problems(form), *([problem] if problem else [])]
    page = render_template("unit_new.html", form=form, problems=found, again=url_for(".ask_new"))
    return make_response(page, 422 if found else 200)


def _page(
    slug: str,
    *,
    names: UnitNamesForm | None = None,
    place: MoveUnitForm | None = None,
    problem: Problem | None = None,
) -> Response:
    desk = house().desk
    tree = list(desk.unit_tree())
    unit = _unit(tree, slug)
    names = names or UnitNamesForm(name_zh=unit.name_zh, name_en=unit.name_en)
    place = place or MoveUnitForm(parent=unit.parent or TOP)
    place.parent.choices = unit_choices(tree, top=True, but=subtree(tree, slug))
    found = [*problems(names), *([problem] if problem else [])]
    page = render_template(
        "unit.html",
        unit=unit,
        names=names,
        place=place,
        own=desk.unit_people().get(slug, 0),
        problems=found,
        again=url_for(".one", slug=slug),
    )
    return make_response(page, 422 if found else 200)


def _unit(tree: list[UnitView], slug: str) -> UnitView:
    found = next((each for each in tree if each.slug == slug), None)
    if found is None:
        raise UnitUnknown(slug)
    return found
