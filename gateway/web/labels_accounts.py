"""Words of the accounts' pages: states, causes, kinds of change, faults of a staff list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.identity.staff_plan import Kind
from gateway.identity.stale import Cause
from gateway.web.i18n import later as _l

STATES: Mapping[str, Any] = {
    "invited": _l("Invited"),
    "active": _l("In use"),
    "disabled": _l("Disabled"),
}

CAUSES: Mapping[str, tuple[Any, Any]] = {
    Cause.UNUSED: (
        _l("Not used for long"),
        _l("Ask the unit whether the account is still needed; disable it if not."),
    ),
    Cause.NEVER: (
        _l("Never enrolled, link expired"),
        _l("Give a new link in person, or disable the account."),
    ),
    Cause.LAPSED: (
        _l("Came back, link expired"),
        _l("Give a new link in person, or disable the account."),
    ),
    Cause.HOLDS: (
        _l("Disabled, but still in roles"),
        _l("The security administrator takes the roles away."),
    ),
}
"""Why an account is on the report, and what is to be done."""

KINDS: Mapping[str, Any] = {
    Kind.NEW: _l("New"),
    Kind.RENAMED: _l("Renamed"),
    Kind.MOVED: _l("Moved"),
    Kind.NUMBERED: _l("Staff number added"),
    Kind.RESTORED: _l("Restored without rights"),
    Kind.DISABLED: _l("Disabled"),
}

FAULTS: Mapping[str, tuple[Any, Any]] = {
    "too_large": (_l("The file is larger than 2 MiB"), _l("Split the list.")),
    "too_many_lines": (_l("The list has more than 10,000 people"), _l("Split the list.")),
    "encoding": (
        _l("The file is neither UTF-8 nor GB 18030 text"),
        _l("Save it as CSV once more, not as a workbook."),
    ),
    "empty": (_l("Nobody is on the list"), _l("Put one person on each line below the heads.")),
    "quotes": (
        _l("A quotation mark is not closed, or stands in the wrong place"),
        _l("Look at this line and the next ones."),
    ),
    "cells": (
        _l("The line has another number of cells than the heads"),
        _l("Put values with commas into quotation marks."),
    ),
    "column_unknown": (
        _l("This column is not known"),
        _l("Take it out. Known are login, name, unit, staff number and state."),
    ),
    "column_of_rights": (
        _l("A list gives no rights and no passwords"),
        _l("Take the column out; the security administrator gives roles and clearance."),
    ),
    "column_twice": (_l("This column is there twice"), _l("Take one of them out.")),
    "column_missing": (_l("A column is missing"), _l("Login, name and unit are needed.")),
    "login_not_allowed": (
        _l("This is no sign-in name"),
        _l("1 to 64 of a-z, 0-9, Chinese characters and . _ - @; no look-alike letters."),
    ),
    "login_twice": (_l("The sign-in name is on the list twice"), _l("Keep one of the lines.")),
    "name_not_allowed": (
        _l("This is no name"),
        _l("1 to 80 characters, without invisible ones."),
    ),
    "staff_number_not_allowed": (
        _l("This is no staff number"),
        _l("1 to 32 of A-Z, 0-9 and . _ / -."),
    ),
    "number_twice": (
        _l("The staff number is on the list twice"),
        _l("One person has one account: keep one of the lines."),
    ),
    "number_taken": (
        _l("Another account has this staff number"),
        _l("One person has one account: use that one's sign-in name."),
    ),
    "number_differs": (
        _l("The account has another staff number"),
        _l("Correct the list, or the number on the account's own page."),
    ),
    "state_unknown": (_l("This state is not known"), _l("Write active or disabled, or nothing.")),
    "unit_missing": (_l("The unit is missing"), _l("Write its short name, or its full name.")),
    "unit_unknown": (
        _l("There is no such unit"),
        _l("Correct it, or add the unit first."),
    ),
    "unit_ambiguous": (
        _l("Several units have this name"),
        _l("Write the short name of the one you mean."),
    ),
    "formula": (
        _l("The value begins like a spreadsheet's formula"),
        _l("Take the first sign away."),
    ),
    "new_but_disabled": (
        _l("Nobody has this sign-in name, and the state is disabled"),
        _l("Take the line out."),
    ),
    "officer_leaves": (
        _l("This person is one of the three officers"),
        _l("Officers are disabled one by one, on their own page."),
    ),
}
"""What is wrong with a line, and what to do about it."""
