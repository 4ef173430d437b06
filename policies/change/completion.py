"""Autocomplete: what may come next in a sentence, at the cursor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from policies.change.lexicon import Lexicon, Phrase, key_of
from policies.change.sentences import Piece, Wrong, pair_of, scan

AT_MOST: Final = 20
_NEXT: Final = ("sub", "eft", "act", "svc", "obj", "win", "auth", "net", "cls", "zone")
"""What every rule says, and then what it may say, each in the order in which it is usually said."""
_MANY: Final = frozenset({"act", "cls", "net", "win"})
_WORD_ENDS: Final = " \t,，、。;；"
_WORDS: Final = re.compile(rf"[^{_WORD_ENDS}]+")
_LONGEST_NAME: Final = 6
"""Words of a name that are looked back for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Words to put in the place of the letters from `start` to the cursor.

    `column` says what they are about; `value` is the id or word of the rules they stand for.
    """

    text: str
    column: str
    value: str
    start: int


def complete(
    text: str, cursor: int, lexicon: Lexicon, *, at_most: int = AT_MOST
) -> tuple[Candidate, ...]:
    """Return what may stand at the cursor, the likeliest first.

    What is still missing comes first, and of several words for one thing the usual one alone.
    What is said already is not offered again unless there may be more of it, but behind a unit
    its roles are. Words count that begin as typed, then those that hold it; behind a service and
    a slash its paths are offered. A name of several words is taken up from its first one, and an
    id by its first letters.
    """
    before = text[: max(0, min(cursor, len(text)))]
    at = _Place.of(before, lexicon)
    typed = before[at.start :]
    if "/" in typed and (paths := list(_paths(typed, at.start, lexicon))):
        return tuple(paths[:at_most])
    found = [
        (is_within, at.is_new != (start == at.start), each.column in at.said - {"sub"},
         _NEXT.index(each.column), *_by_name(each), start, each)
        for start in at.starts
        for is_within, each in _fitting(before[start:], lexicon, may_be_within=start == at.start)
        if at.takes(each, before, start)
    ]  # fmt: skip
    # Behind a space a new word is likelier, in the midst of one the longest name begun.
    found.sort(key=lambda each: each[:-2])
    offered: dict[tuple[str, str], Candidate] = {}
    for *_, start, each in found:
        words = each.text + ("/" if each.column == "svc" else "")
        gap = " " if start == len(before) and _touches(before, words) else ""
        made = Candidate(gap + words, each.column, each.value, start)
        offered.setdefault((each.column, each.value), made)
    return tuple(offered.values())[:at_most]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the cursor stands: in which word, and behind which pieces.

    `starts` are the places at which the unfinished words may begin, the last being `start`:
    "Finance div" is begun at "Finance", if something is called so.
    """

    start: int
    starts: tuple[int, ...]
    pieces: Sequence[Piece]
    is_new: bool
    """Whether nothing of the next word is typed yet."""

    @classmethod
    def of(cls, before: str, lexicon: Lexicon) -> _Place:
        """Find it."""
        start, pieces = _typed(before, lexicon)
        # A long name has few words; what lies further back was said.
        words = [found.start() for found in _WORDS.finditer(before) if found.start() < start]
        if start == len(before) and pieces and pieces[-1].end == start:
            words.append(pieces[-1].start)  # "may" may become "may not"
        begun = [
            each
            for each in dict.fromkeys(words[-_LONGEST_NAME:])
            if _begins(key_of(before[each:]), lexicon)
        ]
        return cls(start, (*begun, start), pieces, before[-1:] in _WORD_ENDS)

    @property
    def said(self) -> frozenset[str]:
        """The columns that something was said of."""
        found = {each.column for each in self.pieces}
        return frozenset(found | {"svc"} if "obj" in found else found)

    def takes(self, phrase: Phrase, before: str, start: int) -> bool:
        """Tell whether a phrase may stand at `start`, by what is said before."""
        pieces = [each for each in self.pieces if each.end <= start]
        said = {each.column for each in pieces}
        if not phrase.column or (phrase.column == "svc" and "obj" in said):
            return False
        if phrase.column not in said:
            return True
        if phrase.column in _MANY:
            return all(each.value != phrase.value for each in pieces)
        last = pieces[-1]
        between = before[last.end : start]
        is_apart = bool(between.strip() or before[start:])
        return is_apart and pair_of(last.value, between, phrase.value) is not None


def _fitting(typed: str, lexicon: Lexicon, *, may_be_within: bool) -> Iterator[tuple[bool, Phrase]]:
    """Return the phrases that what was typed may become, each with whether it begins otherwise.

    Of several for one thing the first: the lexicon begins with the usual one.
    """
    wanted = key_of(typed)
    had: set[tuple[bool, str, str]] = set()
    for key, phrases in lexicon.phrases.items():
        is_within = not key.startswith(wanted)
        if is_within and not (may_be_within and wanted in key):
            continue
        for each in phrases:
            meaning = (is_within, each.column, each.value)
            # A service's whole name still wants its path.
            if meaning not in had and (key != wanted or each.column == "svc"):
                yield is_within, each
            had.add(meaning)
    if ":" in wanted:
        for value in lexicon.names:
            if value.startswith(wanted) and value != wanted:
                yield False, Phrase(value, "svc" if value.startswith("svc:") else "sub", value)


def _by_name(phrase: Phrase) -> tuple[int, str]:
    """Names stand with the short ones first; fixed words keep the order of the lexicon."""
    is_name = phrase.column in {"sub", "svc", "obj"}
    return (len(phrase.text), phrase.text) if is_name else (0, "")


def _begins(key: str, lexicon: Lexicon) -> bool:
    known = lexicon.names if ":" in key else lexicon.phrases
    return any(each.startswith(key) and each != key for each in known)


def _touches(before: str, words: str) -> bool:
    """Tell whether two words would run into one another: "may" and "read"."""
    return all(each.isascii() and each.isalnum() for each in (before[-1:] or " ", words[0]))


def _typed(before: str, lexicon: Lexicon) -> tuple[int, Sequence[Piece]]:
    """Return where the word under the cursor begins, and what is said before it."""
    said: list[Piece] = []
    for piece in scan(before, lexicon):
        is_last = piece.end >= len(before) and before[-1:] not in _WORD_ENDS
        if is_last and (isinstance(piece, Wrong) or "/" in before[piece.start : piece.end]):
            return piece.start, said
        if not isinstance(piece, Wrong) and piece.column:
            said.append(piece)
    return len(before), said


def _paths(typed: str, start: int, lexicon: Lexicon) -> Iterator[Candidate]:
    name, _, path = typed.partition("/")
    for value in _services(name, lexicon):
        known: Iterable[str] = (*lexicon.paths.get(value.removeprefix("svc:"), ()), "**")
        for each in dict.fromkeys(known):
            if each.startswith(path) and each != path:
                yield Candidate(f"{name}/{each}", "obj", f"{value}/{each}", start)


def _services(name: str, lexicon: Lexicon) -> Iterator[str]:
    if name.startswith("svc:"):
        yield name
    yield from (
        each.value for each in lexicon.phrases.get(key_of(name), ()) if each.column == "svc"
    )
