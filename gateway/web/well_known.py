"""What machines ask for: the keys of the assertions, a sign of life, and browsers' complaints."""

from __future__ import annotations

import json
import logging

from flask import Blueprint, Response, abort, g, make_response, request

from gateway.access.masking import masked
from gateway.web.access import public
from gateway.web.desk_values import Condition
from gateway.web.headers import REPORT_PATH
from gateway.web.origin import no_origin_check
from gateway.web.rate import Rate
from gateway.web.session import house

pages = Blueprint("well_known", __name__)
log = logging.getLogger("hangu.csp")
REPORT_LIMIT = 8192
"""Bytes of the largest report; browsers send about one thousand."""

RATE = Rate(each=20, together=200)
"""Reports a minute that one address, and all together, may have logged by a process."""


@pages.get("/.well-known/jwks.json")
@public("services check our assertions with these public keys (RFC 7517)")
def jwks() -> Response:
    """The zone's public keys."""
    body = json.dumps(house().desk.jwks(now=g.now))
    return Response(body, content_type="application/jwk-set+json")


@pages.get("/health")
@public("the monitoring asks without a session; it learns one word")
def health() -> Response:
    """`ok`, or 503 and the word for what is wrong. No details for strangers."""
    condition = house().desk.condition(now=g.now)
    return _word(condition, well=condition is Condition.OK)


@pages.get("/health/serving")
@public("the load balancer asks without a session; it learns one word")
def serving() -> Response:
    """503 only if the zone can do nothing at all: else taking it out would end what still works."""
    condition = house().desk.condition(now=g.now)
    return _word(condition, well=condition is not Condition.UNAVAILABLE)


def _word(condition: Condition, *, well: bool) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return make_response(f"{condition}\n", 200 if well else 503, headers)


@pages.post(REPORT_PATH)
@public("browsers report breaches of our content policy without a session")
@no_origin_check("browsers send reports by themselves, without form tokens; nothing is changed")
def csp_report() -> Response:
    """Write a browser's complaint to the log, escaped. Too large or too many: 413, 429."""
    if (request.content_length or 0) > REPORT_LIMIT:
        abort(413)
    if not RATE.allows(request.remote_addr or "", now=g.now):
        abort(429)
    body = request.get_data(cache=False)[:REPORT_LIMIT].decode("utf-8", "replace")
    log.warning(json.dumps({"event": "csp", "report": masked(body)}))
    return Response(status=204)
