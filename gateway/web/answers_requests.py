"""The words for what requests for access are refused for."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_NOT_SENT = _l("The request was not sent")
_NOT_DECIDED = _l("Nothing was decided")

REQUESTS: Mapping[str, Answer] = {
    "request_unknown": Answer(
        404, _l("There is no such request"), _l("Look at the list again; it may be over.")
    ),
    "request_settled": Answer(
        409,
        _NOT_DECIDED,
        _l("Somebody was quicker: it is decided, withdrawn or over already. Look at the list."),
    ),
    "request_exists": Answer(
        409, _NOT_SENT, _l("You have asked for this service already; an answer is due.")
    ),
    "request_reason": Answer(
        422, _NOT_SENT, _l("Say why in 10 to 500 characters, so that it can be judged.")
    ),
    "request_end": Answer(
        422, _NOT_SENT, _l("Choose a day that is still to come, within the longest time.")
    ),
    "request_own": Answer(
        403, _NOT_DECIDED, _l("Nobody decides on their own request. Another owner must do it.")
    ),
    "request_not_in_charge": Answer(
        403,
        _NOT_DECIDED,
        _l("Only a service owner of the unit in charge, or of one above it, decides."),
    ),
    "request_clearance": Answer(
        403,
        _NOT_SENT,
        _l(
            "The label of this service is above the clearance of the person. No request changes "
            "that; ask the security administrator."
        ),
    ),
    "request_officer": Answer(
        403,
        _NOT_SENT,
        _l("The three administrators do no business through the gateway, not even for a time."),
    ),
    "request_person_gone": Answer(
        409, _NOT_DECIDED, _l("The person cannot sign in any more, so there is nothing to grant.")
    ),
}
