"""The guard of routes that ask for a fresh proof, and the page that asks for it.

The page carries what was to be sent, so nothing is lost; its code travels with the act itself
in one request, and confirms that act alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from flask import Flask, Response, current_app, g, make_response, render_template, request

from gateway.access.forms import KEPT
from gateway.identity.fresh import ProofRefused, ProofTwice
from gateway.identity.tables_fresh import ACT
from gateway.refusals import Refused
from gateway.web.forms import Problem
from gateway.web.i18n import later as _l
from gateway.web.origin import FIELD
from gateway.web.session import become, house, person, visit

CODE = "confirm_code"
"""The form's field with the code. Forms may ask for it themselves (`parts.confirmation`)."""

NO_CODE = _l("Enter the 6 digits that your authenticator app shows now")
WRONG = _l("The code does not fit, or was used before. Wait for the next one.")
TWICE = _l("Another tab was confirming something at this very moment. Enter the code again.")
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


def enforce() -> None:
    """Let the act pass if it was confirmed, or is being confirmed by this very request.

    Raises:
        FreshRequired: it is not; the answer asks for the code.
        ProofsOver: too many wrong codes, and the session has ended.
    """
    act = act_of(request.endpoint or "", request.view_args or {})
    who, desk = person(), house().desk
    if desk.is_fresh(who, act, now=g.now):
        return
    # A code that was kept with its form has had its time.
    typed = None if KEPT in request.environ else request.form.get(CODE)
    if typed is None:
        raise FreshRequired
    if not typed.strip():
        raise FreshRequired(NO_CODE)
    try:
        g.renewed = desk.prove_fresh(who, act=act, code=typed, visit=visit())
    except ProofRefused:
        raise FreshRequired(WRONG) from None
    except ProofTwice:
        raise FreshRequired(TWICE) from None
    become(g.renewed)


def page(error: FreshRequired) -> Response:
    """The act again, with a question for the code. Status 401: RFC 9470, section 3."""
    problems = [] if error.problem is None else [Problem(CODE, str(error.problem))]
    view = current_app.view_functions[request.endpoint or ""]
    if own := getattr(view, _OWN_PAGE, None):
        answer: Response = own(Problem(CODE, str(error.problem or NO_CODE)))
        answer.status_code = HTTPStatus.UNAUTHORIZED
        return answer
    shown = render_template(
        "confirm.html",
        problems=problems,
        carried=carried(),
        files=[name for name, file in request.files.items() if file.filename],
        about_files=_FILE,
        field=CODE,
        address=request.path,
    )
    return make_response(shown, 401)


def carried() -> Sequence[tuple[str, str]]:
    """The fields of the form that was sent, without its token and its code."""
    return [
        (name, value)
        for name, values in request.form.lists()
        for value in values
        if name not in {FIELD, CODE}
    ]


def is_owed(endpoint: str, **arguments: Any) -> bool:  # noqa: ANN401 - a route's own values
    """Whether a form for this act has to ask for a code."""
    act = act_of(endpoint, {name: str(value) for name, value in arguments.items()})
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
    """Give the templates `confirmation_owed`."""
    app.jinja_env.globals.update(confirmation_owed=is_owed, confirm_field=CODE)
