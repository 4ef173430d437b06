"""The words for what the guards refuse: own passwords, reports, lanes."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_PASSWORD = _l("Choose another password")
_UNDECIDED = _l("The report was not decided")

GUARDS: Mapping[str, Answer] = {
    "attempt_unknown": Answer(
        404,
        _l("There is no such sign-in"),
        _l("It is not one of yours, or you have reported it already."),
    ),
    "current_password_wrong": Answer(
        422,
        _l("The password was not changed"),
        _l("This is not your present password. The attempt was counted."),
    ),
    "lane_unknown": Answer(
        404, _l("There is no such lane"), _l("It has been opened or forgotten meanwhile.")
    ),
    "password_too_plain": Answer(
        422,
        _PASSWORD,
        _l("Mix more kinds of characters: small letters, capital letters, digits, signs."),
    ),
    "password_unchanged": Answer(422, _PASSWORD, _l("This is the password you have already.")),
    "person_locked": Answer(
        409,
        _l("The account is locked by a report"),
        _l("A security administrator decides the report first; that brings the person back."),
    ),
    "report_closed": Answer(
        409, _UNDECIDED, _l("Somebody else has decided it meanwhile. Look at their decision.")
    ),
    "report_of_oneself": Answer(
        403, _UNDECIDED, _l("It is about your own account. Another security administrator decides.")
    ),
    "report_reason_missing": Answer(422, _UNDECIDED, _l("Give a reason of 1 to 500 characters.")),
    "report_unknown": Answer(404, _l("There is no such report"), _l("Start from the list.")),
}
