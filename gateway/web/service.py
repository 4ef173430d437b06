"""One service: who answers for it, who runs it, who uses it, until when it is approved."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from gateway.web.access import requires
from gateway.web.session import house, person
from policies.permissions import Permission

pages = Blueprint("service", __name__)


@pages.get("/services/<slug>")
@requires(Permission.SERVICE_VIEW)
def show(slug: str) -> str:
    """The service's description; 404 for one that this person may not know of."""
    who = person()
    card = house().desk.service(who, slug, now=g.now)
    may_open = house().desk.may(who, Permission.SERVICE_OPEN, now=g.now)
    return render_template("service.html", card=card, service=card.service, may_open=may_open)
