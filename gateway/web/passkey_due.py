"""The guard of roles that ask for a passkey: who has none makes one, and does nothing else."""

from __future__ import annotations

from flask import Response, g, make_response, redirect, request, url_for

from gateway.identity.phishing import Owed
from gateway.web.password import OPEN
from gateway.web.session import house, person, visit, visitor

MAKING = frozenset(
    {
        "account.stay",
        "factors.add_passkey",
        "factors.confirm_options",
        "factors.new_passkey",
        "factors.passkey_options",
    }
)
"""What answers while a passkey is to be made."""


def due() -> Response | None:
    """Guard: whoever's role asks for a passkey makes one, or signs in with it, before all else."""
    found = visitor()
    if found is None or found.service is not None or request.endpoint is None:
        return None
    if request.blueprint in OPEN - {"password"} or request.endpoint in MAKING:
        return None
    owed = house().desk.passkey_owed(found)
    if owed is Owed.SIGN_IN:
        return sign_in_again(new=False)
    if owed is Owed.REGISTER:
        return make_response(redirect(url_for("factors.new_passkey"), code=303))
    return None


def sign_in_again(*, new: bool) -> Response:
    """End this session: a passkey opens the next one. `new`: it has just been made."""
    here = house()
    here.desk.sign_out(person(), visit=visit())
    response = make_response(redirect(url_for("ways.only", new=1 if new else None), code=303))
    here.cookies.session.drop(response)
    g.pop("renewed", None)
    return response
