"""The one table from a refusal's code to its status and words.

Each text says what happened and what to do next, and names nothing that the reader may not
know of. Codes of the lower rooms stand here too; a test walks every leaf of `Refused` and
asks for its row.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.answers_access import ADDRESSES, SERVICES
from gateway.web.answers_accounts import ACCOUNTS
from gateway.web.answers_audit import AUDIT
from gateway.web.answers_break_glass import BREAK_GLASS
from gateway.web.answers_campaigns import CAMPAIGNS
from gateway.web.answers_changes import CHANGES
from gateway.web.answers_custody import CUSTODY
from gateway.web.answers_engine import ENGINE
from gateway.web.answers_factors import FACTORS
from gateway.web.answers_guards import GUARDS
from gateway.web.answers_identity import PEOPLE
from gateway.web.answers_kept import KEPT
from gateway.web.answers_officers import OFFICERS
from gateway.web.answers_requests import REQUESTS
from gateway.web.answers_review import REVIEW
from gateway.web.i18n import later as _l

_NO_ENTRY = _l("You may not open this")

_PAGES: Mapping[str, Answer] = {
    "bad_request": Answer(
        400, _l("The request could not be understood"), _l("Please go back and try again.")
    ),
    "sign_in_required": Answer(
        401, _l("Please sign in"), _l("You are not signed in, or your session has ended.")
    ),
    "not_permitted": Answer(
        403, _NO_ENTRY, _l("Your roles do not include this page. Nothing was changed.")
    ),
    "cross_site": Answer(
        403,
        _l("This request did not come from our own page"),
        _l(
            "Your browser says another site sent it, or did not say. Nothing was changed. Open the "
            "page here and try again; if it happens again, your browser may be too old."
        ),
    ),
    "form_expired": Answer(
        403,
        _l("This form is no longer valid"),
        _l(
            "It was made for another session, perhaps before you signed in again. Nothing was "
            "changed. Go back, reload the page and send the form again."
        ),
    ),
    "entry_refused": Answer(
        403,
        _l("The way in was not completed"),
        _l(
            "This entry pass has been used, has expired, or was made for another browser. Open the "
            "service once more from the portal. Cookies must be allowed for this address."
        ),
    ),
    "not_found": Answer(
        404,
        _l("There is no such page"),
        _l("Check the address, or start from the portal. What you may not know of looks the same."),
    ),
    "not_allowed": Answer(405, _l("This cannot be done here"), _l("Please start from the portal.")),
    "too_large": Answer(
        413, _l("What you sent is too large"), _l("Nothing was stored. Send less at once.")
    ),
    "wrong_host": Answer(
        421,
        _l("No service answers at this address"),
        _l("The host name is not registered with this gateway. Check the address."),
    ),
    "too_many": Answer(429, _l("Too many attempts"), _l("Please wait a moment, then try again.")),
    "broken": Answer(
        500,
        _l("Something went wrong on our side"),
        _l("It is recorded. Tell the help desk the number below if it happens again."),
    ),
    "websocket_unsupported": Answer(
        501,
        _l("This connection is not supported"),
        _l("The service asked for a WebSocket, which is not opened for it here."),
    ),
    "upstream_down": Answer(
        502,
        _l("The service does not answer"),
        _l("You are allowed in, but the service itself cannot be reached. Try again in a minute."),
    ),
    "unavailable": Answer(
        503, _l("The gateway is busy"), _l("Nothing was changed. Try again in a minute.")
    ),
    "upstream_slow": Answer(
        504,
        _l("The service takes too long"),
        _l("It may still finish what you asked for. Look before you send it again."),
    ),
}

ANSWERS: Mapping[str, Answer] = {
    **_PAGES,
    **ACCOUNTS,
    **AUDIT,
    **ADDRESSES,
    **SERVICES,
    **ENGINE,
    **FACTORS,
    **GUARDS,
    **PEOPLE,
    **REQUESTS,
    **REVIEW,
    **BREAK_GLASS,
    **OFFICERS,
    **KEPT,
    **CUSTODY,
    **CHANGES,
    **CAMPAIGNS,
}

BY_STATUS: Mapping[int, str] = {
    400: "bad_request",
    403: "not_permitted",
    404: "not_found",
    405: "not_allowed",
    413: "too_large",
    421: "wrong_host",
    429: "too_many",
    501: "websocket_unsupported",
    502: "upstream_down",
    503: "unavailable",
    504: "upstream_slow",
}
"""Which row speaks for a status that Flask itself raised."""


def answer_for(code: str) -> Answer:
    """The row of a refusal. A code without one is still a refusal, in general words."""
    return ANSWERS.get(code, ANSWERS["not_permitted"])


def answer_for_status(status: int) -> tuple[str, Answer]:
    """The row, with its code, for an HTTP error that no rule of ours raised."""
    code = BY_STATUS.get(status, "bad_request")
    return code, ANSWERS[code]
