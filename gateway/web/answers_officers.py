"""The words for what is refused about officers, rights, and rows that somebody forged."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_NOT_DONE = _l("Nothing was changed")

OFFICERS: Mapping[str, Answer] = {
    "case_unknown": Answer(404, _NOT_DONE, _l("There is no such case.")),
    "case_over": Answer(
        409, _NOT_DONE, _l("The case was decided, withdrawn, or not confirmed in time.")
    ),
    "case_open": Answer(
        409,
        _NOT_DONE,
        _l("A case of this kind is open for the person already: confirm or withdraw that one."),
    ),
    "case_officers": Answer(
        403,
        _NOT_DONE,
        _l("Who opens, who confirms and whom it is about are three people, each in their office."),
    ),
    "opener_left": Answer(
        409,
        _NOT_DONE,
        _l(
            "Whoever proposed this is no longer active in that office. Refuse it; an officer who "
            "is can propose it anew."
        ),
    ),
    "case_terms": Answer(
        422,
        _NOT_DONE,
        _l("The reason has 10 to 500 characters, and a reset says which document you were shown."),
    ),
    "case_person": Answer(
        409,
        _NOT_DONE,
        _l(
            "This cannot be done for this account: it has not enrolled, is disabled, is a sealed "
            "account, or holds the office already."
        ),
    ),
    "office_unnumbered": Answer(
        409,
        _NOT_DONE,
        _l(
            "An office goes to somebody with a staff number, so that nobody holds two under two "
            "names. The system administrator enters the number first."
        ),
    ),
    "office_needs_two": Answer(
        403,
        _NOT_DONE,
        _l("One of the three offices is proposed here and confirmed by the system administrator."),
    ),
    "rights_of_oneself": Answer(403, _NOT_DONE, _l("Nobody gives rights to themself.")),
    "row_forged": Answer(
        403,
        _NOT_DONE,
        _l("This record was written behind the gateway's back. The officers have been told."),
    ),
    "standing_broken": Answer(
        403,
        _NOT_DONE,
        _l(
            "This account was changed behind the gateway's back. On the gateway's own machine: "
            "hangu person mend."
        ),
    ),
}
