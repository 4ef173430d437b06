"""Names as people bear them: any script, one line, nothing hidden."""

from __future__ import annotations

import unicodedata
from typing import ClassVar

from gateway.refusals import Refused

MAX_LENGTH = 80
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class NameRefused(Refused):
    """A name is 1 to 80 characters without control, bidirectional or invisible ones."""

    code: ClassVar[str] = "name_not_allowed"


def folded(name: str) -> str:
    """Return one text for all spellings of a name: width and spaces do not tell people apart."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def checked(typed: str) -> str:
    """Return the name in NFC with single spaces. Raises NameRefused."""
    if any(unicodedata.category(character) in _HIDDEN for character in typed):
        raise NameRefused
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if not 1 <= len(name) <= MAX_LENGTH:
        raise NameRefused
    return name
