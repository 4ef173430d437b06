"""The words for what is refused about sealed accounts."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_NOT_DONE = _l("Nothing was opened")

BREAK_GLASS: Mapping[str, Answer] = {
    "opening_unknown": Answer(404, _NOT_DONE, _l("There is no such sealed account or opening.")),
    "opening_not_sealed": Answer(
        409,
        _NOT_DONE,
        _l("The account is proposed, open or not reviewed yet. One opening after the other."),
    ),
    "opening_over": Answer(409, _NOT_DONE, _l("The proposal or the opening is over already.")),
    "opening_not_over": Answer(409, _NOT_DONE, _l("A review follows the end of an opening.")),
    "opening_same_person": Answer(
        403,
        _NOT_DONE,
        _l("Who proposes, confirms, uses and reviews are different people, each in their office."),
    ),
    "opening_user": Answer(
        422, _NOT_DONE, _l("Name an active person who holds none of the three offices.")
    ),
    "opening_terms": Answer(
        422, _NOT_DONE, _l("15 to 240 minutes; reason and finding have 10 to 500 characters.")
    ),
    "opening_code": Answer(
        403, _NOT_DONE, _l("The opening code is wrong, used, over, or meant for somebody else.")
    ),
    "account_sealed": Answer(
        403, _NOT_DONE, _l("A sealed account never gets a link or a factor; two officers open it.")
    ),
}
