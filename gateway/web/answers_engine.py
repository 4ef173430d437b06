"""The words for what is refused about the rules at work."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

ENGINE: Mapping[str, Answer] = {
    "decision_unknown": Answer(
        404,
        _l("There is no such decision"),
        _l("Look at the number. A decision made just now can be looked at within a second or two."),
    ),
    "disagreement_not_open": Answer(
        409,
        _l("It was not settled"),
        _l("Somebody else has settled it meanwhile. Look at their reason."),
    ),
}
