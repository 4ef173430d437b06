"""The answers of the decision endpoint, in the terms of each proxy (the table of gateway.md, 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from gateway.access.asked import Contract
from gateway.access.decide import Verdict

DECISION = "X-Hangu-Decision"
DECISION_ID = "X-Hangu-Decision-Id"
REASON = "X-Hangu-Reason"
PATH = "X-Hangu-Path"
COOKIE = "X-Hangu-Cookie"
FRONT = "X-Hangu-Front"

MOST_RULES = 64
"""Rules told of one denial; the record has them all."""

ALLOW = "allow"
DENY = "deny"
REFUSE = "refuse"
SIGN_IN = "sign-in"
STEP_UP = "step-up"

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

_CODE = re.compile(r"[a-z_]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. `headers` come on top of the usual; `page` replaces the problem document."""

    status: HTTPStatus
    decision: str
    reason: str = ""
    decision_id: str = ""
    location: str = ""
    policy: str = ""
    rules: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    page: str = ""


def refusal(contract: Contract, status: HTTPStatus, reason: str) -> Reply:
    """Refuse without a verdict; for nginx always with 403, for it knows no 400 and no 503."""
    unavailable = status is HTTPStatus.SERVICE_UNAVAILABLE
    if contract is Contract.NGINX or (contract is Contract.ENVOY and unavailable):
        status = HTTPStatus.FORBIDDEN
    return Reply(status=status, decision=REFUSE, reason=reason)


def denied(decision_id: str, reason: str, policy: str, rules: tuple[str, ...]) -> str:
    """Return the words by which nginx tells the gateway of a refusal; `front` reads them."""
    words = (decision_id, reason, policy, ",".join(rules[:MOST_RULES]))
    return " ".join(("denied", *(word or "-" for word in words)))


def challenge(zone: str, verdict: Verdict | None = None) -> tuple[str, str]:
    """Return the header every 401 has (RFC 9110, 11.6.1); for a step-up as RFC 9470, 3.

    `acr_values` is the strength that is wanted, `max_age` how many seconds old its proof may be.
    """
    realm = f'Hangu realm="{zone}"'
    if verdict is not None:
        realm += ', error="insufficient_user_authentication"'
        if verdict.strength_needed:
            realm += f', acr_values="{verdict.strength_needed}"'
        if verdict.fresh_minutes:
            realm += f', max_age="{verdict.fresh_minutes * 60}"'
    return "WWW-Authenticate", realm


def send(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
    """Put the answer on the wire."""
    reason = reply.reason if _CODE.fullmatch(reply.reason) else ""
    body, kind = _body(reply, reason)
    headers = [
        (DECISION, reply.decision),
        (DECISION_ID, reply.decision_id),
        (REASON, reason),
        ("Cache-Control", "no-store"),
        ("Content-Length", str(len(body))),
        ("Content-Type", kind),
        ("X-Content-Type-Options", "nosniff"),
        *reply.headers,
    ]
    if reply.decision in {DENY, REFUSE}:
        headers.append((FRONT, denied(reply.decision_id, reason, reply.policy, reply.rules)))
    if reply.location:
        headers.append(("Location", reply.location))
    start_response(f"{reply.status.value} {reply.status.phrase}", headers)
    return [body]


def _body(reply: Reply, reason: str) -> tuple[bytes, str]:
    """Nothing for yes; else the page, or a problem document (RFC 9457) as our pages give it."""
    if reply.status is HTTPStatus.OK:
        return b"", "text/plain"
    if reply.page:
        return reply.page.encode(), "text/html; charset=utf-8"
    problem = {
        "type": f"urn:hangu:refusal:{reason}",
        "title": reply.status.phrase,
        "status": reply.status.value,
        "code": reason,
    }
    if reply.decision_id:
        problem["decision"] = reply.decision_id
    return json.dumps(problem).encode(), "application/problem+json"
