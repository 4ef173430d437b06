"""The guard of routes that ask for a fresh proof, and the page that asks for it.

The page carries what was to be sent, so nothing is lost; its code travels with the act itself
in one request, and confirms that act alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from flask import Flask, Response, current_app, g, make_response, render_template, request

from gateway.access.forms import KEPT
from gateway.identity.fresh import ProofRefused, ProofTwice
from gateway.identity.tables_fresh import ACT
from gateway.refusals import Refused
from gateway.web.access import Access
from gateway.web.forms import Problem
from gateway.web.i18n import later as _l
from gateway.web.origin import FIELD
from gateway.web.session import become, house, person, visit

CODE = "confirm_code"
"""The form's field with the code. Forms may ask for it themselves (`parts.confirmation`)."""

PASSKEY = "confirm_passkey"
"""The field with a passkey's answer; the page's script fills it in."""

SIGN_IN_COUNTS = timedelta(minutes=1)
"""So long a sign-in is itself the fresh proof of acts that are about signing in anew."""

NO_CODE = _l("Enter the 6 digits that your authenticator app shows now")
_WRONG = _l("The code does not fit, or was used before. Wait for the next one.")
_WRONG_KEY = _l("The passkey did not confirm it. Try once more, or use a code.")
_TWICE = _l("Another tab was confirming something at this very moment. Enter the code again.")
_FILE = _l("Choose the file once more: browsers do not let a page do it for you.")


View = TypeVar("View", bound=Callable[..., Any])
_OWN_PAGE = "__asks_for_code__"


def asks_itself(page: Callable[[Problem], Response]) -> Callable[[View], View]:
    """Mark a view whose own form is shown again instead of what was typed: it holds secrets."""

    def mark(view: View) -> View:
        setattr(view, _OWN_PAGE, page)
        return view

    return mark


class FreshRequired(Refused):
    """This act wants to be confirmed with a code first; `problem` says what was wrong."""

    code: ClassVar[str] = "fresh_required"

    def __init__(self, problem: Any = None) -> None:  # noqa: ANN401 - a lazy text
        super().__init__()
        self.problem = problem


def act_of(endpoint: str, arguments: dict[str, Any]) -> str:
    """The name of an act: the route and what of, so that confirming one opens no other."""
    of = "/".join(f"{name}={arguments[name]}" for name in sorted(arguments))
    name = f"{endpoint}?{of}" if of else endpoint
    if len(name) <= ACT:
        return name
    return f"{endpoint}#{hashlib.sha256(name.encode()).hexdigest()}"[-ACT:]


def enforce(access: Access) -> None:
    """Let the act pass if it was confirmed, or is being confirmed by this very request.

    Raises:
        FreshRequired: it is not; the answer asks for the code.
        ProofsOver: too many wrong codes, and the session has ended.
    """
    if access.by_sign_in and is_just_signed_in():
        return
    act = act_of(request.endpoint or "", request.view_args or {})
    if not house().desk.is_fresh(person(), act, now=g.now):
        prove(act)


def is_just_signed_in() -> bool:
    """Whether this session began by a whole sign-in within the last minute.

    Every session begins with both steps or a passkey, and its beginning is under the MAC of its
    row: it proves no less than a code entered now. It counts for few acts and a minute, for
    nobody leaves a desk or loses a cookie that soon; who waits longer is asked again.
    """
    now: datetime = g.now
    return timedelta(0) <= now - person().created < SIGN_IN_COUNTS


def prove(act: str) -> None:
    """Confirm an act by what this request's form brings: a code, or a passkey's answer.

    Raises:
        FreshRequired: it brings none, or one that does not count.
        ProofsOver: too many wrong codes, and the session has ended.
    """
    # A proof that was kept with its form has had its time.
    kept = KEPT in request.environ
    typed = None if kept else request.form.get(CODE)
    answer = None if kept else request.form.get(PASSKEY)
    who, desk = person(), house().desk
    try:
        if answer:
            g.renewed = desk.prove_fresh_with_passkey(who, act=act, answer=answer, visit=visit())
        elif typed is None:
            raise FreshRequired
        elif not typed.strip():
            raise FreshRequired(NO_CODE)
        else:
            g.renewed = desk.prove_fresh(who, act=act, code=typed, visit=visit())
    except ProofRefused:
        raise FreshRequired(_WRONG_KEY if answer else _WRONG) from None
    except ProofTwice:
        raise FreshRequired(_TWICE) from None
    become(g.renewed)


def page(error: FreshRequired) -> Response:
    """The act again, with a question for the code. Status 401: RFC 9470, section 3."""
    view = current_app.view_functions[request.endpoint or ""]
    if own := getattr(view, _OWN_PAGE, None):
        answer: Response = own(Problem(CODE, str(error.problem or NO_CODE)))
        answer.status_code = HTTPStatus.UNAUTHORIZED
        return answer
    asks = house().desk.fresh_ways(person()) & {"totp", "recovery"}
    shown = render_template(
        "confirm.html",
        problems=problems_of(error, CODE if asks else ""),
        carried=carried(),
        files=[name for name, file in request.files.items() if file.filename],
        about_files=_FILE,
        act=act_of(request.endpoint or "", request.view_args or {}),
        address=request.path,
    )
    return make_response(shown, 401)


def problems_of(error: FreshRequired, field: str = CODE) -> list[Problem]:
    """What was wrong with the proof, at its field."""
    return [] if error.problem is None else [Problem(field, str(error.problem))]


def carried() -> Sequence[tuple[str, str]]:
    """The fields of the form that was sent, without its token and its code."""
    return [
        (name, value)
        for name, values in request.form.lists()
        for value in values
        if name not in {FIELD, CODE, PASSKEY}
    ]


def is_owed(endpoint: str, **arguments: Any) -> bool:  # noqa: ANN401 - a route's own values
    """Whether a form for this act has to ask for a code."""
    act = act_of(endpoint, _texts(arguments))
    return not house().desk.is_fresh(person(), act, now=g.now)


def keep_cookie(response: Response) -> Response:
    """After the request: hand over the session's new token, unless the view began another."""
    cookie = house().cookies.session
    set_already = any(
        each.startswith(f"{cookie.name}=") for each in response.headers.getlist("Set-Cookie")
    )
    if (token := g.get("renewed")) and not set_already:
        cookie.put(response, token)
    return response


def install(app: Flask) -> None:
    """Give the templates the question that confirms an act."""
    app.jinja_env.globals.update(
        confirmation_owed=is_owed,
        confirmation_act=lambda endpoint, arguments: act_of(endpoint, _texts(arguments)),
        confirmation_ways=lambda: house().desk.fresh_ways(person()),
        confirm_field=CODE,
        passkey_field=PASSKEY,
    )


def _texts(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in arguments.items()}
