"""A service asks for a stronger or fresher proof of identity: what, why, and back to it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from gateway.access.decide import Verdict
from gateway.identity.proofs import act_of_service
from gateway.web import fresh
from gateway.web.access import requires
from gateway.web.desk_values import ServiceCard
from gateway.web.forms import Problem
from gateway.web.kept import wanted
from gateway.web.paths import inside, sign_in_to
from gateway.web.session import house, person
from policies.permissions import Permission

pages = Blueprint("step_up", __name__)


def ask(card: ServiceCard, to: str, verdict: Verdict) -> Response:
    """The question, instead of the service. Status 401: RFC 9470, section 3."""
    return _page(card, to, verdict.fresh_minutes, verdict=verdict)


@pages.post("/step-up/<slug>")
@requires(Permission.SERVICE_OPEN)
def prove(slug: str) -> Response:
    """Check the code; it counts for this service alone."""
    desk = house().desk
    to = inside(request.form.get("to"))
    service = desk.any_service(slug)
    card = desk.card(service, now=g.now)
    method, path = wanted(slug, to)
    minutes = service.label(method, path.partition("?")[0]).fresh_minutes or 0
    try:
        fresh.prove(act_of_service(slug))
    except fresh.FreshRequired as refused:
        return _page(card, to, minutes, problems=fresh.problems_of(refused))
    # Browsers hold a form's answer to `form-action`; the service is on another host.
    target = f"{url_for('entry.open_service', slug=slug)}?{urlencode({'to': to})}"
    return make_response(render_template("onward.html", target=target, confirmed=True))


def _page(
    card: ServiceCard,
    to: str,
    minutes: int,
    *,
    verdict: Verdict | None = None,
    problems: Sequence[Problem] = (),
) -> Response:
    opened = f"{url_for('entry.open_service', slug=card.service.slug)}?{urlencode({'to': to})}"
    page = render_template(
        "step_up.html",
        card=card,
        to=to,
        minutes=minutes,
        verdict=verdict,
        person=person(),
        stronger=f"{sign_in_to(opened)}&stronger=1",
        act=act_of_service(card.service.slug),
        problems=problems,
    )
    return make_response(page, 401)
