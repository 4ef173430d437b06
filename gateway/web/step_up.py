"""A service asks for a stronger or fresher proof of identity: what, why, and back to it."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from gateway.access.decide import Verdict
from gateway.identity.fresh import ProofRefused, ProofTwice, act_of_service
from gateway.web.access import requires
from gateway.web.desk_values import ServiceCard
from gateway.web.forms import Problem
from gateway.web.fresh import CODE, NO_CODE, TWICE, WRONG
from gateway.web.kept import wanted
from gateway.web.paths import inside, sign_in_to
from gateway.web.session import become, house, person, visit
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
    typed = request.form.get(CODE, "")
    if not typed.strip():
        return _page(card, to, minutes, problem=NO_CODE)
    try:
        act = act_of_service(slug)
        g.renewed = desk.prove_fresh(person(), act=act, code=typed, visit=visit())
    except ProofRefused:
        return _page(card, to, minutes, problem=WRONG)
    except ProofTwice:
        return _page(card, to, minutes, problem=TWICE)
    become(g.renewed)
    # Browsers hold a form's answer to `form-action`; the service is on another host.
    target = f"{url_for('entry.open_service', slug=slug)}?{urlencode({'to': to})}"
    return make_response(render_template("onward.html", target=target, confirmed=True))


def _page(
    card: ServiceCard,
    to: str,
    minutes: int,
    *,
    verdict: Verdict | None = None,
    problem: object = None,
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
        problems=[] if problem is None else [Problem(CODE, str(problem))],
    )
    return make_response(page, 401)
