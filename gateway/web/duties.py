"""The duties that are kept apart, and who unites them now."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, g, render_template

from gateway.web.access import requires
from gateway.web.i18n import html_lang
from gateway.web.session import house, person
from policies.permissions import Permission

pages = Blueprint("duties", __name__, url_prefix="/policy/duties")


@pages.get("")
@requires(Permission.POLICY_READ)
def show() -> str:
    """Of the version in force."""
    desk = house().desk
    may_change = desk.may(person(), Permission.POLICY_CHANGE, now=g.now)
    drafts = [found for found, _author in desk.changes() if found.is_open] if may_change else []
    return render_template(
        "duties.html",
        found=desk.kept_apart(now=g.now),
        names=names(),
        name=desk.named,
        drafts=drafts,
        may_change=may_change,
    )


def names() -> Mapping[str, str]:
    """Services and units by their ids."""
    return dict(house().desk.scopes(html_lang()))
