"""What was meant: letters that look like others, and the nearest of the known words."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from policies.vocabulary import has_unseen

_LIKE: Final = str.maketrans(
    {
        # Cyrillic and Greek letters drawn as Latin ones (Unicode TR39, confusables)
        **dict(zip("аеорсухіјѕһԁԛԝѵӏ", "aeopcyxijshdqwvl", strict=True)),
        **dict(zip("АВЕКМНОРСТХІЈЅ", "ABEKMHOPCTXIJS", strict=True)),
        **dict(zip("αορνικτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aopviktuxABEZHIKMNOPTYX", strict=True)),
        # and signs drawn as those of the text
        **dict.fromkeys("‐‑‒–—−﹣", "-"),
        **dict.fromkeys("∗⁎＊﹡×", "*"),
        **dict.fromkeys("∶꞉：﹕", ":"),
        **dict.fromkeys("∕⁄／", "/"),
        **dict.fromkeys("｜ǀ│∣", "|"),
        **dict.fromkeys("～∼〜˜", "~"),
        **dict.fromkeys("，、﹐‚", ","),
        "。": ".",
    }
)
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"))
_ALIKE: Final = 0.6
_ALIKE_SHORT: Final = 0.75
"""Of few Latin letters many words share half: dance and Finance, FETCH and PATCH."""
_SHORT: Final = 8
_LONGER: Final = 3


def mended(text: str) -> str:
    """Return a text with look-alike and full-width letters written plainly, unseen ones gone."""
    seen = "".join(char for char in text if not has_unseen(char))
    return unicodedata.normalize("NFKC", seen.translate(_LIKE)).translate(_LIKE)


def stranger(text: str) -> int | None:
    """Return the place, from 0, of the first letter that only looks like one of the text's."""
    return next((at for at, char in enumerate(text) if not char.isascii()), None)


def is_foreign(char: str) -> bool:
    """Tell whether a letter is neither of ASCII nor of Chinese, in whatever width."""
    plain = unicodedata.normalize("NFKC", char)
    return char.isalpha() and not plain.isascii() and "CJK" not in unicodedata.name(plain, "")


def named(char: str) -> str:
    """Return a letter's name as Unicode gives it, with its number."""
    return f"U+{ord(char):04X} {unicodedata.name(char, 'without a name').lower()}"


def skeleton(text: str) -> str:
    """Return a form that two texts share if a hurried reader takes one for the other."""
    found = mended(text).lower()
    for pair, like in _PAIRS:
        found = found.replace(pair, like)
    return found


class Nearest:
    """Finds the known word that was probably meant. Each question costs a walk through them."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = sorted(known)
        self._skeletons = {skeleton(each): each for each in reversed(self._known)}

    def to(self, word: str) -> str | None:
        """Return the nearest word, or None if none is near.

        Of an id, `unit:…`, it is one of the same kind, near in what follows the kind. The same
        letters in another order are near.
        """
        twin = self._skeletons.get(skeleton(word))
        if twin is not None:
            return twin
        kind, colon, own = word.rpartition(":")
        kind, size = kind + colon, len(word)
        near = {
            each.removeprefix(kind): each
            for each in self._known
            if abs(len(each) - size) <= _LONGER and each.startswith(kind)
        }
        letters = sorted(own)
        jumbled = next((each for each in near if sorted(each) == letters), None)
        if jumbled is not None:
            return near[jumbled]
        cutoff = _ALIKE_SHORT if own.isascii() and len(own) < _SHORT else _ALIKE
        found = next(iter(get_close_matches(own, near, n=1, cutoff=cutoff)), None)
        return None if found is None else near[found]


def suggestion(word: str, known: Collection[str]) -> str:
    """Return `; did you mean …?` if one of few words is near, else nothing."""
    near = Nearest(known).to(word)
    return f"; did you mean {near}?" if near is not None and near != word else ""
