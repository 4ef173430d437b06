"""The words for what the log's pages refuse."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_SAVED = _l("The search was not saved")

AUDIT: Mapping[str, Answer] = {
    "entry_unknown": Answer(
        404,
        _l("There is no such entry"),
        _l("No sealed entry has this number. A new entry is sealed within a second."),
    ),
    "search_unknown": Answer(
        404, _l("There is no such search"), _l("It was removed, or it is another person's.")
    ),
    "search_unnamed": Answer(422, _SAVED, _l("Give it a name of 1 to 60 characters.")),
    "searches_full": Answer(
        409, _SAVED, _l("You keep 100 searches. Remove one that you no longer use.")
    ),
}
