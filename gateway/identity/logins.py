"""Login names: one spelling for each, and nothing in them that the eye cannot tell apart."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar

from gateway.refusals import Refused

MAX_LENGTH = 64
"""Characters of a login name."""

_TYPED = 256
"""Characters of a typed name that are looked at; a longer one is nobody's anyway."""

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# Letters of ASCII and Han characters alone: a Cyrillic or Greek look-alike is no letter here.
_LOGIN = re.compile(f"[a-z0-9{_HAN}._@-]{{1,{MAX_LENGTH}}}")


class LoginRefused(Refused):
    """The login name may hold ASCII letters, digits, Han characters and `._-`, and one `@`."""

    code: ClassVar[str] = "login_not_allowed"


def normal(typed: str) -> str:
    """Return the one spelling of what was typed: NFKC, casefolded, without outer spaces.

    Every way to type a name leads to the same counter (class 18; Authelia CVE-2026-47203).
    The result need not be a valid login.
    """
    text = typed[:_TYPED].strip()
    for _ in range(2):  # casefolding may leave what NFKC would compose, so once more
        text = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", text).strip()


def is_login(text: str) -> bool:
    """Tell whether `text` is a login name in its normal spelling."""
    return (
        _LOGIN.fullmatch(text) is not None
        and text.count("@") <= 1
        and any(character.isalnum() for character in text)
    )


def checked(typed: str) -> str:
    """Return the normal spelling of a new login name. Raises LoginRefused."""
    text = normal(typed)
    if len(typed) > _TYPED or not is_login(text):
        raise LoginRefused(text[:MAX_LENGTH])
    return text
