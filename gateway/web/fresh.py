"""The guard of routes that ask for a fresh proof, and the page that asks for it.

The page carries what was to be sent, so nothing is lost; its code travels with the act itself
in one request, and confirms that act alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Flask, Response, g, make_response, render_template, request

from gateway.identity.fresh import ProofRefused
from gateway.identity.tables_fresh import ACT
from gateway.refusals import Refused
from gateway.web.forms import Problem
from gateway.web.i18n import later as _l
from gateway.web.origin import FIELD
from gateway.web.session import become, house, person, visit

CODE = "confirm_code"
"""The form's field with the code. Forms may ask for it themselves (`parts.confirmation`)."""

PASSKEY = "confirm_passkey"
"""The field with a passkey's answer; the page's script fills it in."""

_NO_CODE = _l("Enter the 6 digits that your authenticator app shows now")
_WRONG = _l("The code does not fit, or was used before. Wait for the next one.")
_WRONG_KEY = _l("The passkey did not confirm it. Try once more, or use a code.")
_FILE = _l("Choose the file once more: browsers do not let a page do it for you.")


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
    typed, answer = request.form.get(CODE), request.form.get(PASSKEY)
    try:
        if answer:
            g.renewed = desk.prove_fresh_with_passkey(who, act=act, answer=answer, visit=visit())
        elif typed is None:
            raise FreshRequired
        elif not typed.strip():
            raise FreshRequired(_NO_CODE)
        else:
            g.renewed = desk.prove_fresh(who, act=act, code=typed, visit=visit())
    except ProofRefused:
        raise FreshRequired(_WRONG_KEY if answer else _WRONG) from None
    become(g.renewed)


def page(error: FreshRequired) -> Response:
    """The act again, with a question for the code. Status 401: RFC 9470, section 3."""
    ways = house().desk.fresh_ways(person())
    asks = ways & {"totp", "recovery"}
    field = CODE if asks else ""
    problems = [] if error.problem is None else [Problem(field, str(error.problem))]
    act = act_of(request.endpoint or "", request.view_args or {})
    shown = render_template(
        "confirm.html",
        problems=problems,
        carried=carried(),
        files=[name for name, file in request.files.items() if file.filename],
        about_files=_FILE,
        ways=ways,
        act=act,
        address=request.path,
    )
    return make_response(shown, 401)


def carried() -> Sequence[tuple[str, str]]:
    """The fields of the form that was sent, without its token and its code."""
    return [
        (name, value)
        for name, values in request.form.lists()
        for value in values
        if name not in {FIELD, CODE, PASSKEY}
    ]


def is_owed(endpoint: str, **arguments: Any) -> bool:  # noqa: ANN401 - a route's own values
    """Whether a form for this act has to ask for a code.

    Who has a passkey is asked on a page of its own, which offers both.
    """
    act = act_of(endpoint, {name: str(value) for name, value in arguments.items()})
    desk, who = house().desk, person()
    if desk.is_fresh(who, act, now=g.now):
        return False
    ways = desk.fresh_ways(who)
    return bool(ways) and "passkey" not in ways


def keep_cookie(response: Response) -> Response:
    """After the request: hand over the session's new token."""
    if token := g.get("renewed"):
        house().cookies.session.put(response, token)
    return response


def install(app: Flask) -> None:
    """Give the templates `confirmation_owed`."""
    app.jinja_env.globals.update(
        confirmation_owed=is_owed, confirm_field=CODE, passkey_field=PASSKEY
    )
