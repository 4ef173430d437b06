"""The words for what is refused about the keeping of the log."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_NOT_DONE = _l("Nothing was changed")

CUSTODY: Mapping[str, Answer] = {
    "keeping_unknown": Answer(
        404, _NOT_DONE, _l("There is no such request, hold or person. Look at the list again.")
    ),
    "keeping_terms": Answer(
        422,
        _NOT_DONE,
        _l(
            "Fill in every field: a reason of 10 to 500 characters, a day that has begun, and "
            "either a sign-in name or an entry."
        ),
    ),
    "keeping_over": Answer(
        409, _NOT_DONE, _l("The same is proposed, decided or under way already.")
    ),
    "keeping_same": Answer(
        403,
        _NOT_DONE,
        _l("Two officers agree: one auditor and one security administrator, in either order."),
    ),
    "keeping_forged": Answer(
        409,
        _NOT_DONE,
        _l(
            "The log does not bear this request out: it was not made by the officer it names. "
            "Tell the head of security; an alarm is on record."
        ),
    ),
    "keeping_nothing": Answer(
        422, _NOT_DONE, _l("There is nothing to remove: everything is younger, held, or gone.")
    ),
    "receipt_unknown": Answer(
        404, _l("There is no such receipt"), _l("Receipts are handed to whoever acted, alone.")
    ),
    "receipt_early": Answer(
        409, _l("Not sealed yet"), _l("The log seals what is new within seconds. Try again.")
    ),
}
