"""What may be a password: long, and not what a guesser tries first.

NIST SP 800-63B-4, 3.1.1.2: length only, no composition rules, no expiry; a blocklist that
compares the whole password and gives the reason. Code points are counted after NFC. The
profile `dengbao3` asks for three classes of characters besides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from importlib.resources import files
from typing import ClassVar

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from gateway.identity.profiles import PROFILES
from gateway.identity.registry import Limits
from gateway.refusals import Refused

MAX_LENGTH = 256
"""Code points of the longest password."""

_SUBSTANCE = 5
"""Code points that must be left when common words and runs are taken away."""

_DISTINCT = 5
_RUN = 4  # shortest run of neighbours that counts as one
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "qazwsxedcrfvtgbyhnujmikolp")
_SPELT = str.maketrans("01345@$!7", "oleasasit")  # how people disguise a common word
_COMMON = (files("gateway.identity") / "common_words.txt").read_text("utf-8").split()
_LONGEST_FIRST = sorted(_COMMON, key=len, reverse=True)
_OFTEN_FOUND = frozenset(FREQUENCY_LISTS["passwords"])
"""The 30,000 passwords found most often in leaks, as `zxcvbn` ranks them, in small letters."""

_TAIL = frozenset("0123456789!.?*#@$ ")
"""What people put behind a common word to make it look like another."""

PRODUCT = ("hangu", "函谷")
"""What this gateway is called, which every guesser reads on the page."""


class PasswordRefused(Refused):
    """The password may not be used; the leaf class says why."""


class PasswordTooShort(PasswordRefused):
    """Fewer code points than the zone asks for: `minimum`."""

    code: ClassVar[str] = "password_too_short"

    def __init__(self, minimum: int) -> None:
        super().__init__(minimum)
        self.minimum = minimum


class PasswordTooLong(PasswordRefused):
    """More than 256 code points."""

    code: ClassVar[str] = "password_too_long"


class PasswordNamesItsOwner(PasswordRefused):
    """It holds the person's login, name or unit."""

    code: ClassVar[str] = "password_names_its_owner"


class PasswordCommon(PasswordRefused):
    """It is made of common words, years and rows of keys."""

    code: ClassVar[str] = "password_common"


class PasswordTooPlain(PasswordRefused):
    """Fewer classes of characters than the zone's profile asks for: `classes`."""

    code: ClassVar[str] = "password_too_plain"

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.classes = classes


class PasswordRepeats(PasswordRefused):
    """It is one short piece over and over."""

    code: ClassVar[str] = "password_repeats"


def normal(password: str) -> str:
    """Return the password as it is hashed: NFC, so that every keyboard gives the same."""
    return unicodedata.normalize("NFC", password)


def check(password: str, *, minimum: int, owner: Iterable[str], classes: int = 1) -> None:
    """Refuse a new password that a guesser would try.

    Args:
        password: as typed.
        minimum: fewest code points.
        owner: the person's login, name and unit and the office's words, which it may not hold.
        classes: of small letters, capital letters, digits and all else, how many to mix.

    Raises:
        PasswordRefused: one of its leaves.
    """
    text = normal(password)
    if len(text) > MAX_LENGTH:
        raise PasswordTooLong(len(text))
    if len(text) < minimum:
        raise PasswordTooShort(minimum)
    if _classes(text) < classes:
        raise PasswordTooPlain(classes)
    folded = _folded(text)
    if any(_held(word, folded) for word in owner):
        raise PasswordNamesItsOwner
    if _is_often_found(folded):
        raise PasswordCommon
    if len(set(folded)) < _DISTINCT or _is_repetition(folded):
        raise PasswordRepeats
    if min(_substance(folded), _substance(folded.translate(_SPELT))) < _SUBSTANCE:
        raise PasswordCommon


def check_for(limits: Limits, password: str, *, owner: Iterable[str]) -> None:
    """Refuse a new password that the zone does not take, by its profile and context words.

    Raises:
        PasswordRefused: one of its leaves.
    """
    check(
        password,
        minimum=limits.password_min,
        owner=[*owner, *PRODUCT, *limits.context_words],
        classes=PROFILES[limits.password_profile].classes,
    )


def _classes(text: str) -> int:
    """Count the classes that are mixed; a letter without case, as 函, is of the fourth."""
    small, capital, digit = str.islower, str.isupper, str.isdecimal
    kinds = {(small(c), capital(c), digit(c)) for c in text}
    return len(kinds)


def _is_often_found(folded: str) -> bool:
    """Tell whether the whole is on the list, plain or disguised, with a tail of digits or not."""
    bare = folded
    while bare:
        if bare in _OFTEN_FOUND or bare.translate(_SPELT) in _OFTEN_FOUND:
            return True
        if bare[-1] not in _TAIL:
            return False
        bare = bare[:-1]
    return False


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _held(word: str, folded: str) -> bool:
    """Tell whether an owner's word of weight (three letters, or two beyond ASCII) is inside."""
    parts = {_folded(word), *_folded(word).split("@"), *_folded(word).split()}
    return any(part in folded for part in parts if len(part) >= (3 if part.isascii() else 2))


def _is_repetition(folded: str) -> bool:
    longest = len(folded) // 3
    return any(
        (folded[:size] * (len(folded) // size + 1))[: len(folded)] == folded
        for size in range(1, longest + 1)
    )


def _substance(folded: str) -> int:
    """Count the code points that belong to no common word and no run of neighbours."""
    for word in _LONGEST_FIRST:
        folded = folded.replace(word, "\0")
    left = "".join(c for c in _without_runs(folded) if c.isalnum())
    return len(set(left)) if left.isdecimal() else len(left)


def _without_runs(text: str) -> str:
    kept = []
    start = 0
    while start < len(text):
        end = _run_end(text, start)
        if end - start < _RUN:
            end = start + 1
            kept.append(text[start])
        start = end
    return "".join(kept)


def _run_end(text: str, start: int) -> int:
    """Return where the run of equal, ascending, descending or adjacent keys ends."""
    furthest = start + 1
    for follows in (_equal, _up, _down, _key_up, _key_down):
        end = start + 1
        while end < len(text) and follows(text[end - 1], text[end]):
            end += 1
        furthest = max(furthest, end)
    return furthest


def _equal(one: str, other: str) -> bool:
    return one == other


def _up(one: str, other: str) -> bool:
    return one.isalnum() and ord(other) == ord(one) + 1


def _down(one: str, other: str) -> bool:
    return _up(other, one)


def _key_up(one: str, other: str) -> bool:
    return any(one + other in row for row in _ROWS)


def _key_down(one: str, other: str) -> bool:
    return _key_up(other, one)
