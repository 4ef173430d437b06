"""Words of the factors' pages: what a person should see to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.identity.factor_views import Reminder
from gateway.web.i18n import later as _l
from gateway.web.moments import day

REMINDERS: Mapping[str, Any] = {
    "password_ends": _l("Your password must be changed by %(day)s."),
    "totp_disabled": _l(
        "Your authenticator app is disabled after too many wrong codes: replace it."
    ),
    "recovery_none": _l("You have no recovery codes. Without them a lost phone shuts you out."),
    "recovery_unsaved": _l("You have not shown yet that your recovery codes are saved."),
    "recovery_low": _l("Only %(left)s recovery codes are left. Make new ones in time."),
}
"""Keys are the codes of `gateway.identity.factor_views.Reminder`."""

PLACES: Mapping[str, str] = {
    "password_ends": "password.show",
    "totp_disabled": "authenticator.show",
    "recovery_none": "recovery.show",
    "recovery_unsaved": "recovery.ask_saved",
    "recovery_low": "recovery.show",
}
"""The endpoint where each is seen to."""


def reminder(found: Reminder) -> str:
    """The sentence of a reminder."""
    ends = "" if found.at is None else day(found.at)
    return str(REMINDERS[found.code]) % {"left": found.left, "day": ends}
