"""Staff numbers: one natural person has one, in one spelling."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar

from gateway.refusals import Refused

MAX_LENGTH = 32
_NUMBER = re.compile(f"[A-Z0-9][A-Z0-9._/-]{{0,{MAX_LENGTH - 1}}}")
_TYPED = 128


class StaffNumberRefused(Refused):
    """A staff number is 1 to 32 of A-Z, 0-9 and `._/-`, beginning with a letter or digit."""

    code: ClassVar[str] = "staff_number_not_allowed"


class StaffNumberTaken(Refused):
    """Somebody has that staff number already: one natural person has one account."""

    code: ClassVar[str] = "staff_number_taken"


def normal(typed: str) -> str:
    """Return the one spelling of what was typed; it need not be a valid number."""
    return unicodedata.normalize("NFKC", typed[:_TYPED]).strip().upper()


def checked(typed: str) -> str:
    """Return the normal spelling. Raises StaffNumberRefused."""
    text = normal(typed)
    if len(typed) > _TYPED or _NUMBER.fullmatch(text) is None:
        raise StaffNumberRefused(text[:MAX_LENGTH])
    return text
