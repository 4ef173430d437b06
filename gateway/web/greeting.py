"""After sign-in: when and where one was here last, so that a stranger's visit is noticed."""

from __future__ import annotations

from flask import Response, g

from gateway.web import moments, told
from gateway.web.paths import PORTAL
from gateway.web.places import place
from gateway.web.session import house


def say(response: Response, token: str, target: str) -> None:
    """Have the next page name the sign-in before this one, and the failures since.

    The portal names it anyway, so there only failures are worth a word.
    """
    last, failures = house().desk.last_sign_in(token, now=g.now)
    if last is None or (target == PORTAL and not failures):
        return
    words = {"at": moments.moment(last.at).striptags(), "place": place(last.address)}
    if failures:
        told.say(response, "last_sign_in_failures", failures=str(failures), **words)
    else:
        told.say(response, "last_sign_in", **words)
