"""The words for what the accounts refuse: people, units, staff lists."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_UNCHANGED = _l("The people list was not changed")
_UNITS = _l("The units were not changed")
_LIST = _l("Nothing was imported")

ACCOUNTS: Mapping[str, Answer] = {
    "link_needs_two": Answer(
        409,
        _UNCHANGED,
        _l(
            "This account is in use, or an officer's. One officer alone gets no link for it: start "
            "a factor reset, which a second officer confirms."
        ),
    ),
    "not_disabled": Answer(409, _UNCHANGED, _l("The account is not disabled.")),
    "staff_number_not_allowed": Answer(
        422, _UNCHANGED, _l("A staff number is 1 to 32 of A-Z, 0-9 and . _ / -.")
    ),
    "staff_number_taken": Answer(
        409, _UNCHANGED, _l("Another account has this staff number. One person has one account.")
    ),
    "staff_draft_unknown": Answer(
        404, _LIST, _l("The list was imported, replaced or forgotten after an hour. Upload it.")
    ),
    "staff_list_faulty": Answer(409, _LIST, _l("The list has faults. Look at the preview again.")),
    "staff_list_outdated": Answer(
        409,
        _LIST,
        _l("The office has changed since the preview. Look at what the list would do now."),
    ),
    "unit_has_units": Answer(
        409, _UNITS, _l("There are units below this one. Move or close them first.")
    ),
    "unit_inhabited": Answer(
        409, _UNITS, _l("There are people in this unit, perhaps disabled ones. Move them first.")
    ),
    "unit_named": Answer(
        409, _UNITS, _l("Services or rules name this unit. Have them changed first.")
    ),
}
