"""The words for what is refused about the rules at work."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

ENGINE: Mapping[str, Answer] = {
    "disagreement_not_open": Answer(
        409,
        _l("It was not settled"),
        _l("Somebody else has settled it meanwhile. Look at their reason."),
    ),
}
