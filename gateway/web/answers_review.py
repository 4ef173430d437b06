"""The words for what the review of the log refuses."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_NOT_SIGNED = _l("It was not signed off")
_NOT_DECIDED = _l("Nothing was decided")

REVIEW: Mapping[str, Answer] = {
    "review_unknown": Answer(
        404, _l("There is no such thing here"), _l("The address is wrong, or it was copied badly.")
    ),
    "review_moved": Answer(
        409,
        _l("Somebody else was faster"),
        _l("It was changed after you opened it. Look at it again before you decide."),
    ),
    "decision_incomplete": Answer(
        422,
        _NOT_DECIDED,
        _l("Say what it turned out to be, and give a reason of 5 to 500 characters."),
    ),
    "never_suppressed": Answer(
        422, _l("It is not suppressed"), _l("What is critical is asked about every time.")
    ),
    "suppression_terms": Answer(
        422,
        _l("It is not suppressed"),
        _l("Choose 1 to 3 fields and an end within 90 days, and give a reason."),
    ),
    "rule_reason": Answer(
        422,
        _l("The rule is as it was"),
        _l("Give a reason of 5 to 500 characters; it stays in the log."),
    ),
    "signoff_stale": Answer(
        409,
        _NOT_SIGNED,
        _l("The page shows another log than the one that was signed. Open it again."),
    ),
    "signoff_tampered": Answer(
        409,
        _NOT_SIGNED,
        _l("Entries of this range are not what was sealed. Run hangu audit verify at once."),
    ),
    "signoff_twice": Answer(409, _NOT_SIGNED, _l("It is signed already.")),
    "signoff_terms": Answer(
        422,
        _NOT_SIGNED,
        _l("A note has at most 500 characters; a filter names no address and no sign-in name."),
    ),
    "signoff_same": Answer(
        403,
        _NOT_SIGNED,
        _l("Another auditor or a security administrator signs for the reviewer's own acts."),
    ),
    "evidence_purpose": Answer(
        422,
        _l("No package was made"),
        _l("Say why it leaves the house (5 to 500 characters) and to whom it goes."),
    ),
    "evidence_nothing": Answer(
        409, _l("No package was made"), _l("Nothing that fits is sealed and signed yet.")
    ),
}
