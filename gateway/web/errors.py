"""From a refusal to an answer: a page for people, a problem document for scripts (RFC 9457)."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from gateway.access.gate import ServiceDenied, StepUpNeeded
from gateway.access.kept_refusals import FormNotKept
from gateway.access.masking import masked
from gateway.access.reply import challenge
from gateway.refusals import Refused
from gateway.web import kept
from gateway.web.access import SignInRequired
from gateway.web.answer import Answer
from gateway.web.answers import answer_for, answer_for_status
from gateway.web.forms import Problem
from gateway.web.fresh import FreshRequired
from gateway.web.fresh import page as fresh_page
from gateway.web.hosts import WrongHost
from gateway.web.i18n import either, ngettext
from gateway.web.origin import FormExpired
from gateway.web.paths import here, sign_in_address
from gateway.web.session import house, is_replaced, visitor
from policies import recorded_acts
from policies.decision import Reason
from policies.permissions import Permission

log = logging.getLogger("hangu.web")
_ID_BYTES = 6
_MINUTE = 60
_PATH_LIMIT = 300
"""Characters of a path that are logged."""


def name_request() -> None:
    """Guard: give the request its number, which the page and the log both show."""
    g.request_id = secrets.token_hex(_ID_BYTES)


def wants_page() -> bool:
    """Whether a person is looking: a navigation that takes HTML."""
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return False
    return request.accept_mimetypes["text/html"] > request.accept_mimetypes["application/json"]


def install(app: Flask) -> None:
    """Register the handlers. They are the only place where an exception becomes a status."""
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, declined)
    app.register_error_handler(Exception, broken)


def refused(error: Refused) -> Response:
    """Answer one of our own refusals."""
    if isinstance(error, SignInRequired) and wants_page():
        return _to_sign_in()
    if isinstance(error, FormExpired):
        if wants_page():
            try:
                instead = kept.instead(error)
            except FormNotKept as why:
                return refused(why)
            if instead is not None:
                return instead
        elif visitor() is None:
            error = SignInRequired(*error.args)
    log.info(_line("refused", code=error.code))
    if isinstance(error, FreshRequired) and wants_page():
        return fresh_page(error)
    return answer(error.code, answer_for(error.code), error=error)


def declined(error: HTTPException) -> Response:
    """Answer what Flask itself refused: no such route, wrong method, body too large."""
    code, row = answer_for_status(error.code or 500)
    response = answer(code, row)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def broken(error: Exception) -> Response:
    """Answer a bug: the number for the person, the trace for the log, never the other way."""
    log.error(_line("broken"), exc_info=error)
    return answer("broken", answer_for("broken"))


def answer(code: str, row: Answer, *, error: Refused | None = None) -> Response:
    """The page or the problem document of one row."""
    retry_after = getattr(error, "retry_after", None)
    if wants_page():
        page = _page(code, row, error, retry_after)
        response = make_response(page, row.status)
    else:
        response = make_response(json.dumps(_problem(code, row, error)), row.status)
        response.content_type = "application/problem+json"
    if retry_after is not None:
        response.headers["Retry-After"] = str(_seconds(retry_after))
    if row.status == HTTPStatus.UNAUTHORIZED:
        verdict = error.verdict if isinstance(error, StepUpNeeded) else None
        response.headers.add(*challenge(house().settings.zone, verdict))
    return response


def _to_sign_in() -> Response:
    """To the sign-in and back. A tab that asked a moment too early asks again instead."""
    if request.method == "GET" and is_replaced():
        return make_response(render_template("bounce.html", target=here(), meanwhile=True))
    return make_response(redirect(sign_in_address(), code=303))


def with_refusal(refusal: Refused, render: Callable[[Problem], Response]) -> Response:
    """A form shown again with the refusal as its problem, under the refusal's own status."""
    row = answer_for(refusal.code)
    retry_after = getattr(refusal, "retry_after", None)
    text = str(row.text)
    if retry_after is not None:
        text = either("", " ").join((text, _wait(_seconds(retry_after))))
    if row.status >= 500:  # noqa: PLR2004 - HTTP server errors: something of ours is wrong
        log.error(_line("refused", code=refusal.code))
    response = render(Problem("", text))
    response.status_code = row.status
    if retry_after is not None:
        response.headers["Retry-After"] = str(_seconds(retry_after))
    return response


def _wait(seconds: int) -> str:
    """How long to wait, in the unit a person would use."""
    if seconds < _MINUTE:
        return ngettext("Wait %(num)s second.", "Wait %(num)s seconds.", seconds)
    minutes = -(-seconds // _MINUTE)
    return ngettext("Wait %(num)s minute.", "Wait %(num)s minutes.", minutes)


def _page(code: str, row: Answer, error: Refused | None, retry_after: object) -> str:
    """Deny page, or the general error page.

    After a bug, and at an unknown host, it is `bare`: it asks the desk nothing, for the desk
    may be what broke, and there is nobody to show and no form that could be sent.
    """
    if isinstance(error, FormNotKept):
        return render_template("not_kept.html", answer=row, code=code, sign_in=error.sign_in)
    if isinstance(error, ServiceDenied):
        card = house().desk.card(error.verdict.service, now=g.now)
        may_ask = _may_ask(error.verdict.reason)
        return render_template(
            "denied.html", verdict=error.verdict, card=card, answer=row, may_ask=may_ask
        )
    wait = "" if retry_after is None else _wait(_seconds(retry_after))
    broke = row.status >= 500 and error is None  # noqa: PLR2004 - HTTP server errors
    bare = broke or code == WrongHost.code
    template = "error_bare.html" if bare else "error.html"
    return render_template(template, answer=row, code=code, wait=wait)


def _may_ask(reason: str) -> bool:
    """Whether a request could help: not against a label, an express deny or a shut service."""
    who = visitor()
    if who is None or reason != Reason.NO_RULE:
        return False
    return house().desk.may(who, Permission.ACCESS_REQUEST, now=g.now)


def _problem(code: str, row: Answer, error: Refused | None) -> dict[str, Any]:
    """RFC 9457, section 3.1, and our extension members `code` and `decision`."""
    problem: dict[str, Any] = {
        "type": f"urn:hangu:refusal:{code}",
        "title": str(row.title),
        "status": row.status,
        "detail": str(row.text),
        "instance": f"urn:hangu:request:{g.request_id}",
        "code": code,
    }
    if isinstance(error, ServiceDenied):
        verdict = error.verdict
        problem |= {"reason": verdict.reason, "decision": verdict.decision_id}
        problem |= {"rules": list(verdict.rules), "policy": verdict.version}
        if verdict.barred is not None:
            problem |= {"barred": recorded_acts.kept(verdict.barred)}
    return problem


def _seconds(retry_after: Any) -> int:  # noqa: ANN401 - a timedelta or a number of seconds
    """Whole seconds to wait, at least one."""
    seconds = getattr(retry_after, "total_seconds", lambda: retry_after)()
    return max(1, int(-(-seconds // 1)))


def _line(event: str, **values: str) -> str:
    """One log line as JSON: control characters of the request cannot break or colour it.

    Masked before it is cut, for half a token would not be recognised.
    """
    line = {"event": event, "request": g.get("request_id"), **values}
    path = masked(request.path)[:_PATH_LIMIT]
    return json.dumps(line | {"method": request.method, "path": path})
