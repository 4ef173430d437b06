"""The words for what is refused about reviews of the rules."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_NOT_DONE = _l("Nothing was changed")
_NOT_BEGUN = _l("The review was not begun")

CAMPAIGNS: Mapping[str, Answer] = {
    "campaign_gathering": Answer(
        409, _NOT_DONE, _l("The log is still being asked what each rule did. Wait for its end.")
    ),
    "campaign_no_reason": Answer(422, _NOT_DONE, _l("Give a reason of 2 to 2000 characters.")),
    "campaign_not_yours": Answer(
        403, _NOT_DONE, _l("Others decide on one of these rules: whose service or unit it is.")
    ),
    "campaign_nothing": Answer(
        422, _NOT_BEGUN, _l("No rule in force lets anybody in there. Choose another scope.")
    ),
    "campaign_own": Answer(
        403,
        _NOT_DONE,
        _l("One of these rules is about yourself: somebody else decides to keep it."),
    ),
    "campaign_terms": Answer(
        422, _NOT_BEGUN, _l("Something that was entered is not as it must be.")
    ),
    "campaign_undecided": Answer(
        409,
        _NOT_DONE,
        _l("Rules are undecided. Decide on them, or say that they stay as they are."),
    ),
    "campaign_unknown": Answer(
        404, _l("There is no such review"), _l("Look at the list of reviews, and tick its rules.")
    ),
    "campaign_until": Answer(
        422,
        _NOT_DONE,
        _l(
            "Enter a last day that is to come and earlier than the rule's own end. A rule with "
            "weekly hours cannot be given one: remove it and write it anew."
        ),
    ),
    "campaign_used_since": Answer(
        409,
        _NOT_DONE,
        _l(
            "Rules that were to go because nobody used them have been used since. Decide on them "
            "again; the page shows when."
        ),
    ),
    "campaign_wrong_state": Answer(
        409, _NOT_DONE, _l("The review is over, or somebody was quicker. Look at where it stands.")
    ),
}
