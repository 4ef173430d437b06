"""The words for what the identity room refuses: sign-in, enrolment, sessions, people."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_SIGN_IN = _l("You are not signed in")
_PASSWORD = _l("Choose another password")
_KEYS = Answer(
    503,
    _l("The keys of this zone cannot be used"),
    _l("So nothing that is kept under them can be read. The system administrator must act."),
)

_UNCHANGED = _l("The people list was not changed")
_STAFF = {
    "clearance_not_allowed": _l("A clearance is a number from 0 to 4."),
    "duties_united": _l(
        "Somebody would hold both sides of what the rules keep apart. See the duties kept apart."
    ),
    "last_officer": _l("Somebody must remain in this office."),
    "login_taken": _l("This sign-in name is taken, perhaps by somebody whose account is disabled."),
    "name_not_allowed": _l("A name is 1 to 80 characters, without invisible ones."),
    "officers_exclusive": _l(
        "Who holds one of the three offices holds no second one, and no other role."
    ),
    "person_unknown": _l("There is no such person."),
    "role_not_allowed": _l("This role cannot be given."),
    "unit_circle": _l("The unit would stand above itself."),
    "unit_exists": _l("There is a unit of that short name already."),
    "unit_slug_not_allowed": _l("A unit's short name is 1 to 40 of a-z, 0-9 and hyphen."),
    "unit_too_deep": _l("The tree of units would have more than 8 levels."),
    "unit_unknown": _l("There is no such unit."),
}

PEOPLE: Mapping[str, Answer] = {
    "sign_in_refused": Answer(
        403, _SIGN_IN, _l("The sign-in details are not valid. Check them and try again.")
    ),
    "step_over": Answer(
        403,
        _SIGN_IN,
        _l("The time between password and code has run out. Begin again with the password."),
    ),
    "throttled": Answer(429, _SIGN_IN, _l("There were too many attempts.")),
    "busy": Answer(503, _SIGN_IN, _l("Many people are signing in. Try again in a few seconds.")),
    "session_over": Answer(
        401, _l("Please sign in"), _l("You are not signed in, or your session has ended.")
    ),
    "ticket_refused": Answer(
        403,
        _l("The way in was not completed"),
        _l(
            "This entry pass has been used, has expired, or was made for another browser. Open the "
            "service once more from the portal. Cookies must be allowed for this address."
        ),
    ),
    "session_unknown": Answer(
        404, _l("There is no such session"), _l("It has ended already, or is not yours.")
    ),
    "password_too_short": Answer(
        422, _PASSWORD, _l("This password is too short. Make it longer, for example a sentence.")
    ),
    "password_too_long": Answer(422, _PASSWORD, _l("This password is longer than 256 characters.")),
    "password_names_its_owner": Answer(
        422, _PASSWORD, _l("This password holds your name, sign-in name or unit. Leave them out.")
    ),
    "password_common": Answer(
        422,
        _PASSWORD,
        _l(
            "This password is made of common words, years or rows of keys, which are guessed first."
        ),
    ),
    "password_repeats": Answer(
        422, _PASSWORD, _l("This password is one short piece over and over.")
    ),
    "enrolment_over": Answer(
        410,
        _l("This enrolment link cannot be used"),
        _l(
            "It has been used, has expired, or was replaced by a newer one. Ask the system "
            "administrator for another."
        ),
    ),
    "enrolment_not_begun": Answer(
        409,
        _l("Begin with the password"),
        _l("No password was chosen by this link yet. Open the link again and start with step 1."),
    ),
    "code_refused": Answer(
        422,
        _l("The code is not right"),
        _l(
            "The code does not fit. Wait for the next one and check that your phone's clock is "
            "right."
        ),
    ),
    "login_not_allowed": Answer(
        422, _l("This sign-in name cannot be used"), _l("Choose another sign-in name.")
    ),
    **{code: Answer(422, _UNCHANGED, text) for code, text in _STAFF.items()},
    "keyring_root_refused": _KEYS,
    "passphrase_too_short": _KEYS,
    "unsafe_file": _KEYS,
    "keyring_exists": _KEYS,
    "keyring_missing": _KEYS,
    "keyring_damaged": _KEYS,
    "keyring_of_another_zone": _KEYS,
    "unopenable": _KEYS,
}
