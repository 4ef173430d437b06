"""The rules of sign-in in this zone, for whoever wants to know or has to show them."""

from __future__ import annotations

from flask import Blueprint, render_template

from gateway.web.access import requires
from gateway.web.i18n import later as _l
from gateway.web.moments import span
from gateway.web.session import house
from policies.permissions import Permission

pages = Blueprint("written_rules", __name__)

WAYS = {
    "password_and_code": _l("Password and the code of an authenticator app"),
    "password_and_recovery_code": _l("Password and a recovery code"),
    "password_and_passkey": _l("Password and passkey"),
    "passkey": _l("Passkey alone"),
}
LANES = {
    "device": _l("A browser that the person has used before"),
    "place": _l("A network address from which the person signed in before"),
    "name": _l("Strangers who try one name"),
    "address": _l("Strangers at one address"),
    "overall": _l("All strangers together"),
}
PROFILES = {
    "nist": _l("NIST: long, not guessable, changed when somebody else may know it"),
    "dengbao3": _l("GB/T 22239 level 3: mixed characters, changed every 90 days"),
}
DEVIATIONS = {
    "no_complexity": _l(
        "No mixture of characters is asked for: length and a list of guessed passwords do more."
    ),
    "no_expiry": _l(
        "Passwords do not expire: they are changed when there is a sign that somebody knows them."
    ),
    "growing_wait": _l(
        "Failures slow strangers down instead of shutting the account, which anybody could do to "
        "anybody."
    ),
    "complexity": _l("Three kinds of characters must be mixed."),
    "expiry": _l("Passwords expire after 90 days."),
    "hard_lock": _l(
        "Five failures shut a lane for 30 minutes: that of strangers, or of one device. Other "
        "devices of the owner still work."
    ),
    "short": _l("Fewer than 15 characters are allowed, since a password is never the only proof."),
}


@pages.get("/sign-in-rules")
@requires(Permission.ACCOUNT_VIEW)
def show() -> str:
    """Ways to sign in, guessing, passwords, sessions: as they are in force."""
    return render_template(
        "written_rules.html",
        rules=house().desk.written_rules(),
        ways=WAYS,
        lanes=LANES,
        profiles=PROFILES,
        deviations=DEVIATIONS,
        length=span,
    )
